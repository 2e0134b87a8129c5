"""Scheduled maintenance: announced on the status page, silent in Alertmanager, left out of uptime."""

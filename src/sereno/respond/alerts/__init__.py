"""Alerts: everything Alertmanager tells is kept, what fires is listed, what silently vanished is found out."""

"""Backups: made, kept for a while, proven to restore, and restored."""

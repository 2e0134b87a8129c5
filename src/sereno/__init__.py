"""Sereno: a web service on one machine, served, measured, promised, backed up and explained."""

__version__ = "0.1.0"

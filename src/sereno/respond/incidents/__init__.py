"""Incidents: alerts that belong together become one trouble that somebody owns, with a timeline."""

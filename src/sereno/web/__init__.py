"""The factory, one thin blueprint per room, templates and static files."""

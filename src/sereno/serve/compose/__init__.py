"""Running components as containers, by Docker Compose."""

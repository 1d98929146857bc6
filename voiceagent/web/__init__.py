"""The web server: what every page and every programming interface has in common."""

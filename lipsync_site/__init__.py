"""Configuration only: settings, URLs, the WSGI entry."""

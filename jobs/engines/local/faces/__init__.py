"""Where the faces are, and who is who."""

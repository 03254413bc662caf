"""From a pose to the place of every point of the face."""

"""Links to files: signed, expiring, playable without credentials."""

from django.conf import settings

from jobs.media.places import place
from jobs.models import Media


def media_url(media: Media, filename: str = "") -> str:
    """A link to the file from anywhere, valid for MEDIA_LINK_SECONDS."""
    link = media_path(media, filename)
    return f"{settings.PUBLIC_BASE_URL}{link}" if link.startswith("/") else link


def media_path(media: Media, filename: str = "", *, save: bool = False) -> str:
    """A link to the file for our own pages: a path, or an address in the place that keeps it. `save`: not in place."""
    return place().address(media, filename or media.filename or "file", save=save)

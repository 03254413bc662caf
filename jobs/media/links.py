"""Links to files: signed, expiring, playable without credentials."""

import time
import uuid
from urllib.parse import quote

from django.conf import settings
from django.core import signing

from jobs.models import Media

_signer = signing.Signer(salt="jobs.media.link")
# Links made within one such step are the same, so that a page that refreshes does not reload its pictures.
STEP_SECONDS = 6 * 3600


def media_url(media: Media, filename: str = "") -> str:
    """A link to the file from anywhere: `media_path`, beginning with PUBLIC_BASE_URL."""
    return f"{settings.PUBLIC_BASE_URL}{media_path(media, filename)}"


def media_path(media: Media, filename: str = "") -> str:
    """A link to the file for our own pages, valid for at least MEDIA_LINK_SECONDS."""
    expires = (int(time.time()) // STEP_SECONDS + 1) * STEP_SECONDS + settings.MEDIA_LINK_SECONDS
    token = _signer.sign_object([media.pk.hex, expires])
    name = (filename or media.filename or "file").replace("/", "_")  # even a quoted slash would end the address's part
    return f"/media/{token}/{quote(name)}"


def media_of_link(token: str) -> Media | None:
    """The file of a link; None if the link was tampered with, has expired, or the file is gone."""
    try:
        media_id, expires = _signer.unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    if expires < time.time():
        return None
    return Media.objects.filter(pk=uuid.UUID(media_id), ready=True).first()

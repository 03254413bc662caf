"""As what a file is handed out: by what was found in it, never by what its sender said."""

import mimetypes

from django.utils.http import content_disposition_header

from jobs.models import Media

SHOWN = ("image/", "audio/", "video/")  # what a browser may open in place; the rest is only saved
NOT_SHOWN = ("image/svg+xml",)
UNKNOWN = "application/octet-stream"


def content_type_of(media: Media) -> str:
    """The file's content type."""
    guessed = mimetypes.guess_type(media.filename)[0] or ""
    return guessed if media.kind and guessed.startswith(f"{media.kind}/") else UNKNOWN


def is_shown(content_type: str) -> bool:
    """Whether a browser may open it in place."""
    return content_type.startswith(SHOWN) and content_type not in NOT_SHOWN


def disposition(filename: str, content_type: str, *, save: bool) -> str:
    """The Content-Disposition header: in place only what may be, and only if it is not to be saved."""
    return content_disposition_header(save or not is_shown(content_type), filename.strip()) or "inline"

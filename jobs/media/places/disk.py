"""The local disk: Django's storage, and links to ourselves."""

import time
import uuid
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.core.files.storage import default_storage

from jobs.media.places.base import STEP_SECONDS, Beat, Part, Target
from jobs.models import Media

_links = signing.Signer(salt="jobs.media.link")
_tickets = signing.TimestampSigner(salt="jobs.media.ticket")


class Disk:
    """Files in a folder of this machine."""

    def put(self, path: Path, name: str, content_type: str, beat: Beat) -> None:
        with path.open("rb") as file:
            default_storage.save(name, File(file))

    def has(self, name: str) -> bool:
        return default_storage.exists(name)

    def remove(self, name: str) -> None:
        default_storage.delete(name)

    def local(self, name: str, folder: Path, beat: Beat) -> Path:
        path = Path(default_storage.path(name))
        if not path.is_file():
            raise FileNotFoundError(name)
        return path

    def address(self, media: Media, filename: str, *, save: bool) -> str:
        expires = (int(time.time()) // STEP_SECONDS + 1) * STEP_SECONDS + settings.MEDIA_LINK_SECONDS
        token = _links.sign_object([media.pk.hex, expires])
        name = filename.replace("/", "_")  # even a quoted slash would end the address's part
        return f"/media/{token}/{quote(name)}" + ("?download=1" if save else "")

    def target(self, media: Media) -> Target:
        url = f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/{_tickets.sign(media.id.hex)}"
        return Target("PUT", url, headers={"Content-Type": media.content_type})

    def await_parts(self, media: Media) -> tuple[Part, ...]:
        return ()

    def parts_left(self, media: Media) -> tuple[Part, ...] | None:
        return None

    def arrived(self, media: Media, folder: Path) -> Path | None:
        return None  # what is sent to us is taken in as it comes


def media_of_link(token: str) -> Media | None:
    """The file of a link to us; None if the link was tampered with, has expired, or the file is gone."""
    try:
        media_id, expires = _links.unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    if expires < time.time():
        return None
    return Media.objects.filter(pk=uuid.UUID(media_id), ready=True).first()


def media_of_ticket(ticket: str) -> Media | None:
    """The upload that a ticket of ours gives leave for; None if it is none, or no longer."""
    try:
        media_id = _tickets.unsign(ticket, max_age=settings.UPLOAD_TICKET_SECONDS)
        return Media.objects.filter(pk=uuid.UUID(media_id)).first()
    except (signing.BadSignature, ValueError):
        return None

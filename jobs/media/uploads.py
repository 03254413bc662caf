"""Uploads ahead of a submission: a ticket, the file, sent to us or past us into the bucket, and its taking in."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jobs.errors import Conflict, InvalidInput, NotFound, RateLimited, Unavailable, gettext_noop
from jobs.media.draft import TOO_LARGE, short_filename
from jobs.media.places import INCOMING, WRONG_SIZE, Part, Target, no_beat, place
from jobs.media.places.disk import media_of_ticket
from jobs.media.probe import probe
from jobs.media.storage import drop
from jobs.media.tidy import ORPHAN_AFTER
from jobs.models import Media, User, planned_files

CHUNK_BYTES = 1 << 18
NOT_VALID = gettext_noop("This upload link is not valid, or no longer. Ask for a new one.")
TOO_MANY_WAITING = gettext_noop(
    "{limit} uploaded files are waiting to be used, which is the limit. Use them, or wait a day."
)
WAIT_SECONDS = 3600


@dataclass(frozen=True)
class Ticket:
    """Leave to send one file: to `target`, until `expires`. Then `url`, or the media's id, stands for it.

    If there are `parts`, it is sent in them instead.
    """

    media_id: uuid.UUID
    url: str
    target: Target
    expires: datetime
    parts: tuple[Part, ...] = ()


def open_ticket(owner: User, filename: str, content_type: str, size: int, *, in_parts: bool = False) -> Ticket:
    """Leave for `owner` to upload a file of exactly `size` bytes, or else, if it is large, in parts.

    Raises InvalidInput or RateLimited; in parts also Unavailable.
    """
    if size > settings.MAX_MEDIA_BYTES:
        raise InvalidInput(
            TOO_LARGE, field="size", megabytes=size // 1_000_000, limit=settings.MAX_MEDIA_BYTES // 1_000_000
        )
    if _waiting(owner) >= settings.MAX_WAITING_UPLOADS:
        raise RateLimited(TOO_MANY_WAITING, limit=settings.MAX_WAITING_UPLOADS, seconds=WAIT_SECONDS)
    media = Media(owner=owner, filename=short_filename(filename), content_type=content_type, size=size, ready=False)
    media.name = f"{INCOMING}{media.id.hex}"
    media.save(force_insert=True)
    return Ticket(
        media_id=media.id,
        url=f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/{media.id}",
        target=place().target(media),
        expires=timezone.now() + timedelta(seconds=settings.UPLOAD_TICKET_SECONDS),
        parts=_awaited_parts(media) if in_parts else (),
    )


def _waiting(owner: User) -> int:
    """How many files an account has sent or may send ahead that nothing uses yet; plans have a limit of theirs."""
    sent = Media.objects.of_no_job().filter(owner=owner, created__gt=timezone.now() - ORPHAN_AFTER)
    # Any other that is not ready waits for its storage, to be removed.
    sent = sent.filter(Q(ready=True) | Q(name__startswith=INCOMING))
    return sent.exclude(pk__in=planned_files(owner)).count()


def parts_left(owner: User, media_id: uuid.UUID) -> tuple[Part, ...]:
    """New leave to send what has not come of a file that is sent in parts; nothing if all of it is here.

    Raises NotFound or Unavailable.
    """
    media = Media.objects.filter(pk=media_id, owner=owner).first()
    if media is None:
        raise NotFound(NOT_VALID)
    parts = () if media.ready else place().parts_left(media)
    if parts is None:
        raise NotFound(NOT_VALID)
    return parts


def receive(ticket: str, stream: BinaryIO, length: int | None) -> Media:
    """Take in the file of a ticket that is sent to us.

    Raises NotFound, InvalidInput, Unavailable, or Conflict if it is there already.
    """
    media = media_of_ticket(ticket)
    if media is None:
        raise NotFound(NOT_VALID)
    there_already = Conflict(gettext_noop("This file has been uploaded already."))
    if media.ready:
        raise there_already
    wrong_size = InvalidInput(WRONG_SIZE, announced=media.size)
    if length is not None and length != media.size:
        raise wrong_size
    with incoming_folder() as folder:
        path = folder / "upload"
        with path.open("wb") as target:
            _copy(stream, target, media.size, wrong_size)
        if not _take_in(media, path):
            raise there_already
    return media


def taken_in(media: Media, folder: Path) -> bool:
    """Whether the file of an upload is here; one that was sent past us is looked into now, by way of `folder`.

    Raises InvalidInput or Unavailable.
    """
    if media.ready:
        return True
    # In a folder of its own, gone as soon as it is kept: many come in one after the other.
    with tempfile.TemporaryDirectory(dir=folder) as own:
        path = place().arrived(media, Path(own))
        if path is not None:
            if path.stat().st_size != media.size:
                raise InvalidInput(WRONG_SIZE, announced=media.size)
            _take_in(media, path)
    # Another submission may have taken it in meanwhile; then nothing awaits us any more.
    media.refresh_from_db()
    return media.ready


@contextmanager
def incoming_folder() -> Iterator[Path]:
    """A folder for files that come in, gone at the end of the block."""
    incoming = Path(settings.FILE_UPLOAD_TEMP_DIR)
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=incoming) as folder:
        yield Path(folder)


def _awaited_parts(media: Media) -> tuple[Part, ...]:
    try:
        return place().await_parts(media)
    except Unavailable:
        drop(media)
        raise


def _take_in(media: Media, path: Path) -> bool:
    """Give an awaited upload its file, under a new name. False if another one was taken in first.

    What was looked into is what is kept: whoever holds the ticket may send something else meanwhile.
    """
    awaited, facts = media.name, probe(path)
    # A row of its own names the new file until the upload's does: a crash between leaves nothing that is forgotten.
    copy = Media(id=uuid.uuid4(), owner_id=media.owner_id, size=media.size, ready=False)
    copy.name = f"inputs/{copy.id.hex}"
    copy.save(force_insert=True)
    try:
        place().put(path, copy.name, media.content_type, no_beat)
    except Unavailable:
        raise  # the sweep looks after the row
    except BaseException:
        drop(copy)
        raise
    with transaction.atomic():
        changed = Media.objects.filter(pk=media.pk, ready=False).update(
            name=copy.name,
            ready=True,
            kind=facts.kind,
            seconds=facts.seconds,
            width=facts.width,
            height=facts.height,
        )
        if changed:
            copy.delete()
    if not changed:
        drop(copy)
        return False
    place().remove(awaited)
    media.refresh_from_db()
    return True


def _copy(stream: BinaryIO, target: BinaryIO, size: int, wrong_size: InvalidInput) -> None:
    left = size
    while left and (chunk := stream.read(min(left, CHUNK_BYTES))):
        target.write(chunk)
        left -= len(chunk)
    if left or stream.read(1):
        raise wrong_size

"""Taking in: files from a form, from an address, from an upload ticket or from the bundled samples become drafts.

A draft is a file that was looked into and belongs to nobody yet: nothing is stored
until the job that wants it is submitted, so a refused submission leaves no trace.
"""

import mimetypes
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from jobs.errors import Conflict, InvalidInput, NotFound, Problem, gettext_noop
from jobs.media.probe import Facts, probe
from jobs.models import Media, MediaKind, User
from jobs.net import Policy, fetch_public

SAMPLES = settings.BASE_DIR / "static" / "samples"
SAMPLE_FILES: Mapping[str, str] = {"face.jpg": "image/jpeg", "voice.wav": "audio/wav"}
_tickets = signing.TimestampSigner(salt="jobs.media.ticket")
CHUNK_BYTES = 1 << 18

TOO_LARGE = gettext_noop("The file has {megabytes} MB; {limit} MB are allowed.")
EMPTY = gettext_noop("The file is empty. Choose another one.")


@dataclass(frozen=True)
class Draft:
    """A file that was looked into: `facts` tell what it is. `media` is set if it is stored already."""

    path: Path
    filename: str
    content_type: str
    facts: Facts
    media: Media | None = None


def draft_of(media: Media) -> Draft:
    """A draft of a file that is stored already."""
    facts = Facts(MediaKind(media.kind), media.seconds, media.width, media.height)
    return Draft(Path(default_storage.path(media.name)), media.filename, media.content_type, facts, media)


class Intake:
    """Takes in the files of one submission, and forgets them at the end of the `with` block."""

    def __init__(self, owner: User) -> None:
        self._owner = owner
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        incoming = Path(settings.FILE_UPLOAD_TEMP_DIR)
        incoming.mkdir(parents=True, exist_ok=True)
        self._folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(dir=incoming)))
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def from_upload(self, file: UploadedFile, field: str) -> Draft:
        """A draft of a form's file. Raises InvalidInput, naming `field`."""
        size = file.size or 0
        if size > settings.MAX_MEDIA_BYTES:
            raise InvalidInput(
                TOO_LARGE, field=field, megabytes=size // 1_000_000, limit=settings.MAX_MEDIA_BYTES // 1_000_000
            )
        path = self._new_path()
        with path.open("wb") as target:
            for chunk in file.chunks():
                target.write(chunk)
        return Draft(path, _filename(file.name or ""), file.content_type or "", probe(path))

    def from_sample(self, name: str) -> Draft:
        """A draft of a bundled sample."""
        path = SAMPLES / name
        return Draft(path, name, SAMPLE_FILES[name], probe(path))

    def from_urls(self, urls: Mapping[str, str]) -> dict[str, Draft]:
        """Drafts of what is at `urls` (by field), fetched side by side. Raises InvalidInput, naming the field."""
        with ThreadPoolExecutor(max_workers=len(urls)) as pool:
            own = {field: self._own(url, field) for field, url in urls.items()}
            fetched = {field: pool.submit(self._fetch, url, field) for field, url in urls.items() if own[field] is None}
            # Leaving the block waits for every one, so that no thread outlives the folder it writes to.
            return {field: own[field] or fetched[field].result() for field in urls}

    def _own(self, url: str, field: str) -> Draft | None:
        """The draft of an address that is our own, for which nothing needs to be fetched."""
        if not url.startswith(settings.PUBLIC_BASE_URL + "/"):
            return None
        path = urlsplit(url).path
        if path.startswith("/samples/") and (name := path.removeprefix("/samples/")) in SAMPLE_FILES:
            return self.from_sample(name)
        if path.startswith("/api/v1/uploads/"):
            return self._uploaded(path.removeprefix("/api/v1/uploads/"), field)
        return None

    def _uploaded(self, media_id: str, field: str) -> Draft:
        try:
            media = Media.objects.get(pk=uuid.UUID(media_id), owner=self._owner)
        except (Media.DoesNotExist, ValueError):
            raise InvalidInput(
                gettext_noop("there is no such upload. Ask for a new one with POST /api/v1/uploads."), field=field
            ) from None
        if not media.ready:
            raise InvalidInput(
                gettext_noop("the file of this upload has not arrived. Send it first, then submit again."), field=field
            )
        return draft_of(media)

    def _fetch(self, url: str, field: str) -> Draft:
        path = self._new_path()
        policy = Policy(
            allow_private=settings.ALLOW_PRIVATE_NETWORK,
            ca_file=Path(settings.OUTGOING_CA_FILE) if settings.OUTGOING_CA_FILE else None,
        )
        try:
            fetched = fetch_public(
                url, path, policy=policy, max_bytes=settings.MAX_MEDIA_BYTES, seconds=settings.FETCH_SECONDS
            )
        except Problem as problem:
            raise InvalidInput(problem.template, field=field, **problem.params) from problem
        return Draft(path, _filename(urlsplit(fetched.final_url).path), fetched.content_type, probe(path))

    def _new_path(self) -> Path:
        return self._folder / uuid.uuid4().hex


@dataclass(frozen=True)
class Ticket:
    """Leave to send one file: PUT it to `upload_url`, then use `url` in a submission."""

    url: str
    upload_url: str
    headers: Mapping[str, str]
    expires: datetime


def open_ticket(owner: User, filename: str, content_type: str, size: int) -> Ticket:
    """Leave for `owner` to upload a file of exactly `size` bytes. Raises InvalidInput."""
    if size > settings.MAX_MEDIA_BYTES:
        raise InvalidInput(
            TOO_LARGE, field="size", megabytes=size // 1_000_000, limit=settings.MAX_MEDIA_BYTES // 1_000_000
        )
    media = Media(owner=owner, filename=_filename(filename), content_type=content_type, size=size, ready=False)
    media.name = f"inputs/{media.id.hex}"
    media.save(force_insert=True)
    base = f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/"
    return Ticket(
        url=f"{base}{media.id}",
        upload_url=f"{base}{_tickets.sign(media.id.hex)}",
        headers={"Content-Type": content_type},
        expires=timezone.now() + timedelta(seconds=settings.UPLOAD_TICKET_SECONDS),
    )


def receive(ticket: str, stream: BinaryIO, length: int | None) -> Media:
    """Take in the file of an upload ticket. Raises NotFound, InvalidInput, or Conflict if it is there already."""
    try:
        media_id = _tickets.unsign(ticket, max_age=settings.UPLOAD_TICKET_SECONDS)
        media = Media.objects.get(pk=uuid.UUID(media_id))
    except (signing.BadSignature, Media.DoesNotExist, ValueError):
        raise NotFound(gettext_noop("This upload link is not valid, or no longer. Ask for a new one.")) from None
    if media.ready:
        raise Conflict(gettext_noop("This file has been uploaded already."))
    wrong_size = InvalidInput(
        gettext_noop("{announced} bytes were announced and another number was sent."), announced=media.size
    )
    if length is not None and length != media.size:
        raise wrong_size
    with Intake(media.owner) as intake:
        path = intake._new_path()
        with path.open("wb") as target:
            _copy(stream, target, media.size, wrong_size)
        facts = probe(path)
        target_path = Path(default_storage.path(media.name))
        target_path.parent.mkdir(parents=True, exist_ok=True)
        # Into place before the row says so: a crash between leaves a file that the sweep removes.
        shutil.move(path, target_path)
    changed = Media.objects.filter(pk=media.pk, ready=False).update(
        ready=True,
        kind=facts.kind,
        seconds=facts.seconds,
        width=facts.width,
        height=facts.height,
    )
    if not changed:
        raise Conflict(gettext_noop("This file has been uploaded already."))
    media.refresh_from_db()
    return media


def _copy(stream: BinaryIO, target: BinaryIO, size: int, wrong_size: InvalidInput) -> None:
    left = size
    while left and (chunk := stream.read(min(left, CHUNK_BYTES))):
        target.write(chunk)
        left -= len(chunk)
    if left or stream.read(1):
        raise wrong_size


def _filename(path: str) -> str:
    """The last part of a path, shortened to what a row can hold, its ending kept."""
    name = PurePosixPath(path.replace("\\", "/")).name
    return name if len(name) <= 200 else name[: 200 - 12] + name[-12:]


def content_type_of(media: Media) -> str:
    """What a file is handed out as: by what was found in it, never by what its sender said."""
    guessed = mimetypes.guess_type(media.filename)[0] or ""
    return guessed if media.kind and guessed.startswith(f"{media.kind}/") else "application/octet-stream"

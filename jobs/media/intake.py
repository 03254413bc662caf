"""Taking in: files from a form, from an address, from an upload ticket or from the bundled samples become drafts.

A draft is a file that was looked into and belongs to nobody yet: nothing is stored
until the job that wants it is submitted, so a refused submission leaves no trace.
"""

import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from jobs.errors import InvalidInput, Problem, gettext_noop
from jobs.media.draft import TOO_LARGE, Draft, draft_of, short_filename
from jobs.media.probe import probe
from jobs.media.uploads import incoming_folder, taken_in
from jobs.models import Media, User
from jobs.models.job import Model
from jobs.net import Policy, fetch_public

SAMPLES = settings.BASE_DIR / "static" / "samples"
SAMPLE_FILES: Mapping[str, str] = {
    "face.jpg": "image/jpeg",
    "pair.jpg": "image/jpeg",
    "clip.mp4": "video/mp4",
    "voice.wav": "audio/wav",
    "reply.wav": "audio/wav",
}
# What each kind of video is made of, if it is made of the samples: the file of each input.
SAMPLES_OF: Mapping[str, Mapping[str, str]] = {
    Model.IMAGE: {"image": "face.jpg", "audio": "voice.wav"},
    Model.VIDEO: {"video": "clip.mp4", "audio": "reply.wav"},
    Model.MULTI: {"image": "pair.jpg", "left_audio": "voice.wav", "right_audio": "reply.wav"},
}
# Many files at once: so many side by side, for so long in all, so much in all.
AT_ONCE = 4
ALL_SECONDS = 100
TIMES_THE_LARGEST = 4
TOO_SLOW_TOGETHER = gettext_noop(
    "The addresses took more than {seconds} s together. Send the files along, or fewer at once."
)
TOO_LARGE_TOGETHER = gettext_noop("The files have more than {megabytes} MB together. Make fewer videos at once.")


class Intake:
    """Takes in the files of one submission, and forgets them at the end of the `with` block."""

    def __init__(self, owner: User) -> None:
        self._owner = owner
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        self._folder = self._exit.enter_context(incoming_folder())
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
        return Draft(path, short_filename(file.name or ""), file.content_type or "", probe(path))

    def from_sample(self, name: str) -> Draft:
        """A draft of a bundled sample."""
        path = SAMPLES / name
        return Draft(path, name, SAMPLE_FILES[name], probe(path))

    def from_ticket(self, media_id: str, field: str) -> Draft:
        """A draft of the owner's upload of this id. Raises Unavailable, or InvalidInput, naming `field`."""
        try:
            media = Media.objects.get(pk=uuid.UUID(media_id), owner=self._owner)
        except (Media.DoesNotExist, ValueError):
            raise InvalidInput(
                gettext_noop("there is no such upload. Ask for a new one with POST /api/v1/uploads."), field=field
            ) from None
        try:
            if taken_in(media, self._folder):
                return draft_of(media)
        except InvalidInput as problem:
            problem.field = field
            raise
        raise InvalidInput(
            gettext_noop("the file of this upload has not arrived. Send it first, then submit again."), field=field
        )

    def from_urls(self, urls: Mapping[str, str]) -> dict[str, Draft]:
        """Drafts of what is at `urls` (by field), fetched side by side.

        Raises Unavailable, or InvalidInput, naming the field.
        """
        with ThreadPoolExecutor(max_workers=len(urls)) as pool:
            own = {field: self._own(url, field) for field, url in urls.items()}
            fetched = {field: pool.submit(self._fetch, url, field) for field, url in urls.items() if own[field] is None}
            # Leaving the block waits for every one, so that no thread outlives the folder it writes to.
            return {field: own[field] or fetched[field].result() for field in urls}

    def each(self, sources: Mapping[str, UploadedFile | str]) -> dict[str, Draft | InvalidInput]:
        """A draft of each file or address of `sources`, a few at a time, or what is wrong with it.

        Raises Unavailable.
        """
        until = time.monotonic() + ALL_SECONDS
        taken_bytes: list[int] = []
        own: dict[str, Draft | InvalidInput] = {}

        def check(name: str, *, address: bool) -> None:
            if sum(taken_bytes) > TIMES_THE_LARGEST * settings.MAX_MEDIA_BYTES:
                megabytes = TIMES_THE_LARGEST * settings.MAX_MEDIA_BYTES // 1_000_000
                raise InvalidInput(TOO_LARGE_TOGETHER, field=name, megabytes=megabytes)
            if address and time.monotonic() > until:
                raise InvalidInput(TOO_SLOW_TOGETHER, field=name, seconds=ALL_SECONDS)

        # In this thread, because they are about rows; what was sent past us is fetched, and so counts.
        for name, source in sources.items():
            if isinstance(source, str) and _is_ours(source):
                try:
                    check(name, address=True)
                    found = self._own(source, name)
                except InvalidInput as problem:
                    own[name] = problem
                    continue
                if found:
                    own[name] = found
                    taken_bytes.append(found.file.size if isinstance(found.file, Media) else 0)

        def take(name: str, source: UploadedFile | str) -> Draft | InvalidInput:
            try:
                check(name, address=isinstance(source, str))
                draft = self._fetch(source, name) if isinstance(source, str) else self.from_upload(source, name)
            except InvalidInput as problem:
                return problem
            if isinstance(draft.file, Path):
                taken_bytes.append(draft.file.stat().st_size)
            return draft

        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            others = {name: pool.submit(take, name, source) for name, source in sources.items() if name not in own}
            return own | {name: taken.result() for name, taken in others.items()}

    def _own(self, url: str, field: str) -> Draft | None:
        """The draft of an address that is our own, for which nothing needs to be fetched."""
        if not _is_ours(url):
            return None
        path = urlsplit(url).path
        if path.startswith("/samples/") and (name := path.removeprefix("/samples/")) in SAMPLE_FILES:
            return self.from_sample(name)
        if path.startswith("/api/v1/uploads/"):
            return self.from_ticket(path.removeprefix("/api/v1/uploads/"), field)
        return None

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
        return Draft(path, short_filename(urlsplit(fetched.final_url).path), fetched.content_type, probe(path))

    def _new_path(self) -> Path:
        return self._folder / uuid.uuid4().hex


def _is_ours(url: str) -> bool:
    return url.startswith(settings.PUBLIC_BASE_URL + "/")

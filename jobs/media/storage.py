"""Where files are kept: Django's storage (the local disk, unless configured otherwise)."""

import uuid
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q

from jobs.media.intake import Draft
from jobs.models import Job, Media, MediaKind, User


def keep(owner: User, draft: Draft) -> Media:
    """Put a draft's file into storage and give it a row; an upload that has both already is taken as it is."""
    if draft.media is not None:
        return draft.media
    media = Media(
        owner=owner,
        filename=draft.filename,
        content_type=draft.content_type,
        size=draft.path.stat().st_size,
        kind=draft.facts.kind,
        seconds=draft.facts.seconds,
        width=draft.facts.width,
        height=draft.facts.height,
    )
    media.name = _store(draft.path, f"inputs/{media.id.hex}")
    media.save(force_insert=True)
    return media


def keep_result(owner: User, path: Path, *, seconds: float, width: int, height: int) -> Media:
    """Put a finished video into storage and give it a row."""
    media = Media(
        id=uuid.uuid4(),
        owner=owner,
        filename="result.mp4",
        content_type="video/mp4",
        size=path.stat().st_size,
        kind=MediaKind.VIDEO,
        seconds=seconds,
        width=width,
        height=height,
    )
    media.name = _store(path, f"results/{media.id.hex}.mp4")
    media.save(force_insert=True)
    return media


def keep_poster(owner: User, path: Path, *, width: int, height: int) -> Media:
    """Put a frame of a finished video into storage and give it a row."""
    media = Media(
        id=uuid.uuid4(),
        owner=owner,
        filename="poster.jpg",
        content_type="image/jpeg",
        size=path.stat().st_size,
        kind=MediaKind.IMAGE,
        width=width,
        height=height,
    )
    media.name = _store(path, f"posters/{media.id.hex}.jpg")
    media.save(force_insert=True)
    return media


def drop(media: Media) -> None:
    """Remove the row, then the file: a crash between leaves a file without a row, never a row without a file."""
    name = media.name
    media.delete()
    default_storage.delete(name)


def drop_unused(media: Media) -> None:
    """Remove a file that no job needs any more."""
    if not media.used_in.exists() and not Job.objects.filter(Q(result=media) | Q(poster=media)).exists():
        drop(media)


def local_path(media: Media) -> Path:
    """A path on this machine at which the file can be read."""
    return Path(default_storage.path(media.name))


def _store(path: Path, name: str) -> str:
    with path.open("rb") as file:
        return default_storage.save(name, File(file))

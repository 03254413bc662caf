"""Files and their rows. A row is there before its file and until after it, so no file is ever forgotten."""

import logging
import uuid
from pathlib import Path

from jobs.errors import Unavailable
from jobs.media.draft import Draft
from jobs.media.places import Beat, no_beat, place
from jobs.media.serving import content_type_of
from jobs.models import Media, MediaKind, User

log = logging.getLogger(__name__)


def keep(owner: User, draft: Draft) -> Media:
    """Keep a draft's file and give it a row; one that has both already is taken as it is. Raises Unavailable."""
    if isinstance(draft.file, Media):
        return draft.file
    media = Media(
        id=uuid.uuid4(),
        owner=owner,
        filename=draft.filename,
        content_type=draft.content_type,
        kind=draft.facts.kind,
        seconds=draft.facts.seconds,
        width=draft.facts.width,
        height=draft.facts.height,
    )
    media.name = f"inputs/{media.id.hex}"
    return _store(media, draft.file, no_beat)


def keep_result(owner: User, path: Path, *, seconds: float, width: int, height: int, beat: Beat = no_beat) -> Media:
    """Keep a finished video and give it a row. Raises Unavailable."""
    media = Media(
        id=uuid.uuid4(),
        owner=owner,
        filename="result.mp4",
        content_type="video/mp4",
        kind=MediaKind.VIDEO,
        seconds=seconds,
        width=width,
        height=height,
    )
    media.name = f"results/{media.id.hex}.mp4"
    return _store(media, path, beat)


def keep_poster(owner: User, path: Path, *, width: int, height: int) -> Media:
    """Keep a frame of a finished video and give it a row. Raises Unavailable."""
    media = Media(
        id=uuid.uuid4(),
        owner=owner,
        filename="poster.jpg",
        content_type="image/jpeg",
        kind=MediaKind.IMAGE,
        width=width,
        height=height,
    )
    media.name = f"posters/{media.id.hex}.jpg"
    return _store(media, path, no_beat)


def keep_preview(owner: User, path: Path) -> Media:
    """Keep the first seconds of a finished video, small, and give them a row. Raises Unavailable."""
    media = Media(
        id=uuid.uuid4(),
        owner=owner,
        filename="preview.mp4",
        content_type="video/mp4",
        kind=MediaKind.VIDEO,
    )
    media.name = f"previews/{media.id.hex}.mp4"
    return _store(media, path, no_beat)


def drop(*files: Media) -> bool:
    """Remove files and their rows. If the place does not answer, the sweep will do the rest: then False.

    It is not asked for the next one then, which would take as long again.
    """
    Media.objects.filter(pk__in=[one.pk for one in files]).update(ready=False)
    return all(_dropped(one) for one in files)


def drop_unused(*files: Media) -> bool:
    """Remove those of the files that no job needs any more, as `drop` does."""
    unused = Media.objects.of_no_job().filter(pk__in=[one.pk for one in files])
    unused.update(ready=False)
    # Each is looked at again in its turn: there may be minutes between the first and the last.
    return all(_dropped(one) for one in files if unused.filter(pk=one.pk).exists())


def exists(media: Media) -> bool:
    """Whether the file is where its row says. Raises Unavailable."""
    return place().has(media.name)


def local_path(media: Media, folder: Path, beat: Beat = no_beat) -> Path:
    """A path on this machine at which the file can be read: its own, or that of a copy in `folder`.

    Raises FileNotFoundError or Unavailable.
    """
    return place().local(media.name, folder, beat)


def _dropped(media: Media) -> bool:
    try:
        place().remove(media.name)
    except Unavailable:
        log.warning("media %s: not removed yet, its storage does not answer", media.pk)
        return False
    media.delete()
    return True


def _store(media: Media, path: Path, beat: Beat) -> Media:
    media.size, media.ready = path.stat().st_size, False
    media.save(force_insert=True)
    try:
        place().put(path, media.name, content_type_of(media), beat)
    except Unavailable:
        raise  # whether anything arrived there, the sweep will find out: asking now would take as long again
    except BaseException:
        drop(media)
        raise
    media.ready = True
    media.save(update_fields=["ready"])
    return media

"""Drafts: files that were looked into and belong to nobody yet."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jobs.errors import gettext_noop
from jobs.media.probe import Facts
from jobs.models import Media, MediaKind

TOO_LARGE = gettext_noop("The file has {megabytes} MB; {limit} MB are allowed.")


@dataclass(frozen=True)
class Draft:
    """A file that was looked into: `facts` tell what it is. `file` is its path, or its row if it is kept already."""

    file: Path | Media
    filename: str
    content_type: str
    facts: Facts

    @property
    def is_kept(self) -> bool:
        return isinstance(self.file, Media)


def draft_of(media: Media) -> Draft:
    """A draft of a file that is kept already."""
    facts = Facts(MediaKind(media.kind), media.seconds, media.width, media.height)
    return Draft(media, media.filename, media.content_type, facts)


def short_filename(path: str) -> str:
    """The last part of a path, shortened to what a row can hold, its ending kept."""
    name = PurePosixPath(path.replace("\\", "/")).name
    return name if len(name) <= 200 else name[: 200 - 12] + name[-12:]

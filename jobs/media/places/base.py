"""What a place of files offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from jobs.errors import gettext_noop
from jobs.models import Media

# Where uploads wait until they are used for the first time.
INCOMING = "incoming/"
WRONG_SIZE = gettext_noop("{announced} bytes were announced and another number was sent.")
# Links made within one such step are the same, so that a page that refreshes does not reload its pictures.
STEP_SECONDS = 6 * 3600

# Called now and then while bytes move; may raise to stop that.
Beat = Callable[[], None]


def no_beat() -> None:
    """Nobody waits."""


@dataclass(frozen=True)
class Target:
    """How one file is to be sent: PUT as the body, or POST as the part `file` of a form after `fields`."""

    method: Literal["PUT", "POST"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """How one stretch of a file, from byte `start` to before byte `end`, is to be sent: PUT to `url` as the body."""

    start: int
    end: int
    url: str


class Place(Protocol):
    """Files by name. Everything that talks to a server raises Unavailable if it does not answer."""

    def put(self, path: Path, name: str, content_type: str, beat: Beat) -> None:
        """Keep a copy of the file at `path`. The name must be new."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def remove(self, name: str) -> None:
        """Remove the file, if there is one, and what has come of one that is sent in parts."""

    def local(self, name: str, folder: Path, beat: Beat) -> Path:
        """A path on this machine at which it can be read: its own, or that of a copy in `folder`.

        Raises FileNotFoundError.
        """

    def address(self, media: Media, filename: str, *, save: bool) -> str:
        """A signed link, valid for MEDIA_LINK_SECONDS, that needs no credentials and knows ranges.

        It is called `filename`; a browser opens it in place if it may, or saves it. A link to our own site is a path.
        """

    def target(self, media: Media) -> Target:
        """Leave to send the file of an awaited upload, of exactly `media.size` bytes."""

    def await_parts(self, media: Media) -> tuple[Part, ...]:
        """Leave to send the file of a new upload in these parts; none if it is to be sent as one, to `target`."""

    def parts_left(self, media: Media) -> tuple[Part, ...] | None:
        """Leave to send those parts that have not come yet; None if no parts are awaited, or no longer."""

    def arrived(self, media: Media, folder: Path) -> Path | None:
        """The file of an awaited upload if it was sent past us, copied into `folder`.

        Raises InvalidInput, and forgets what came, if parts came that are none of the announced ones.
        """

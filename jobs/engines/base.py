"""What an engine is: it takes `Work` and answers `Finished`, `Failed` or, from another machine, `Running`.

Engines know nothing of Django, accounts or credits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from jobs.errors import gettext_noop

if TYPE_CHECKING:  # the renderer's process has no network, and loads nothing of it
    from jobs.net import Said

Model = Literal["lipsync-video", "lipsync-image", "lipsync-image-multi"]
# Who of two speaks when: both at once, or one after the other.
SpeakingOrder = Literal["meanwhile", "left_right", "right_left"]


@dataclass(frozen=True)
class Away:
    """A job that another machine does.

    `remote_id` is that machine's id of it, empty as long as it is not known; `submitted` says that it may have the job
    all the same. `attempt` counts from 1. `links` are public addresses of the sources, by field; `callback` is where
    the other machine may say that something happened, empty if it can not reach us.

    The engine calls `mark(True)` before a call that costs money and `mark(False)` when that was certainly not taken,
    `remember` with the id as soon as it is known, `keep` with what was said, and `note` with what it has to know when
    the job is taken up again: it finds that in `notes`.
    """

    remote_id: str = ""
    submitted: bool = False
    attempt: int = 1
    links: Mapping[str, str] = field(default_factory=dict)
    callback: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    note: Callable[[Mapping[str, Any]], None] = lambda notes: None
    mark: Callable[[bool], None] = lambda submitted: None
    remember: Callable[[str], None] = lambda remote_id: None
    keep: Callable[[Said], None] = lambda said: None


@dataclass(frozen=True)
class Work:
    """One video to make.

    `sources` maps the field names of the API (`image`, `audio`, …) to local files,
    whose names say nothing about their content. `resolution` is the short side in
    pixels. The same sources, seed and engine version give the same frames.

    `away` is what an engine on another machine needs besides.
    """

    job_id: str
    model: Model
    sources: Mapping[str, Path]
    output: Path
    resolution: int
    seed: int
    prompt: str = ""
    speaking_order: SpeakingOrder = "meanwhile"
    away: Away = Away()


class Stopped(Exception):
    """What a report raises to stop an engine; `for_good` if nobody will want this job's video any more."""

    for_good = False


@dataclass(frozen=True)
class Note:
    """Something to know about a result: an English template with `params`, as in `jobs.errors`."""

    message: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """The result is at `path`; a picture of it, if there is one, at `poster`, its first seconds, small, at `preview`.

    `timings` are milliseconds per stage; `prompt_used` the words that had an effect. `cpu_seconds` and `peak_bytes` are
    what it took of this machine, 0 for an engine elsewhere.
    """

    path: Path
    seconds: float
    width: int
    height: int
    fps: float
    timings: Mapping[str, int] = field(default_factory=dict)
    prompt_used: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    poster: Path | None = None
    preview: Path | None = None
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Failed:
    """No video. `permanent`: tell the user, credits back; otherwise try again later.

    `elsewhere`: this engine can not, but another one may. `message` is an English template with `params`, as in
    `jobs.errors`; `source` names the field it is about, or is empty.
    """

    message: str
    permanent: bool = True
    elsewhere: bool = False
    source: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """Another machine is at it. `pause` is for how many seconds it can be left alone, unless it calls back.

    `answer` says what was heard of it: something usable, nothing although it was asked, or that it was not asked.
    """

    progress: float = 0.0
    pause: float = 5.0
    answer: Literal["usable", "none", "not asked"] = "usable"


Outcome = Finished | Failed | Running


class Report(Protocol):
    """Called by an engine as it works, at least once a second.

    `progress` is 0 to 1 of the whole, `stage` a word of `jobs.engines.base.STAGES`.
    It may raise `Stopped`: then the engine stops at once, cleans up and lets it through.
    """

    def __call__(self, progress: float, stage: str) -> None: ...


# No picture and no video is enlarged to more than so many times its size.
MAX_ENLARGEMENT = 2.0
# The largest picture and the longest voice and video that are taken, and how that is said.
MAX_PIXELS = 25_000_000
MAX_VOICE_SECONDS = MAX_VIDEO_SECONDS = 600
PICTURE_TOO_LARGE = gettext_noop(
    "The picture has {megapixels} megapixels. At most {max_megapixels} are allowed: make it smaller."
)
VIDEO_TOO_LONG = gettext_noop("The video is {minutes} minutes long. At most {max_minutes} are allowed.")
VOICE_TOO_LONG = gettext_noop("The recording is {minutes} minutes long. At most {max_minutes} are allowed.")

# No run may take longer: queues and clean-ups count on it.
MAX_RUN_SECONDS = 3600

# The stages a job can be in, in order; pages have a sentence for each.
STAGES = ("looking", "listening", "drawing", "saving")


@dataclass(frozen=True)
class Offer:
    """What an engine takes for one kind of video. `prompt` says whether it reads one."""

    mask: bool = True
    prompt: bool = True
    resolutions: tuple[int, ...] = (480, 720)
    orders: tuple[SpeakingOrder, ...] = ("meanwhile", "left_right", "right_left")
    max_seconds: float = MAX_VOICE_SECONDS


class Engine(Protocol):
    """Makes videos. `version` is part of what makes a result reproducible; `offers` are the kinds that it makes."""

    name: str
    version: str
    offers: ClassVar[Mapping[Model, Offer]]

    def run(self, work: Work, report: Report) -> Outcome:
        """Make the video, or have it begun elsewhere. Raises only what `report` raises."""
        ...


class NotGenuine(Exception):
    """A callback that can not be shown to come from where it says it does."""


class KeysMissing(Exception):
    """A callback can not be judged, because what it is judged by is not here yet."""


@runtime_checkable
class RemoteEngine(Engine, Protocol):
    """Has videos made by another machine: `run` submits, `look` asks how it stands, `hear` judges its callbacks."""

    longest_seconds: float

    def look(self, work: Work, report: Report) -> Outcome:
        """Ask once; bring the video home if it is done. Raises only what `report` raises."""
        ...

    def cancel(self, model: Model, remote_id: str, keep: Callable[[Said], None]) -> None:
        """Have the other machine stop, if it can be told."""
        ...

    def keys(self) -> Mapping[str, str]:
        """What callbacks are judged by, asked for at the service; empty if that is not needed. Raises `Unavailable`."""
        ...

    def hear(self, headers: Mapping[str, str], body: bytes, keys: Mapping[str, str]) -> str:
        """The other machine's id of the job that a callback is about, or empty. Raises NotGenuine or KeysMissing.

        `headers` by name in lower case. What the callback says else is never believed: it makes us look.
        """
        ...

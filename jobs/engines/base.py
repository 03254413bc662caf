"""What an engine is: it takes `Work` and answers `Finished` or `Failed`.

Engines know nothing of Django, accounts or credits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from jobs.errors import gettext_noop

Model = Literal["lipsync-video", "lipsync-image", "lipsync-image-multi"]
# Who of two speaks when: both at once, or one after the other.
SpeakingOrder = Literal["meanwhile", "left_right", "right_left"]


@dataclass(frozen=True)
class Work:
    """One video to make.

    `sources` maps the field names of the API (`image`, `audio`, …) to local files,
    whose names say nothing about their content. `resolution` is the short side in
    pixels. The same sources, seed and engine version give the same frames.

    An engine on another machine calls `remember` with that machine's id of the job, and finds it as `remote_id` when
    the job is taken up again; `attempt` counts from 1.
    """

    job_id: str
    model: Model
    sources: Mapping[str, Path]
    output: Path
    resolution: int
    seed: int
    prompt: str = ""
    speaking_order: SpeakingOrder = "meanwhile"
    attempt: int = 1
    remote_id: str = ""
    remember: Callable[[str], None] = lambda remote_id: None


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
    """The result is at `path`, and a picture of it at `poster`, if there is one.

    `timings` are milliseconds per stage; `prompt_used` the words that had an effect.
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


@dataclass(frozen=True)
class Failed:
    """No video. `permanent`: tell the user, credits back; otherwise try again later.

    `message` is an English template with `params`, as in `jobs.errors`; `source`
    names the field it is about, or is empty.
    """

    message: str
    permanent: bool = True
    source: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)


Outcome = Finished | Failed


class Report(Protocol):
    """Called by an engine as it works, at least once a second.

    `progress` is 0 to 1 of the whole, `stage` a word of `jobs.engines.base.STAGES`.
    It may raise `Stopped`: then the engine stops at once, cleans up and lets it through.
    """

    def __call__(self, progress: float, stage: str) -> None: ...


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


class Engine(Protocol):
    """Makes videos. `version` is part of what makes a result reproducible."""

    name: str
    version: str

    def run(self, work: Work, report: Report) -> Outcome:
        """Make the video. Raises only what `report` raises."""
        ...

"""What engines on other machines share: patience with a service, and care with the video it hands over."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from jobs.engines.base import Failed, Finished, Model, Offer, Outcome, Report, Running, Work
from jobs.engines.local.engine import poster, preview, probe
from jobs.errors import Problem, gettext_noop
from jobs.net import NotSent, Policy, Reply, Said, Service, Unreachable, fetch_public

T = TypeVar("T")

TICK_SECONDS = 0.5  # between two reports while nothing happens: the lease has to be kept
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 15.0
GIVE_UP_SECONDS = 120.0  # without a usable answer; a service that is started anew is back by then
DOWNLOAD_SECONDS, MAX_RESULT_BYTES = 600.0, 2_000_000_000
PLAUSIBLE_SECONDS = 2.0  # a result is about as long as the voices: this much, and a tenth, to either side

MAX_TEMPLATE = 300  # characters that a job keeps of one

NOT_REACHED = gettext_noop("The render service cannot be reached.")
# What a refusal means to us; its own words are for the operator.
OURS = gettext_noop("The render service refused this installation. Tell whoever runs it.")
REFUSED = gettext_noop("The render service refused this video.")
NO_VIDEO = gettext_noop("The render service handed over something that is not the video. Try again later.")


class NotNow(Exception):
    """The service has no usable answer now, but may have one later."""


@dataclass
class Patience:
    """Asks again, in growing pauses, until there is a usable answer or `GIVE_UP_SECONDS` have passed without one.

    `beat` is called at least once a second meanwhile; what it raises ends it all.
    """

    beat: Callable[[], None]

    def until(self, ask: Callable[[], T]) -> T:
        """What `ask` returns; raises NotNow when patience is over."""
        begun, pause = time.monotonic(), FIRST_PAUSE_SECONDS
        while True:
            self.beat()
            try:
                return ask()
            except (NotNow, Unreachable) as error:
                if time.monotonic() - begun > GIVE_UP_SECONDS:
                    raise NotNow from error
            self.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def wait(self, seconds: float) -> None:
        """Let time pass, with a beat now and then."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(TICK_SECONDS, left))
            self.beat()


def usable(reply: Reply) -> Reply:
    """The reply, unless the service is busy or broken; then NotNow."""
    if reply.status in (408, 425, 429) or reply.status >= 500:
        raise NotNow
    return reply


def words_of(reply: Reply, default: str) -> str:
    """The sentence of a refusal, as a template: what somebody else wrote must not be filled in."""
    try:
        said = reply.json()["error"]
    except (ValueError, TypeError, KeyError):
        return default
    return escaped(str(said)) if said else default


def escaped(text: str) -> str:
    """Somebody else's sentence as a template of ours, short enough to be kept whole."""
    text = text[:280]
    while len(template := text.replace("{", "{{").replace("}", "}}")) > MAX_TEMPLATE:
        text = text[:-1]
    return template


# The fields that hold voices, by the kind of video.
VOICES: Mapping[Model, tuple[str, ...]] = {
    "lipsync-video": ("audio",),
    "lipsync-image": ("audio",),
    "lipsync-image-multi": ("left_audio", "right_audio"),
}


def spoken_seconds(work: Work) -> float:
    """How long the video has to be; 0 if nobody can tell."""
    lengths = [float(str(probe(work.sources[name]).get("seconds", 0.0))) for name in VOICES[work.model]]
    return sum(lengths) if work.speaking_order != "meanwhile" else max(lengths)


def bring_home(
    url: str, output: Path, policy: Policy, spoken_seconds: float, beat: Callable[[], None] = lambda: None
) -> Finished | Failed:
    """Fetch a finished video and look whether it is one, about as long as what is spoken in it."""
    try:
        fetch_public(url, output, policy=policy, max_bytes=MAX_RESULT_BYTES, seconds=DOWNLOAD_SECONDS, tick=beat)
    except Problem:
        return Failed(NOT_REACHED, permanent=False)
    seen = probe(output)
    seconds = float(str(seen.get("seconds", 0.0)))
    off = abs(seconds - spoken_seconds) if spoken_seconds else 0.0
    if seen.get("kind") != "video" or not seconds or off > PLAUSIBLE_SECONDS + 0.1 * spoken_seconds:
        output.unlink(missing_ok=True)
        return Failed(NO_VIDEO, permanent=False)
    return Finished(
        path=output,
        seconds=seconds,
        width=int(str(seen["width"])),
        height=int(str(seen["height"])),
        fps=float(str(seen["fps"])),
        poster=poster(output),
        preview=preview(output),
    )


def told(report: Report) -> tuple[Report, Callable[[], None]]:
    """Two ways to report: something new, and the last thing again."""
    last = (0.0, "looking")

    def say(progress: float, stage: str) -> None:
        nonlocal last
        last = (max(last[0], min(progress, 0.99)), stage)
        report(*last)

    return say, lambda: report(*last)


@dataclass(frozen=True)
class Ready:
    """The other side has the video: `url` is good for a while only."""

    url: str


class Hosted(ABC):
    """A hosted model that is paid for each video, and is handed public addresses of the sources.

    A video is submitted at most once. Where it is not certain whether a submission arrived, nothing is sent again: the
    callback brings the id, or the job ends without a video.
    """

    name: str
    version: str
    offers: ClassVar[Mapping[Model, Offer]]
    paid = True
    longest_seconds = 3600.0
    pause_seconds = 10.0

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key

    def run(self, work: Work, report: Report) -> Outcome:
        """Submit the video, unless that was done."""
        away = work.away
        if away.remote_id or away.submitted:
            return Running(pause=self.pause_seconds, answer="not asked")
        path, body = self._order(work)
        away.mark(True)
        try:
            reply = self._service(away.keep).call("POST", path, body)
        except NotSent:
            away.mark(False)
            return Failed(NOT_REACHED, permanent=False)
        except Unreachable:
            return Running(pause=self.pause_seconds, answer="none")
        if reply.status in (408, 425, 429, 503):  # not taken, for now
            away.mark(False)
            return Failed(NOT_REACHED, permanent=False)
        if reply.status >= 500:
            return Running(pause=self.pause_seconds, answer="none")
        if reply.status in (401, 402, 403):
            away.mark(False)
            return Failed(OURS, elsewhere=True)
        if reply.status >= 400:
            away.mark(False)
            return Failed(self._words(reply))
        if remote_id := self._id(reply):
            away.remember(remote_id)
        return Running(pause=self.pause_seconds)

    def look(self, work: Work, report: Report) -> Outcome:
        """Ask once how it stands; bring the video home if it is there."""
        if not work.away.remote_id:
            return Running(pause=self.pause_seconds, answer="not asked")
        try:
            stand = self._stand(work, self._service(work.away.keep))
        except (NotNow, Unreachable):
            return Failed(NOT_REACHED, permanent=False)
        if not isinstance(stand, Ready):
            return stand
        _, beat = told(report)
        # Only a service on the own network may lead to the own network.
        policy = Policy(allow_private=urlsplit(stand.url).hostname == urlsplit(self._url).hostname)
        return bring_home(stand.url, work.output, policy, spoken_seconds(work), beat)

    @abstractmethod
    def _service(self, keep: Callable[[Said], None]) -> Service:
        """The service, with our credentials."""

    @abstractmethod
    def _order(self, work: Work) -> tuple[str, Mapping[str, object]]:
        """Where a submission goes, and its body."""

    @abstractmethod
    def _id(self, reply: Reply) -> str:
        """The service's id of the job in the answer to a submission; empty if there is none."""

    @abstractmethod
    def _words(self, reply: Reply) -> str:
        """The sentence of a refusal, as a template."""

    @abstractmethod
    def _stand(self, work: Work, service: Service) -> Ready | Running | Failed:
        """How the job stands. Raises NotNow or Unreachable."""


def members(reply: Reply) -> Mapping[str, Any]:
    """The members of the JSON object that came; none if something else did."""
    try:
        found = reply.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def recent(timestamp: str, now: float, seconds: float = 300.0) -> bool:
    """Whether a time in seconds, as text, is about now."""
    return timestamp.isascii() and timestamp.isdigit() and abs(now - int(timestamp)) <= seconds

"""What engines on other machines share: patience with a service, and care with the video it hands over."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from jobs.engines.base import Failed, Finished, Report
from jobs.engines.local.engine import poster, probe
from jobs.errors import Problem, gettext_noop
from jobs.net import Policy, Reply, Unreachable, fetch_public

T = TypeVar("T")

TICK_SECONDS = 0.5  # between two reports while nothing happens: the lease has to be kept
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 15.0
GIVE_UP_SECONDS = 120.0  # without a usable answer; a service that is started anew is back by then
DOWNLOAD_SECONDS, MAX_RESULT_BYTES = 600.0, 2_000_000_000
PLAUSIBLE_SECONDS = 2.0  # a result is about as long as the voices: this much, and a tenth, to either side

NOT_REACHED = gettext_noop("The render service can not be reached.")
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
    """Somebody else's sentence as a template of ours."""
    return text[:280].replace("{", "{{").replace("}", "}}")


def bring_home(url: str, output: Path, policy: Policy, spoken_seconds: float) -> Finished | Failed:
    """Fetch a finished video and look whether it is one, about as long as what is spoken in it."""
    try:
        fetch_public(url, output, policy=policy, max_bytes=MAX_RESULT_BYTES, seconds=DOWNLOAD_SECONDS)
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
    )


def told(report: Report) -> tuple[Report, Callable[[], None]]:
    """Two ways to report: something new, and the last thing again."""
    last = (0.0, "looking")

    def say(progress: float, stage: str) -> None:
        nonlocal last
        last = (max(last[0], min(progress, 0.99)), stage)
        report(*last)

    return say, lambda: report(*last)

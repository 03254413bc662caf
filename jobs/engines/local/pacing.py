"""Owns honest progress: what is done of a stage becomes a share of the whole run, so that the time left can be told."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from time import monotonic
from types import MappingProxyType

Progress = Callable[[float, str], None]
Say = Callable[[float], None]  # which share of a stage is done
Paces = Mapping[str, float]  # by stage: how many seconds a foretold one takes

# Seconds on one machine; only their proportions count, until this machine's own `Paces` are known. `make bench-engine`
# says how well they foretell a run.
LOADING = 0.15  # the models of speech, before any run: tells how fast a machine is
LOOKING, HEARING = 0.10, 0.001  # at a picture; reading a second of voice
WHILE_LISTENING = 0.015  # a second of voice: how much longer a picture's drawing takes because somebody listens beside
LISTENING = 0.1  # what is left of listening to the first seconds of a voice when a picture's face is found
BRIEFLY = 0.01  # where nothing is left of it
LEARNING = 0.08  # a face, before its first frame
DRAWING, DRAWING_PIXELS, SPEAKER = 0.0011, 0.0136, 0.001  # a frame, a million pixels of it, each further speaker
REDRAWING, REDRAWING_PIXELS = 0.0014, 0.0106  # the same of a video
FINDING = 0.28  # what follows a face is loaded, and finds it in a video's first frame
WATCHING, WATCHING_PIXELS = 0.0056, 0.002  # a frame of a video, a million pixels of it in the result's size
DECODING_PIXELS = 0.0017  # and in the source's
FINISHING = 0.04  # what the encoder still holds

# Of a stage: when so much is done, its own pace counts for as much as what was foretold; later where paces are known.
SURE_FROM, SURE_FROM_KNOWN = 0.03, 0.15
LEAST = 0.0001  # seconds that a stage is foretold: nothing can be divided by the pace of one that was over at once


def picture_costs(voice_seconds: float, frames: int, pixels: int, speakers: int = 1) -> Mapping[str, float]:
    """What each stage of a picture's way costs; `voice_seconds` of all voices together, `pixels` of a frame."""
    each = DRAWING + SPEAKER * (speakers - 1) + DRAWING_PIXELS * pixels / 1e6
    looking = LOOKING + HEARING * voice_seconds + LEARNING * speakers
    return _costs(looking, LISTENING, frames * each + WHILE_LISTENING * voice_seconds)


def while_listening(drawn: float, heard: float, drawing: float, voice_seconds: float) -> float:
    """Which share of a picture's drawing, which costs `drawing`, is over when so much was drawn and listened to.

    The first frames come slower.
    """
    beside = WHILE_LISTENING * voice_seconds
    return (drawn * (drawing - beside) + heard * beside) / drawing


def video_costs(
    voice_seconds: float, watched: int, frames: int, pixels: int, source_pixels: int, kept: int = 0
) -> Mapping[str, float]:
    """What each stage of a video's way costs.

    `watched` frames of `source_pixels` make `frames` of `pixels`; of the first pass's, `kept` need no second decoding.
    """
    decoding = DECODING_PIXELS * source_pixels / 1e6 + WATCHING_PIXELS * pixels / 1e6
    drawing = frames * (REDRAWING + REDRAWING_PIXELS * pixels / 1e6)
    again = decoding * frames * max(0, watched - kept) / max(1, watched)
    looking = FINDING + HEARING * voice_seconds + watched * (WATCHING + decoding)
    return _costs(looking, max(BRIEFLY, LISTENING - looking), LEARNING + drawing + again)


def while_watching(watched: float, looking: float) -> float:
    """Which share of looking at a video, which costs `looking`, is over when so much of it was watched.

    The face is found before the first frame is over.
    """
    return (FINDING + watched * (looking - FINDING)) / looking


def _costs(looking: float, listening: float, drawing: float) -> Mapping[str, float]:
    return {
        "looking": looking,
        "listening": listening,
        "drawing": drawing,
        "saving": FINISHING,
    }


_loaded = 0.0


def note_loading(seconds: float) -> None:
    """What the models of speech took to load in this process, or in the one that it was forked from."""
    global _loaded
    _loaded = seconds


class Pace:
    """Reports the share of a run's time that is gone, so that the time left can be told from it; never backwards.

    How long stages take in proportion to one another is foretold, with the paces of runs before; how fast this machine
    is now, is learned from what is over, and more and more from the stage that runs, which may be slower than foretold.
    """

    def __init__(
        self,
        report: Progress,
        costs: Mapping[str, float],
        paces: Paces = MappingProxyType({}),
        asked: float | None = None,  # when the run was asked for, as the clock has it, if not just now
        loaded: float | None = None,  # what the models took, if it is not what `note_loading` was told
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._report, self._clock, self._foretold = report, clock, costs
        self._costs = {stage: max(LEAST, cost * paces.get(stage, 1.0)) for stage, cost in costs.items()}
        self._sure_from = SURE_FROM_KNOWN if paces else SURE_FROM
        # What counts like a stage that is over, but is no part of the run: what it took, and was foretold.
        self._loaded = _loaded if loaded is None else loaded
        self._loading = LOADING * paces.get("loading", 1.0) if self._loaded else 0.0
        self._begun: dict[str, float] = {}
        self._first = clock()
        self._asked = self._first if asked is None else asked
        self._said = 0.0
        self._report(0.0, "looking")

    def stage(self, name: str) -> Say:
        """Begin a stage; call what comes back with the share of it that is done, 0 to 1."""
        names = list(self._costs)
        before = sum(self._costs[one] for one in names[: names.index(name)])
        cost, whole = self._costs[name], sum(self._costs.values())
        begun = self._begun[name] = self._clock()
        unsure, usual = self._sure_from * cost, self._pace_of_all(begun, before)

        def say(share: float) -> None:
            now = self._clock()
            done = min(1.0, max(0.0, share)) * cost
            pace = (unsure * usual + now - begun) / (unsure + done)
            left = pace * (cost - done) + self._pace_of_all(now, before + done) * (whole - before - cost)
            gone = now - self._asked
            self._said = max(self._said, gone / (gone + left) if left > 0 else 1.0)
            self._report(self._said, name)

        say(0.0)
        return say

    def _pace_of_all(self, now: float, foretold: float) -> float:
        """How long a second takes of what was foretold to be over by now."""
        over = self._loading + foretold
        return (self._loaded + now - self._first) / over if over else 1.0

    def paces(self) -> Paces:
        """How long each stage, and the loading, took for a foretold second; all of them are over."""
        moments = [*self._begun.values(), self._clock()]
        paces = {
            stage: (end - begun) / self._foretold[stage]
            for stage, (begun, end) in zip(self._begun, pairwise(moments), strict=True)
        }
        return paces | ({"loading": self._loaded / LOADING} if self._loaded else {})

"""Owns honest progress: what is done of a stage becomes a share of the whole run, so that the time left can be told."""

from collections.abc import Callable, Mapping

Progress = Callable[[float, str], None]

# Seconds on one machine; only their proportions count. `make bench-engine` says how well they foretell a run.
STARTING = 0.35  # the child process and its libraries
LOOKING, HEARING = 0.10, 0.001  # at a picture; reading a second of voice
UNDERSTANDING, LISTENING = 0.14, 0.027  # loading what listens; a second of voice
LEARNING = 0.12  # a face, before its first frame
DRAWING, DRAWING_PIXELS, SPEAKER = 0.0009, 0.0122, 0.001  # a frame, a million pixels of it, each further speaker
REDRAWING, REDRAWING_PIXELS = 0.0013, 0.0096  # the same of a video
WATCHING, WATCHING_PIXELS = 0.0026, 0.002  # a frame of a video, a million pixels of it in the result's size
DECODING_PIXELS = 0.0017  # and in the source's
FINISHING = 0.03


def picture_costs(voice_seconds: float, frames: int, pixels: int, speakers: int = 1) -> Mapping[str, float]:
    """What each stage of a picture's way costs; `voice_seconds` of all voices together, `pixels` of a frame."""
    each = DRAWING + SPEAKER * (speakers - 1) + DRAWING_PIXELS * pixels / 1e6
    return _costs(LOOKING, voice_seconds, LEARNING * speakers + frames * each)


def video_costs(
    voice_seconds: float, watched: int, frames: int, pixels: int, source_pixels: int, kept: int = 0
) -> Mapping[str, float]:
    """What each stage of a video's way costs.

    `watched` frames of `source_pixels` make `frames` of `pixels`; of the first pass's, `kept` need no second decoding.
    """
    decoding = DECODING_PIXELS * source_pixels / 1e6 + WATCHING_PIXELS * pixels / 1e6
    drawing = frames * (REDRAWING + REDRAWING_PIXELS * pixels / 1e6)
    again = decoding * frames * max(0, watched - kept) / max(1, watched)
    return _costs(LOOKING + watched * (WATCHING + decoding), voice_seconds, LEARNING + drawing + again)


def _costs(looking: float, voice_seconds: float, drawing: float) -> Mapping[str, float]:
    return {
        "starting": STARTING,
        "looking": looking + HEARING * voice_seconds,
        "listening": UNDERSTANDING + LISTENING * voice_seconds,
        "drawing": drawing,
        "saving": FINISHING,
    }


class Pace:
    """Reports progress in proportion to the time that stages take; never backwards."""

    def __init__(self, report: Progress, costs: Mapping[str, float]) -> None:
        self._report, self._at = report, 0.0
        whole = sum(costs.values())
        self._spans: dict[str, tuple[float, float]] = {}
        at = 0.0
        for stage, cost in costs.items():
            self._spans[stage] = (at / whole, (at + cost) / whole)
            at += cost
        self._say(0.0, "looking")

    def stage(self, name: str) -> Callable[[float], None]:
        """Begin a stage; call what comes back with the share of it that is done, 0 to 1."""
        begin, end = self._spans[name]
        self._say(begin, name)
        return lambda share: self._say(begin + (end - begin) * min(1.0, share), name)

    def _say(self, done: float, stage: str) -> None:
        self._at = max(self._at, done)
        self._report(self._at, stage)

"""Owns honest progress: what is done of a stage becomes a share of the whole run, so that the time left can be told."""

from collections.abc import Callable, Mapping

Progress = Callable[[float, str], None]

# Seconds on one machine; only their proportions count.
STARTING = 0.8  # loading the libraries
HEARING, LISTENING = 0.003, 0.045  # a second of voice: reading it, understanding it
LOOKING = 0.30  # at a picture
WATCHING, WATCHING_PIXELS = 0.004, 0.006  # a frame of a video, and a million pixels of it
DRAWING, DRAWING_PIXELS = 0.0032, 0.0085  # a frame, and a million pixels of it
FINISHING = 0.15


def picture_costs(voice_seconds: float, frames: int, pixels: int) -> Mapping[str, float]:
    """What each stage of a picture's way costs; `pixels` of a frame."""
    return {
        "starting": STARTING,
        "looking": LOOKING + HEARING * voice_seconds,
        "listening": LISTENING * voice_seconds,
        "drawing": frames * (DRAWING + DRAWING_PIXELS * pixels / 1e6),
        "saving": FINISHING,
    }


def video_costs(voice_seconds: float, watched: int, frames: int, pixels: int) -> Mapping[str, float]:
    """What each stage of a video's way costs; `watched` frames of the source make `frames` of the result."""
    return {
        **picture_costs(voice_seconds, frames, pixels),
        "looking": LOOKING + HEARING * voice_seconds + watched * (WATCHING + WATCHING_PIXELS * pixels / 1e6),
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

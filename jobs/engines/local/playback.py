"""Owns the order of a video's frames under a longer voice: forth and back, turning in calm moments."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jobs.engines.local.files.footage import Footage
from jobs.engines.local.shapes import F64, Planes

TURNING_SHARE = 0.15  # of the video, at its end and at its beginning, in which the turns are chosen
TURNING_FRAMES = 40  # … and at most so many frames


@dataclass(frozen=True)
class Run:
    """`count` frames from `first` on, forwards or backwards."""

    first: int
    count: int
    forwards: bool

    def __iter__(self) -> Iterator[int]:
        step = 1 if self.forwards else -1
        return iter(range(self.first, self.first + step * self.count, step))


def runs(frames: int, wanted: int, motion: F64) -> list[Run]:
    """Runs of a video of `frames` frames that make `wanted`; `motion` (frames,) says how much each one moves.

    A video that is long enough is trimmed. A shorter one plays to a calm frame near its end, back to a calm one near
    its beginning, and so on; a frame on which it turns is shown once.
    """
    if wanted <= frames or frames < 2:
        return [Run(0, min(wanted, frames), True)] if frames > 1 else [Run(0, 1, True)] * wanted
    last, first = _calmest(motion, at_end=True), _calmest(motion, at_end=False)
    made, left = [Run(0, last + 1, True)], wanted - last - 1
    forwards = False
    while left > 0 and last > first:
        count = min(left, last - first)
        made.append(Run(first + 1, count, True) if forwards else Run(last - 1, count, False))
        left -= count
        forwards = not forwards
    return made


def play(footage: Footage, order: list[Run]) -> Iterator[tuple[int, Planes]]:
    """The frames of the runs, each with its number."""
    for run in order:
        pictures = footage.forwards(run.first) if run.forwards else footage.backwards(run.first)
        yield from zip(run, pictures, strict=False)


def _calmest(motion: F64, at_end: bool) -> int:
    reach = min(TURNING_FRAMES, max(1, int(len(motion) * TURNING_SHARE)))
    if at_end:
        # Of equally calm ones the outermost.
        return len(motion) - 1 - int(np.argmin(motion[-reach:][::-1]))
    return int(np.argmin(motion[:reach]))

"""Owns the third question: do lips and chin tremble while they are meant to rest?"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.local.landmarks import CHIN_PAD, LIPS
from jobs.engines.local.measuring import closures
from jobs.engines.local.shapes import F64, Bools
from jobs.engines.local.smoothing import gaussian

FEWEST_FRAMES = 5
# A source's mouth rests, open or closed, where its gap, smoothed over so many frames, changes no more a frame.
CALM_SIGMA, CALM_CHANGE = 2.0, 0.006


@dataclass(frozen=True)
class Jitter:
    """The second difference of the usual frame, in S; NaN if the mouth hardly ever rests."""

    lips: float
    chin: float
    frames: int


def jitter(points: F64, resting: Bools) -> Jitter:
    """Landmarks (frames, 478, 2) in face units, NaN where unknown → how much they tremble in `resting` (frames,)."""
    bend = points[:-2] - 2 * points[1:-1] + points[2:]
    rests = resting[:-2] & resting[1:-1] & resting[2:] & ~np.isnan(bend[:, 0, 0])
    if rests.sum() < FEWEST_FRAMES:
        return Jitter(float("nan"), float("nan"), int(rests.sum()))
    still = bend[rests]
    return Jitter(_size(still[:, list(LIPS)]), _size(still[:, list(CHIN_PAD)]), int(rests.sum()))


def rests_as_intended(opening: F64) -> Bools:
    """(frames,) where an intended opening is closed."""
    return closures.intended(opening)


def rests_by_itself(gap: F64) -> Bools:
    """(frames,) where a source's own mouth, of this measured gap in S, hardly moves."""
    at = np.flatnonzero(~np.isnan(gap))
    if len(at) < 2:
        return np.zeros(len(gap), bool)
    smooth = gaussian(np.interp(np.arange(len(gap)), at, gap[at]), CALM_SIGMA)
    return np.asarray((np.abs(np.gradient(smooth)) < CALM_CHANGE) & ~np.isnan(gap))


def _size(bend: F64) -> float:
    """Of vectors (frames, points, 2): the median frame's root mean square.

    The mesh hops now and then on lips that are still: of a dozen frames at rest one such would count for them all.
    """
    return float(np.median(np.sqrt((bend**2).sum(-1).mean(-1))))

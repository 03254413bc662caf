"""Owns the first question: does the mouth in the video open when, and as much as, it was meant to?"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.local.shapes import F64

MAX_LAG = 5  # frames
FEWEST_FRAMES = 10


@dataclass(frozen=True)
class Following:
    """`correlation` at no lag; `lag_frames` where it is best (positive: the lips are late)."""

    correlation: float
    best_correlation: float
    lag_frames: int


def follow(gap: F64, opening: F64) -> Following:
    """How a measured gap (frames,) with NaN where unknown follows an intended opening (frames,); the shorter counts."""
    count = min(len(gap), len(opening))
    by_lag = {lag: correlation(gap[:count], opening[:count], lag) for lag in range(-MAX_LAG, MAX_LAG + 1)}
    known = {lag: value for lag, value in by_lag.items() if not np.isnan(value)}
    # Of equals, the least lag.
    best = max(known, key=lambda lag: (known[lag], -abs(lag)), default=0)
    return Following(by_lag[0], by_lag[best], best)


def correlation(late: F64, wanted: F64, lag: int) -> float:
    """Pearson's, of `late` (frames,) moved `lag` frames earlier with `wanted`; NaN if too little is known."""
    moved = late[max(0, lag) : len(late) + min(0, lag)]
    fixed = wanted[max(0, -lag) : len(wanted) + min(0, -lag)]
    both = ~(np.isnan(moved) | np.isnan(fixed))
    if both.sum() < FEWEST_FRAMES or np.ptp(moved[both]) == 0 or np.ptp(fixed[both]) == 0:
        return float("nan")
    return float(np.corrcoef(moved[both], fixed[both])[0, 1])

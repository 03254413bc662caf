"""Owns voice activity: where somebody speaks or sings, and where music or noise is alone.

A linear reading of what the ear's network makes of two seconds of sound: the mean and the spread of each of its
channels. Loudness tells nothing: an orchestra is as loud as a singer. `tools/ear/activity.py` finds the weights.
"""

from functools import cache
from pathlib import Path

import numpy as np

from jobs.engines.local.shapes import F32, F64, FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, Bools
from jobs.engines.local.voice import ear
from jobs.engines.local.voice.ear import Impression

WEIGHTS = Path(__file__).with_name("activity.npz")

STEPS = 10  # of the ear's: a tenth of a second is judged at once
REACH = 10  # tenths before and after it that have a say
FAINT = 0.001  # how much what is much softer than the rest has a say

# In nats. Where somebody is less likely than the first for a second, nobody is there as long as it stays below the
# second, less what is near its ends: the last word is heard until then.
UNLIKELY, DOUBTFUL = -2.0, -1.0
LEAST_TENTHS, END_TENTHS = 10, 8
SHORT_TENTHS = 20  # too short to tell: it may be a laugh

# A recording is refused if somebody is likely in less of it than the first share, and possible in less than the second.
LIKELY_SHARE, POSSIBLE_SHARE = 0.01, 0.3
LOOK_SECONDS, MOST_LOOKS = 5, 24


def odds(heard: Impression) -> F64:
    """At each tenth of a second, the logarithm of how much likelier somebody is than nobody."""
    weights, bias = load()
    return np.asarray(reading(heard) @ weights + bias, np.float64)


def reading(heard: Impression) -> F32:
    """(tenths, 2 · channels): mean and standard deviation of what the ear makes of the time around each tenth."""
    share = np.where(heard.sounding, 1, FAINT)[:, None]
    total = _around(share)
    mean = _around(heard.hidden * share) / total
    square = _around(np.square(heard.hidden) * share) / total
    return np.asarray(np.hstack([mean, np.sqrt(np.maximum(square - mean**2, 0))]), np.float32)


def _around(values: F64) -> F64:
    """(n, columns) → (n // STEPS, columns): sums from `REACH` tenths before each to `REACH` after it."""
    count = len(values) // STEPS
    tenths = values[: count * STEPS].reshape(count, STEPS, values.shape[1]).sum(1, dtype=np.float64)
    sums = np.concatenate([np.zeros((1, tenths.shape[1])), tenths.cumsum(0)])
    place = np.arange(count)
    return np.asarray(sums[np.minimum(place + REACH + 1, count)] - sums[np.maximum(place - REACH, 0)])


def nobody(heard: Impression) -> Bools:
    """(n,): at each step of the ear, whether what sounds there is nobody's voice."""
    nobodys = np.repeat(alone(odds(heard)), STEPS)
    # What is left of the last tenth goes with it.
    return np.pad(nobodys, (0, len(heard.logs) - len(nobodys)), "edge" if len(nobodys) else "constant")


def alone(odds: F64) -> Bools:
    """(tenths,) of log odds → where surely nobody is there."""
    count = len(odds)
    found = np.zeros(count, np.bool_)
    if count < SHORT_TENTHS:
        return found
    for first, last in _runs(odds < DOUBTFUL):
        longest = max((end - start for start, end in _runs(odds[first:last] < UNLIKELY)), default=0)
        if longest >= LEAST_TENTHS:
            found[first + END_TENTHS * (first > 0) : last - END_TENTHS * (last < count)] = True
    return found


def _runs(true: Bools) -> list[list[int]]:
    """From where to where it is true."""
    edges: list[list[int]] = np.flatnonzero(np.diff(np.pad(true.astype(np.int8), 1))).reshape(-1, 2).tolist()
    return edges


def anybody(pcm: I16) -> bool:
    """Whether somebody speaks or sings in (n,) 16 kHz mono, or it is too short to tell.

    Of long recordings samples are listened to, two minutes at most, so that music alone is refused within seconds; and
    no longer than until it is clear that somebody is there.
    """
    tenth = SPEECH_RATE_HZ // FEATURE_RATE_HZ * STEPS
    if len(pcm) < SHORT_TENTHS * tenth:
        return True
    looks = _looks(len(pcm))
    tenths = sum(stop - start for start, stop in looks) / tenth
    likely = possible = 0
    for start, stop in looks:
        found = odds(ear.impression(pcm[start:stop]))
        likely += int((found >= 0).sum())
        possible += int((found >= DOUBTFUL).sum())
        if likely > LIKELY_SHARE * tenths or possible > POSSIBLE_SHARE * tenths:
            return True
    return False


def _looks(samples: int) -> list[tuple[int, int]]:
    length = LOOK_SECONDS * SPEECH_RATE_HZ
    count = min(MOST_LOOKS, -(-samples // length))
    starts = np.linspace(0, max(0, samples - length), count).round().astype(int).tolist()
    return [(start, min(samples, start + length)) for start in starts]


@cache
def load() -> tuple[F32, np.float32]:
    """(2 · channels,) weights, and a bias."""
    with np.load(WEIGHTS) as file:
        return np.asarray(file["weights"], np.float32), np.float32(file["bias"])

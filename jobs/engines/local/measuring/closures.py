"""Owns the second question: are the lips together when they are meant to be, and at each known M, B and P?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import minimum_filter1d

from jobs.engines.local.mouths import mouth
from jobs.engines.local.shapes import F64, Bools, Phone
from jobs.engines.local.voice.visemes import BILABIALS

INTENDED_CLOSED = mouth.TOUCHING
CLOSED_GAP = 0.020  # of S: a measured gap at which they do, for the mesh reads .01 on lips that touch
LEAST_OPEN_SHARE = 0.1  # of a talker's frames: in so many the lips touch
PARTED_GAP = 0.030  # of S: a source that shows nothing less never closes its lips, so far as the mesh can tell
AROUND_FRAMES = 2


@dataclass(frozen=True)
class Closed:
    """Measured gaps in S over the frames in which the lips are meant to touch; NaN if there are none."""

    median: float
    p95: float
    frames: int


@dataclass(frozen=True)
class Closure:
    """One M, B or P: the smallest gap measured within two frames of it, and whether that is closed."""

    phone: Phone
    gap: float
    closed: bool


def intended(opening: F64) -> Bools:
    """(frames,) where the lips are meant to touch."""
    return np.asarray(opening < INTENDED_CLOSED)


def when_intended(gap: F64, opening: F64) -> Closed:
    """How closed a measured mouth (frames,) is where an intended opening (frames,) says so."""
    count = min(len(gap), len(opening))
    shut = gap[:count][intended(opening[:count]) & ~np.isnan(gap[:count])]
    if not len(shut):
        return Closed(float("nan"), float("nan"), 0)
    return Closed(float(np.median(shut)), float(np.percentile(shut, 95)), len(shut))


def own(gap: F64) -> float:
    """What the mesh reads on a source's own closed lips, in S, from its gaps (frames,); a picture is one frame.

    The median of the least open tenth. It leans towards the low readings among those of touching lips, so it excuses
    less than it might. NaN if even these lips are parted, or no face is known.
    """
    known = np.sort(gap[~np.isnan(gap)])
    least = known[: max(1, round(LEAST_OPEN_SHARE * len(known)))]
    reading = float(np.median(least)) if len(least) else float("nan")
    return reading if reading <= PARTED_GAP else float("nan")


def at_phones(gap: F64, phones: tuple[Phone, ...], fps: float) -> tuple[Closure, ...]:
    """Each M, B and P of known phones; frame i shows the moment (i + ½) / fps."""
    return tuple(_closure(gap, phone, fps) for phone in phones if phone.name in BILABIALS)


def by_chance(gap: F64) -> float:
    """The share of all moments that have a closed frame within two frames: what `at_phones` would find anywhere."""
    return float((minimum_filter1d(np.nan_to_num(gap, nan=np.inf), 2 * AROUND_FRAMES + 1) <= CLOSED_GAP).mean())


def read_phones(path: Path) -> tuple[Phone, ...]:
    """Lines ``start end PHONE`` in seconds; PHONE in ARPAbet."""
    rows = (line.split() for line in path.read_text().splitlines() if line.strip())
    return tuple(Phone(name.upper(), float(start), float(end)) for start, end, name in rows)


def write_phones(path: Path, phones: tuple[Phone, ...]) -> None:
    """The same lines."""
    rows = (f"{phone.start_seconds:.3f} {phone.end_seconds:.3f} {phone.name}\n" for phone in phones)
    path.write_text("".join(rows))


def phones_beside(voice: Path) -> tuple[Phone, ...]:
    """The known phones of VOICE.wav, from VOICE.phones.txt; none if there is no such file."""
    path = voice.with_suffix(".phones.txt")
    return read_phones(path) if path.is_file() else ()


def _closure(gap: F64, phone: Phone, fps: float) -> Closure:
    first = int(phone.start_seconds * fps) - AROUND_FRAMES
    last = int(phone.end_seconds * fps) + AROUND_FRAMES
    near = gap[max(0, first) : last + 1]
    smallest = float(np.nanmin(near)) if len(near) and not np.isnan(near).all() else float("nan")
    return Closure(phone, smallest, smallest <= CLOSED_GAP)

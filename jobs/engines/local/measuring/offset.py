"""Owns the fourth question: are lips and sound of the finished file in time? Asked without the engine's own intention.

The measured opening is held against the sound of the file itself: against its loudness, or, where the voice's phones
are known, against the opening that those phones have.
"""

from pathlib import Path

import av
import numpy as np

from jobs.engines.local.files import media
from jobs.engines.local.measuring.following import correlation
from jobs.engines.local.shapes import F64, FEATURE_RATE_HZ, Phone
from jobs.engines.local.smoothing import gaussian
from jobs.engines.local.voice import audio
from jobs.engines.local.voice.visemes import SILENCE, VISEMES

MAX_LAG_SECONDS = 0.25
ARTICULATION_SIGMA = 4.0  # steps of 10 ms over which one phone's opening blends into the next


def lips_late_by(gap: F64, fps: float, wanted: F64) -> float:
    """Seconds by which a measured gap (frames,) comes after a wanted opening (n,) at 100 Hz; NaN if unknown."""
    steps = np.arange(len(wanted))
    at = np.flatnonzero(~np.isnan(gap))
    if len(at) < 2:
        return float("nan")
    moments = (at + 0.5) / fps * FEATURE_RATE_HZ
    fine = np.interp(steps, moments, gap[at], left=np.nan, right=np.nan)
    reach = round(MAX_LAG_SECONDS * FEATURE_RATE_HZ)
    by_lag = np.array([correlation(fine, wanted, lag) for lag in range(-reach, reach + 1)])
    if np.isnan(by_lag).any():
        return float("nan")
    best = int(np.argmax(by_lag))
    return float(best + _summit(by_lag, best) - reach) / FEATURE_RATE_HZ


def opening_by_loudness(video: Path) -> F64:
    """(n,) at 100 Hz on the picture's clock: how loud the file's sound is."""
    loudness = audio.features(media.read_speech(video)).loudness
    return shifted(gaussian(loudness, ARTICULATION_SIGMA), sound_begins(video))


def opening_by_phones(phones: tuple[Phone, ...], video: Path) -> F64:
    """(n,) at 100 Hz on the picture's clock: the opening that known phones ask for."""
    count = round(max(phone.end_seconds for phone in phones) * FEATURE_RATE_HZ)
    opening = np.zeros(count)
    for phone in phones:
        first, last = (round(at * FEATURE_RATE_HZ) for at in (phone.start_seconds, phone.end_seconds))
        opening[first:last] = VISEMES.get({"AX": "AH"}.get(phone.name, phone.name), VISEMES[SILENCE]).opening
    return shifted(gaussian(opening, ARTICULATION_SIGMA), sound_begins(video))


def sound_begins(video: Path) -> float:
    """Seconds from the first picture to the first sample of sound, by the file's own timestamps."""
    with av.open(str(video)) as container:
        picture = next(container.decode(video=0))
    with av.open(str(video)) as container:
        sound = next(container.decode(audio=0))
    return float((sound.time or 0.0) - (picture.time or 0.0))


def shifted(values: F64, seconds: float) -> F64:
    """(n,) at 100 Hz, so much later; NaN comes in before."""
    steps = round(seconds * FEATURE_RATE_HZ)
    if steps <= 0:
        return values[-steps:]
    return np.concatenate([np.full(steps, np.nan), values])


def _summit(values: F64, best: int) -> float:
    """Where a parabola through the best of values and its neighbours has its summit, −½ to ½."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, here, after = values[best - 1 : best + 2]
    bend = before - 2 * here + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0

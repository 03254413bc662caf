"""Music made by rule: chords, a bass and a drum, with nobody's voice in it."""

import numpy as np

from jobs.engines.local.shapes import F64, SPEECH_RATE_HZ

BEAT_SECONDS = 0.5
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones above C: C, Am, F, G
MIDDLE_C_HZ = 261.6
DECAY, DRUM_DECAY = 3.0, 30.0  # per second


def music(seconds: float) -> F64:
    """(n,) at 16 kHz, full scale 1: a chord struck on every beat for two bars of four chords, again and again."""
    time = np.arange(round(seconds * SPEECH_RATE_HZ)) / SPEECH_RATE_HZ
    beat, since = (time // BEAT_SECONDS).astype(int), time % BEAT_SECONDS
    notes = np.array(CHORDS)[beat // 4 % len(CHORDS)].T
    hertz = MIDDLE_C_HZ * 2 ** (np.vstack([notes, notes[:1] - 24]) / 12)
    phase = 2 * np.pi * np.cumsum(hertz, 1) / SPEECH_RATE_HZ
    struck = sum((np.sin(k * phase) / k**1.5).sum(0) for k in range(1, 8)) * np.exp(-DECAY * since)
    drum = np.random.default_rng(2).normal(size=len(time)) * np.exp(-DRUM_DECAY * since) * (beat % 2)
    sound = struck + drum
    return np.asarray(sound / np.abs(sound).max())

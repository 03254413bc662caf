"""Owns what the voice's signal says without understanding it: loudness, jaw and lip spread, in any language."""

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from jobs.engines.local.shapes import F64, FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, VoiceFeatures

WINDOW = 400  # 25 ms
HOP = SPEECH_RATE_HZ // FEATURE_RATE_HZ
FFT = 512
BLOCK = 2000  # windows analysed at a time: 20 s, so that memory does not grow with length
PRE_EMPHASIS = 0.9

# Energy bands in Hz.
BANDS = {
    "speech": (100, 4000),
    "open": (500, 1100),  # first formant of open vowels
    "close": (150, 420),  # … and of close ones
    "front": (1700, 3000),  # second formant of spread lips
    "back": (600, 1200),  # … and of rounded ones
}
SILENCE_DBFS = -58.0  # full scale; 14 dB above it is surely sound
SPEECH_RANGE_DB = (5.0, 8.0)  # a sound whose level varies by less than the first is noise; by the sum, speech
MIN_SPEECH_SECONDS = 0.1


def features(pcm: I16) -> VoiceFeatures:
    """(n,) 16 kHz mono → features at 100 Hz, one more than n // 160."""
    levels, rms_db = _band_levels(pcm)
    loudness = _relative_loudness(levels["speech"]) * np.clip((rms_db - SILENCE_DBFS) / 14, 0, 1)
    loudness *= _is_speech(levels["speech"])
    jaw = np.clip((levels["open"] - levels["close"] + 8) / 22, 0, 1)
    spread = np.clip((levels["front"] - levels["back"] + 4) / 14, -1, 1)
    return VoiceFeatures(loudness, jaw, spread)


def has_voice(voice: VoiceFeatures) -> bool:
    """Whether anything in it is loud and lively enough to be somebody speaking."""
    return float((voice.loudness > 0.25).sum()) / FEATURE_RATE_HZ >= MIN_SPEECH_SECONDS


def _band_levels(pcm: I16) -> tuple[dict[str, F64], F64]:
    """Energy of each band in dB, and the window's level in dB of full scale."""
    count = len(pcm) // HOP + 1
    frequency = np.arange(FFT // 2 + 1) * SPEECH_RATE_HZ / FFT
    picks = np.stack([(frequency >= low) & (frequency < high) for low, high in BANDS.values()]).astype(np.float32)
    picks /= picks.sum(1, keepdims=True)
    padded = np.pad(pcm, (WINDOW // 2, WINDOW + HOP))
    hann = np.hanning(WINDOW).astype(np.float32)
    bands = np.empty((len(BANDS), count))
    rms = np.empty(count)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        # One sample more in front, for the pre-emphasis.
        part = padded[max(0, first * HOP - 1) : (last - 1) * HOP + WINDOW].astype(np.float32) / 32768
        if first == 0:
            part = np.concatenate([part[:1], part])
        windows = np.lib.stride_tricks.sliding_window_view(part[1:], WINDOW)[::HOP]
        sharp = np.lib.stride_tricks.sliding_window_view(part[1:] - PRE_EMPHASIS * part[:-1], WINDOW)[::HOP]
        power = np.abs(np.fft.rfft(sharp * hann, FFT)) ** 2
        bands[:, first:last] = picks @ power.T
        rms[first:last] = np.sqrt((windows**2).mean(1))
    levels = 10 * np.log10(bands + 1e-9)
    return dict(zip(BANDS, levels, strict=True)), 20 * np.log10(rms + 1e-9)


def _relative_loudness(level_db: F64) -> F64:
    """0 to 1.15 against a reference that follows the speaker: half the clip's own loud level, half that of 1.5 s."""
    loud, quiet = np.percentile(level_db, (95, 5))
    nearby = gaussian_filter1d(maximum_filter1d(level_db, 151), 50)
    reference = np.maximum(0.5 * loud + 0.5 * nearby, loud - 15)
    span = float(np.clip(loud - max(quiet, loud - 45), 18, 35))
    return np.asarray(np.clip((level_db - (reference - span)) / span, 0, 1.15))


def _is_speech(level_db: F64) -> float:
    """0 for a hum or hiss that never changes, 1 for speech."""
    loud, quiet = np.percentile(level_db, (95, 5))
    return float(np.clip((loud - max(quiet, loud - 45) - SPEECH_RANGE_DB[0]) / SPEECH_RANGE_DB[1], 0, 1))

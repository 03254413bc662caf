"""Owns what the voice's signal says without understanding it: loudness, jaw and lip spread, in any language."""

import numpy as np

from jobs.engines.local import smoothing
from jobs.engines.local.shapes import F32, F64, FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, VoiceFeatures

WINDOW = 400  # 25 ms
HOP = SPEECH_RATE_HZ // FEATURE_RATE_HZ
FFT = 512
BLOCK = 500  # windows analysed at a time: 5 s, so that memory does not grow with length
PRE_EMPHASIS = 0.9

# Energy bands in Hz.
BANDS = {
    "speech": (100, 4000),
    "open": (500, 1100),  # first formant of open vowels
    "close": (150, 420),  # … and of close ones
    "front": (1700, 3000),  # second formant of spread lips
    "back": (600, 1200),  # … and of rounded ones
}
# Silence is so far below the recording's own loud level, within limits of full scale; 14 dB above it is surely sound.
SILENCE_BELOW_LOUD_DB = 40.0
SILENCE_DBFS = (-78.0, -58.0)
LOUD_SHARE, LOUD_SECONDS = 0.05, 0.3  # the loudest moments: this share of a recording, but no more than these seconds
SOUNDING_DB = 35.0  # below the loudest moments: what is softer is a pause
NOISE_DB = (
    -22.0,
    -14.0,
    -6.0,
)  # below loud: a floor up to the first is none, from the second on taken off, up to the third
NOISE_FACTOR = 1.4  # how much noise is taken off where its floor is 1
LIVELY_RANGE_DB = (5.0, 8.0)  # a sound none of whose bands varies by more than the first is noise; by the sum, speech
LIVELY_SIGMA = 3.0  # steps of 10 ms over which a band is averaged for that
EDGE = 3  # windows at each end, where even a hum changes: it begins and stops
MIN_SPEECH_SECONDS = 0.1


def features(pcm: I16) -> VoiceFeatures:
    """(n,) 16 kHz mono → features at 100 Hz, one more than n // 160."""
    levels, rms_db = _band_levels(pcm)
    loudness = _relative_loudness(_above_noise(levels["speech"]))
    loudness *= np.clip((rms_db - _silence_dbfs(rms_db)) / 14, 0, 1) * _liveliness(levels)
    jaw = np.clip((levels["open"] - levels["close"] + 8) / 22, 0, 1)
    spread = np.clip((levels["front"] - levels["back"] + 4) / 14, -1, 1)
    return VoiceFeatures(loudness, jaw, spread)


def has_voice(voice: VoiceFeatures) -> bool:
    """Whether anything in it is loud and lively enough to be somebody speaking."""
    return float((voice.loudness > 0.25).sum()) / FEATURE_RATE_HZ >= MIN_SPEECH_SECONDS


def _band_levels(pcm: I16) -> tuple[dict[str, F64], F64]:
    """Energy of each band in dB, and the window's level in dB of full scale, a constant offset aside."""
    count = len(pcm) // HOP + 1
    frequency = np.arange(FFT // 2 + 1) * SPEECH_RATE_HZ / FFT
    picks = np.stack([(frequency >= low) & (frequency < high) for low, high in BANDS.values()]).astype(np.float32)
    picks /= picks.sum(1, keepdims=True)
    hann = np.hanning(WINDOW).astype(np.float32)
    offset = np.float32(pcm.mean())
    bands, rms = np.empty((len(BANDS), count)), np.empty(count)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        part = _stretch(pcm, first * HOP - WINDOW // 2 - 1, (last - 1) * HOP + WINDOW // 2, offset)
        windows = np.lib.stride_tricks.sliding_window_view(part[1:], WINDOW)[::HOP]
        sharp = np.lib.stride_tricks.sliding_window_view(part[1:] - PRE_EMPHASIS * part[:-1], WINDOW)[::HOP]
        spectrum = np.fft.rfft(sharp * hann, FFT)
        bands[:, first:last] = picks @ (spectrum.real**2 + spectrum.imag**2).T
        rms[first:last] = windows.std(1)
    levels = 10 * np.log10(bands + 1e-9)
    return dict(zip(BANDS, levels, strict=True)), 20 * np.log10(rms + 1e-9)


def _stretch(pcm: I16, start: int, stop: int, offset: np.float32) -> F32:
    """Samples from `start` to `stop` less an offset, full scale 1; 0 beyond the ends."""
    inside = (pcm[max(0, start) : stop] - offset) / np.float32(32768)
    return np.pad(inside, (max(0, -start), stop - max(0, start) - len(inside)))


def _silence_dbfs(rms_db: F64) -> float:
    return float(np.clip(_loud(rms_db) - SILENCE_BELOW_LOUD_DB, *SILENCE_DBFS))


def _loud(level_db: F64) -> float:
    """The level of loud speech: the 95th percentile, pauses aside."""
    return float(np.percentile(level_db[level_db >= _loudest(level_db) - SOUNDING_DB], 95))


def _loudest(level_db: F64) -> float:
    moments = int(min(LOUD_SHARE * len(level_db), LOUD_SECONDS * FEATURE_RATE_HZ)) + 1
    return float(np.partition(level_db, -moments)[-moments])


def _above_noise(level_db: F64) -> F64:
    """The level less that of a steady noise behind the voice, if there is much."""
    loud, floor = _loud(level_db), float(np.percentile(level_db, 5))
    least, sure, most = NOISE_DB
    noise = 10 ** (min(floor, loud + most) / 10) * NOISE_FACTOR
    noise *= np.clip((floor - loud - least) / (sure - least), 0, 1)
    power = 10 ** (level_db / 10)
    return np.asarray(10 * np.log10(np.maximum(power - noise, power / 100)))


def _relative_loudness(level_db: F64) -> F64:
    """0 to 1.15 against a reference that follows the speaker: half the clip's own loud level, half that of 1.5 s."""
    loud, quiet = _loud(level_db), float(np.percentile(level_db, 5))
    nearby = smoothing.gaussian(smoothing.maximum(level_db, 151), 50)
    reference = np.maximum(0.5 * loud + 0.5 * nearby, loud - 15)
    span = float(np.clip(loud - max(quiet, loud - 45), 18, 35))
    return np.asarray(np.clip((level_db - (reference - span)) / span, 0, 1.15))


def _liveliness(levels: dict[str, F64]) -> float:
    """0 for a hum or hiss that never changes, 1 for a voice: singing and noise behind it leave some band that moves."""
    least = _loud(levels["speech"]) - 30
    steady = [smoothing.gaussian(np.maximum(level[EDGE:-EDGE], least), LIVELY_SIGMA) for level in levels.values()]
    span = max(_loudest(level) - float(np.percentile(level, 5)) for level in steady)
    return float(np.clip((span - LIVELY_RANGE_DB[0]) / LIVELY_RANGE_DB[1], 0, 1))

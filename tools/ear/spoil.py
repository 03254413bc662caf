"""What happens to a voice on its way into a recording: another speaker, a room, noise, music, a bad line."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter

from jobs.engines.local.shapes import SPEECH_RATE_HZ
from jobs.engines.local.voice.ear import HOP

Sound = NDArray[np.float64]
Labels = NDArray[np.int8]

PITCH = (0.78, 1.28)  # speed, pitch and the size of the mouth together
NOISE_SNR_DB = ((2.0, 30.0), (15.0, 45.0))  # of half the noisy ones each
LEAST_MUSIC_SNR_DB, LEAST_BABBLE_SNR_DB = 3.0, 6.0
ROOM_SECONDS = (0.1, 0.7)

WIDTH, CEPSTRA = 1024, 40  # samples of a window, every quarter of it one; coefficients that say what the mouth does
SLOWER = (1.3, 3.5)
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
LOWEST_NOTE_HZ = (90.0, 330.0)
NOTE_SECONDS, GLIDE_SECONDS = (0.25, 1.8), (0.02, 0.12)
VIBRATO_HZ, MOST_VIBRATO = (4.5, 6.5), 1.0  # semitones
HIGHEST_HZ, MOST_HARMONICS = 7600, 40
BREATH = (0.02, 0.3)


def spoiled(sound: Sound, labels: Labels, others: list[Sound], draw: Generator) -> tuple[Sound, Labels]:
    """(n,) and (n // 160 + 1,) → the same of another length; `others` are voices for babble behind it."""
    sound = levelled(sound)
    if draw.random() < 0.25:
        sound, labels = with_pause(sound, labels, draw)
    sound, labels = another_speaker(sound, labels, draw)
    if draw.random() < 0.06:
        sound = whispered(sound, draw)
    if draw.random() < 0.8:
        sound = coloured(sound, draw)
    if draw.random() < 0.35:
        sound = in_a_room(sound, draw)
    if draw.random() < 0.2:
        sound = narrow_band(sound, draw)
    sound = levelled(sound)
    if draw.random() < 0.6:
        sound = sound + noise(len(sound), others, draw)
    if draw.random() < 0.1:
        limit = draw.uniform(0.8, 2.5)
        sound = np.clip(sound, -limit, limit)
    return sound, labels


def levelled(sound: Sound) -> Sound:
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-6))


def with_pause(sound: Sound, labels: Labels, draw: Generator) -> tuple[Sound, Labels]:
    steps = int(draw.integers(20, 150))
    silence, nobody = np.zeros(steps * HOP), np.zeros(steps, np.int8)
    if draw.random() < 0.5:
        return np.concatenate([silence, sound]), np.concatenate([nobody, labels])
    whole = len(sound) // HOP
    return np.concatenate([sound[: whole * HOP], silence]), np.concatenate([labels[:whole], nobody, nobody[:1]])


def another_speaker(sound: Sound, labels: Labels, draw: Generator) -> tuple[Sound, Labels]:
    factor = np.exp(draw.uniform(*np.log(PITCH)))
    moments = np.arange(0, len(sound) - 1, factor)
    steps = np.arange(len(moments) // HOP + 1) * factor
    return np.interp(moments, np.arange(len(sound)), sound), labels[steps.round().astype(int).clip(0, len(labels) - 1)]


def whispered(sound: Sound, draw: Generator) -> Sound:
    """The envelope of the spectrum filled with noise, and less of it below 1200 Hz."""
    noise = draw.normal(size=len(sound))
    filled = np.exp(envelope(sound) + 1j * np.angle(spectra(noise)))
    filled *= np.clip(np.fft.rfftfreq(WIDTH, 1 / SPEECH_RATE_HZ) / 1200, 0.08, 1)
    return joined(filled, len(sound))


def sung(sound: Sound, draw: Generator) -> Sound:
    """Slowed down, and on the notes of a scale: the envelope of the spectrum filled with their harmonics."""
    slower = draw.uniform(*SLOWER)
    length = int(len(sound) * slower)
    phase = 2 * np.pi * np.cumsum(melody(length, draw)) / SPEECH_RATE_HZ
    hertz = np.gradient(phase) * SPEECH_RATE_HZ / 2 / np.pi
    breath = draw.normal(size=length) * draw.uniform(*BREATH)
    tone = breath + sum(np.where(hertz * k < HIGHEST_HZ, np.cos(k * phase), 0) for k in range(1, MOST_HARMONICS))
    filled = spectra(tone)
    shape = envelope(sound)
    places = (np.arange(len(filled)) / slower).clip(0, len(shape) - 1.001)
    before, share = places.astype(int), (places % 1)[:, None]
    return joined(np.exp(shape[before] * (1 - share) + shape[before + 1] * share) * filled, length)


def melody(length: int, draw: Generator) -> Sound:
    """(n,) → pitch in Hz: notes of a major scale, gliding into one another, with a vibrato."""
    lowest_hz = draw.uniform(*LOWEST_NOTE_HZ)
    notes: list[Sound] = []
    while sum(map(len, notes)) < length:
        note_hz = lowest_hz * 2 ** (SCALE[draw.integers(len(SCALE))] / 12)
        notes.append(np.full(int(draw.uniform(*NOTE_SECONDS) * SPEECH_RATE_HZ), note_hz))
    glide = 2 * int(draw.uniform(*GLIDE_SECONDS) * SPEECH_RATE_HZ / 2) + 1
    pitch = np.convolve(np.pad(np.concatenate(notes)[:length], glide // 2, "edge"), np.full(glide, 1 / glide), "valid")
    vibrato = np.sin(2 * np.pi * draw.uniform(*VIBRATO_HZ) * np.arange(length) / SPEECH_RATE_HZ)
    return np.asarray(pitch * 2 ** (draw.uniform(0, MOST_VIBRATO) / 12 * vibrato))


def spectra(sound: Sound) -> NDArray[np.complex128]:
    """(n,) → (windows, frequencies): a window of `WIDTH` samples every `WIDTH // 4`."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(sound, WIDTH // 2), WIDTH)[:: WIDTH // 4]
    return np.asarray(np.fft.rfft(windows * np.hanning(WIDTH)))


def envelope(sound: Sound) -> Sound:
    """(n,) → (windows, frequencies): the logarithm of what the mouth makes of any source, by the cepstrum."""
    cepstra = np.fft.irfft(np.log(np.abs(spectra(sound)) + 1e-4))
    cepstra[:, CEPSTRA:-CEPSTRA] = 0
    return np.fft.rfft(cepstra).real


def joined(windows: NDArray[np.complex128], length: int) -> Sound:
    """(windows, frequencies) → (length,): the other way round."""
    shaped = np.fft.irfft(windows) * np.hanning(WIDTH)
    result = np.zeros((len(shaped) + 4) * (WIDTH // 4))
    for number, window in enumerate(shaped):
        result[number * (WIDTH // 4) :][:WIDTH] += window
    return result[WIDTH // 2 :][:length]


def coloured(sound: Sound, draw: Generator) -> Sound:
    """Tilted, with up to two peaks or dips of 9 dB (the audio cookbook's peaking filter)."""
    sound = lfilter([1, draw.uniform(-0.7, 0.7)], [1], sound)
    for _ in range(draw.integers(0, 3)):
        angle = 2 * np.pi * draw.uniform(150, 6500) / SPEECH_RATE_HZ
        alpha = np.sin(angle) / 2 / draw.uniform(0.5, 2)
        gain = 10 ** (draw.uniform(-9, 9) / 40)
        ahead = np.array([1 + alpha * gain, -2 * np.cos(angle), 1 - alpha * gain])
        back = np.array([1 + alpha / gain, -2 * np.cos(angle), 1 - alpha / gain])
        sound = lfilter(ahead / back[0], back / back[0], sound)
    return np.asarray(sound)


def in_a_room(sound: Sound, draw: Generator) -> Sound:
    length = int(draw.uniform(*ROOM_SECONDS) * SPEECH_RATE_HZ)
    echo = draw.normal(size=length) * np.exp(-6.9 * np.arange(length) / length)
    echo[:16] = 0
    if draw.random() < 0.5:
        echo = lfilter([0.5], [1, -0.5], echo)
    echo *= draw.uniform(0.1, 0.9) / np.sqrt((echo**2).sum())
    echo[0] = 1
    size = 1 << (len(sound) + length).bit_length()
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size), size)[: len(sound)]


def narrow_band(sound: Sound, draw: Generator) -> Sound:
    low_hz, high_hz = draw.uniform(60, 300), draw.uniform(3200, 5500)
    hertz = np.fft.rfftfreq(len(sound), 1 / SPEECH_RATE_HZ).clip(1)
    return np.fft.irfft(np.fft.rfft(sound) / (1 + (hertz / high_hz) ** 16) / (1 + (low_hz / hertz) ** 6), len(sound))


def noise(length: int, others: list[Sound], draw: Generator) -> Sound:
    snr_db = draw.uniform(*NOISE_SNR_DB[draw.integers(2)])
    match int(draw.integers(5)):
        case 0:
            sound = draw.normal(size=length)
        case 1:
            sound = lfilter([1], [1, -0.95], draw.normal(size=length))
        case 2:
            beat = 1 + 0.8 * np.sin(np.arange(length) / SPEECH_RATE_HZ * 2 * np.pi * draw.uniform(0.5, 6))
            sound = lfilter([1], [1, -0.7], draw.normal(size=length)) * beat
        case 3:
            sound, snr_db = music(length, draw), max(snr_db, LEAST_MUSIC_SNR_DB)
        case _:
            sound, snr_db = sum(np.resize(other, length) for other in others), max(snr_db, LEAST_BABBLE_SNR_DB)
    return levelled(np.asarray(sound)) * 10 ** (-snr_db / 20)


def music(length: int, draw: Generator) -> Sound:
    """A few notes plucked again and again."""
    time = np.arange(length) / SPEECH_RATE_HZ
    sound = np.zeros(length)
    for _ in range(draw.integers(2, 7)):
        hertz = 55 * 2 ** (draw.integers(0, 40) / 12)
        period = draw.uniform(0.15, 0.8)
        plucked = np.exp(-((time + draw.uniform(0, 1)) % period) * draw.uniform(1, 8))
        for harmonic in range(1, draw.integers(2, 9)):
            sound += plucked * np.sin(2 * np.pi * hertz * harmonic * time + draw.uniform(0, 6)) / harmonic
    return sound

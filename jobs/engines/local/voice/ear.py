"""Owns the ear's network: from sound to what it makes of it every 10 ms, and how likely that makes each phone.

Log mel energies → a convolution over 50 ms → four residual convolutions with growing gaps → phones; ±170 ms of context.
`tools/ear` makes the voices it learns from, and trains it; `ear.npz` holds its weights as whole numbers of 8 bits with
a scale for each output.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jobs.engines.local.shapes import F32, FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, Bools

WEIGHTS = Path(__file__).with_name("ear.npz")

# What the network puts out, in this order.
PHONES = (
    *("SIL", "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW", "B", "P", "M"),
    *("F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "CH", "JH", "T", "D", "N", "L", "R", "K", "G", "NG", "HH", "W", "Y"),
)

WINDOW = 400  # 25 ms
HOP = SPEECH_RATE_HZ // FEATURE_RATE_HZ
FFT = 512
BLOCK = 500  # windows transformed at a time
PRE_EMPHASIS = np.float32(0.9)
MELS = 40
MEL_RANGE_HZ = (60.0, 7600.0)

# Levels are taken against the loud ones of the piece, and each band against its mean while somebody speaks.
LOUD_PERCENTILE = 95
FLOOR = np.float32(1e-5)  # 50 dB below loud: what is softer says nothing
SOUNDING = np.float32(1e-3)  # 30 dB below loud
PRIOR_WINDOWS = 100  # how many windows the usual mean counts for

GAPS = (1, 2, 4, 8)  # between the three taps of each residual convolution


class Network(NamedTuple):
    """Weights as (taps, in, out) and biases as (out,); `usual` is the (MELS,) mean of the voices it learned from."""

    usual: F32
    first: tuple[F32, F32]
    residual: tuple[tuple[F32, F32], ...]
    last: tuple[F32, F32]


class Impression(NamedTuple):
    """What the ear makes of a sound, at each of n steps of 10 ms.

    `hidden` (n, channels) is what the network knows, `logs` (n, phones) the logarithm of each phone's share, and
    `sounding` (n,) whether it is not much softer than the loud moments.
    """

    hidden: F32
    logs: F32
    sounding: Bools


def impression(pcm: I16) -> Impression:
    """(n,) 16 kHz mono → what the ear makes of its n // 160 + 1 steps."""
    network, energies = load(), mel_energies(pcm)
    hidden = np.maximum(_convolved(normalised(energies, network.usual), *network.first, gap=1), 0)
    for (weights, bias), gap in zip(network.residual, GAPS, strict=True):
        hidden += np.maximum(_convolved(hidden, weights, bias, gap), 0)
    scores = _convolved(hidden, *network.last, gap=1)
    scores -= scores.max(1, keepdims=True)
    logs = np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)), np.float32)
    return Impression(hidden, logs, _sounding(energies))


def mel_energies(pcm: I16) -> F32:
    """(n,) → (n // 160 + 1, MELS) mean power in each band, of windows centred on multiples of 10 ms."""
    count = len(pcm) // HOP + 1
    bank, shape = mel_bank().T, np.hanning(WINDOW).astype(np.float32)
    sound = pcm.astype(np.float32)
    sound = np.pad((sound - sound.mean()) / np.float32(32768), (WINDOW // 2 + 1, WINDOW + HOP))
    sharp = sound[1:] - PRE_EMPHASIS * sound[:-1]
    windows = np.lib.stride_tricks.sliding_window_view(sharp, WINDOW)[::HOP][:count]
    energies = np.empty((count, MELS), np.float32)
    for first in range(0, count, BLOCK):
        spectrum = np.fft.rfft(windows[first : first + BLOCK] * shape, FFT)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        energies[first : first + BLOCK] = power @ bank
    return energies


def normalised(energies: F32, usual: F32) -> F32:
    """(n, MELS) → their logarithms, independent of the recording's level and, mostly, of its colour."""
    logs, sounding = np.log10(energies / _loud(energies) + FLOOR), _sounding(energies)
    mean = (logs[sounding].sum(0) + PRIOR_WINDOWS * usual) / (sounding.sum() + PRIOR_WINDOWS)
    return np.asarray(logs - mean, np.float32)


def _loud(energies: F32) -> np.float32:
    return np.float32(np.percentile(energies.mean(1), LOUD_PERCENTILE) + 1e-12)


def _sounding(energies: F32) -> Bools:
    return np.asarray(energies.mean(1) > _loud(energies) * SOUNDING)


@cache
def mel_bank() -> F32:
    """(MELS, frequencies): triangles of equal weight, equally wide on the mel scale (O'Shaughnessy's)."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in MEL_RANGE_HZ)
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    frequency = np.arange(FFT // 2 + 1) * SPEECH_RATE_HZ / FFT
    before, centre, after = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.minimum((frequency - before) / (centre - before), (after - frequency) / (after - centre)).clip(0)
    return np.asarray(bank / bank.sum(1, keepdims=True), np.float32)


@cache
def load() -> Network:
    with np.load(WEIGHTS) as file:
        usual = np.asarray(file["usual"], np.float32)
        layers = [
            (file[f"weights{k}"] * file[f"scale{k}"].astype(np.float32), file[f"bias{k}"].astype(np.float32))
            for k in range(len(GAPS) + 2)
        ]
    return Network(usual, layers[0], tuple(layers[1:-1]), layers[-1])


def _convolved(values: F32, weights: F32, bias: F32, gap: int) -> F32:
    """(n, in) → (n, out) with as many taps as `weights` has, `gap` apart; nothing is beyond the ends."""
    taps, reach = len(weights), len(weights) // 2 * gap
    padded = np.pad(values, ((reach, reach), (0, 0)))
    result = np.tile(bias, (len(values), 1))
    for tap in range(taps):
        result += padded[tap * gap :][: len(values)] @ weights[tap]
    return result

"""Trains the ear's network on what `voices.py` made, and writes its weights where the engine reads them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import spoil
import torch
from numpy.random import Generator
from torch import Tensor, nn

from jobs.engines.local.shapes import F32, I16, SPEECH_RATE_HZ
from jobs.engines.local.voice import ear
from jobs.engines.local.voice.ear import GAPS, HOP, MELS, PHONES

CHANNELS = 160
DROPOUT = 0.05
CLOSURE_WEIGHT = 1.5  # M, B and P matter most to the eye
LABEL_SMOOTHING = 0.02

BATCH, BATCH_STEPS = 24, 300
EXAMPLE_SECONDS = (2, 6)
POOL, FRESH_SHARE = 1200, 0.25  # spoiling takes longer than learning: each example is used about four times
LEARNING_RATE = 4e-3
WARM_UP = 50  # batches

# How often a voice is drawn: the most natural one most.
SHARES = {"awb": 2.0, "slt": 2.0, "cmu_us_slt_arctic_hts": 1.5, "kal": 0.5, "kal16": 0.7}
USUAL_SHARE = 0.7

Utterance = tuple[I16, spoil.Labels]


class Net(nn.Module):
    """As `ear.impression`, with normalisation that is folded into the weights when they are written."""

    def __init__(self) -> None:
        super().__init__()
        first = nn.Conv1d(MELS, CHANNELS, 5, padding=2)
        others = [nn.Conv1d(CHANNELS, CHANNELS, 3, padding=gap, dilation=gap) for gap in GAPS]
        self.layers = nn.ModuleList([first, *others])
        self.norms = nn.ModuleList(nn.BatchNorm1d(CHANNELS) for _ in self.layers)
        self.last = nn.Conv1d(CHANNELS, len(PHONES), 1)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, sound: Tensor) -> Tensor:
        hidden: Tensor | None = None
        for layer, norm in zip(self.layers, self.norms, strict=True):
            added = torch.relu(norm(layer(sound if hidden is None else hidden)))
            hidden = added if hidden is None else hidden + added
        return self.last(self.drop(hidden))


class Examples(torch.utils.data.IterableDataset):
    """Batches of (BATCH, MELS, steps) sound and (BATCH, steps) phones, −1 where they are unknown."""

    def __init__(self, voices: dict[str, list[Utterance]], usual: F32, seed: int) -> None:
        self.voices, self.usual, self.seed = voices, usual, seed
        shares = np.array([SHARES.get(name, USUAL_SHARE) for name in voices])
        self.shares = shares / shares.sum()

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        draw = np.random.default_rng(self.seed)
        pool: list[tuple[F32, spoil.Labels]] = []
        while True:
            sound = np.zeros((BATCH, MELS, BATCH_STEPS), np.float32)
            phones = np.full((BATCH, BATCH_STEPS), -1, np.int64)
            for row in range(BATCH):
                if len(pool) < POOL or draw.random() < FRESH_SHARE:
                    pool.append(self._example(draw))
                    del pool[: len(pool) - POOL]
                seen, said = pool[draw.integers(len(pool))]
                steps = min(len(seen), len(said), BATCH_STEPS)
                first = draw.integers(0, min(len(seen), len(said)) - steps + 1)
                sound[row, :, :steps] = seen[first : first + steps].T
                phones[row, :steps] = said[first : first + steps]
            yield torch.from_numpy(sound), torch.from_numpy(phones)

    def _utterance(self, draw: Generator) -> Utterance:
        utterances = self.voices[draw.choice(list(self.voices), p=self.shares)]
        return utterances[draw.integers(len(utterances))]

    def _example(self, draw: Generator) -> tuple[F32, spoil.Labels]:
        sound, labels = self._utterance(draw)
        steps = int(draw.integers(*EXAMPLE_SECONDS)) * SPEECH_RATE_HZ // HOP
        first = int(draw.integers(0, max(1, len(labels) - steps)))
        piece = sound[first * HOP : (first + steps) * HOP].astype(np.float64)
        others = [self._utterance(draw)[0].astype(np.float64) for _ in range(draw.integers(2, 6))]
        spoiled, said = spoil.spoiled(piece, labels[first : first + steps], others, draw)
        pcm = (spoiled * 16_000 / np.abs(spoiled).max()).astype(np.int16)
        return ear.normalised(ear.mel_energies(pcm), self.usual), said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    voices = {path.stem: list(read(path)) for path in sorted(given.folder.glob("*.npz"))}
    usual = usual_mean(voices, np.random.default_rng(given.seed))
    net = trained(Examples(voices, usual, given.seed), given.minutes)
    np.savez_compressed(ear.WEIGHTS, usual=usual, **small(net))


def read(path: Path) -> Iterator[Utterance]:
    with np.load(path) as file:
        sound, phones, ends = file["sound"], file["phones"], np.cumsum(file["lengths"])
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        if end - start > SPEECH_RATE_HZ:
            yield sound[start:end], phones[start // HOP : end // HOP]


def usual_mean(voices: dict[str, list[Utterance]], draw: Generator) -> F32:
    """(MELS,) of unspoiled voices."""
    nothing = np.zeros(MELS, np.float32)
    utterances = [utterance for voice in voices.values() for utterance in voice]
    means = []
    for number in draw.integers(0, len(utterances), 200):
        energies = ear.mel_energies(utterances[number][0])
        level = energies.mean(1)
        loud = np.percentile(level, ear.LOUD_PERCENTILE)
        means.append(np.log10(energies / loud + ear.FLOOR)[level > loud * ear.SOUNDING].mean(0))
    return np.asarray(np.mean(means, 0) + nothing, np.float32)


def trained(examples: Examples, minutes: float) -> Net:
    """The learning rate falls with the time that is left."""
    net, start = Net(), time.monotonic()
    weight = torch.ones(len(PHONES))
    weight[[PHONES.index(phone) for phone in "BPM"]] = CLOSURE_WEIGHT
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
    batches = torch.utils.data.DataLoader(examples, batch_size=None, num_workers=1, prefetch_factor=8)
    for number, (sound, phones) in enumerate(batches):
        left = 1 - (time.monotonic() - start) / 60 / minutes
        if left <= 0:
            break
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (number + 1) / WARM_UP) * (min(1, 1.6 * left) ** 1.5 + 0.005)
        hide_bands(sound)
        scores = net(sound)
        loss = nn.functional.cross_entropy(scores, phones, weight, ignore_index=-1, label_smoothing=LABEL_SMOOTHING)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if number % 100 == 0:
            right = (scores.argmax(1) == phones)[phones >= 0].float().mean()
            sys.stdout.write(f"{number}: {60 * minutes * left:.0f} s left, loss {loss:.3f}, right {right:.3f}\n")
    return net


def hide_bands(sound: Tensor) -> None:
    """Nothing in a few neighbouring bands of every third example, twice."""
    for _ in range(2):
        first, count = np.random.randint(0, MELS - 4), np.random.randint(1, 6)
        sound[::3, first : first + count] = 0


def small(net: Net) -> dict[str, np.ndarray]:
    """Weights as (taps, in, out) whole numbers, with a scale and a bias for each output."""
    written: dict[str, np.ndarray] = {}
    for number, layer in enumerate([*net.layers, net.last]):
        weights = layer.weight.detach().numpy().transpose(2, 1, 0)
        bias = layer.bias.detach().numpy()
        if number < len(net.norms):
            norm = net.norms[number]
            gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
            weights = weights * gain
            bias = (bias - norm.running_mean.numpy()) * gain + norm.bias.detach().numpy()
        scale = np.abs(weights).max((0, 1)) / 127
        written[f"weights{number}"] = np.ascontiguousarray(
            np.round(weights / scale), np.int8
        )  # in rows, or it multiplies slowly
        written[f"scale{number}"] = scale.astype(np.float32)
        written[f"bias{number}"] = bias.astype(np.float32)
    return written


if __name__ == "__main__":
    main()

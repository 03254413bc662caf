"""Finds the weights by which the engine tells somebody's voice from music and noise, and says how well they do.

Learns from what Debian's free games carry, unpacked into one folder, and from espeak-ng in many languages: voices,
alone, spoiled, sung and in music; music and noise alone. It judges by speakers, languages and a game's music that it
did not learn from.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

import numpy as np
import spoil
import texts
from numpy.random import Generator
from scipy.optimize import minimize
from scipy.special import expit

from jobs.engines.local.files import media
from jobs.engines.local.shapes import F32, F64, SPEECH_RATE_HZ
from jobs.engines.local.voice import activity, ear
from jobs.engines.local.voice.activity import STEPS
from jobs.errors import InvalidInput

VOICES, MUSIC = "**/voices/*/*.ogg", ("**/[mM]usic/**/*.ogg", "**/[mM]usic/**/*.opus")
LEAST_SECONDS = 3.0  # of music
MOST_SECONDS = 60  # of a piece of music

# Not learned from. The opera singer's are divided: nothing else is like them.
JUDGED_VOICES, JUDGED_MUSIC = ("Default_uk", "Pirate", "Robot", "Surfer"), "hedgewars"
SINGER = "Singer"

# espeak-ng's name of a language and Django's, whose translations are spoken; each by one of the variants in turn.
LANGUAGES = {
    **{name: name for name in ("ar", "de", "el", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "vi")},
    **{"cmn": "zh_Hans", "sw": "sw", "fi": "fi", "uk": "uk", "hu": "hu", "fa": "fa", "id": "id", "da": "da"},
}
JUDGED_LANGUAGES = ("ko", "sw", "uk")
VARIANTS = ("m1", "f2", "m3", "f3", "m7", "f5", "croak", "m4")
TEXTS, WORDS_PER_MINUTE = 10, (120, 230)

VOICE_COUNT, MIX_COUNT, MUSIC_COUNT, NOISE_COUNT = 16, 16, 5, 100  # examples of each voice, piece of music; of noise
VOICE_SECONDS, ALONE_SECONDS, MUSIC_SECONDS = (3, 14), (0, 5), (4, 16)
SUNG, WHISPERED, COLOURED, ROOM, NARROW, NOISY = 0.25, 0.08, 0.5, 0.3, 0.15, 0.6  # how often
NOISE_SHARE = 0.25  # of what begins before a voice; the rest is music
SNR_DB, NOISE_SNR_DB = (0.0, 20.0), (-5.0, 20.0)
LOUD_DB = 22.0  # below a voice's loud moments: what is softer is not asked for
EDGE_STEPS = 50  # of music before and after a voice: it may be either
EVERY = 3  # tenths of a second: neighbours say the same
PENALTY = 1e-3

NOBODY, SOMEBODY, EITHER = 0, 1, -1


class Example(NamedTuple):
    """(n,) 16 kHz mono, and for each step of the ear who is there."""

    kind: str
    sound: spoil.Sound
    labels: spoil.Labels


class Judged(NamedTuple):
    kind: str
    reading: F32
    labels: spoil.Labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=Path, required=True, help="where Django is installed")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = np.random.default_rng(given.seed)
    voices, music = read_voices(given.folder) | synthetic_voices(given.texts, draw), read_music(given.folder)
    for name, sounds in (("voices", voices), ("pieces of music", music)):
        minutes = sum(map(len, sounds.values())) / SPEECH_RATE_HZ / 60
        sys.stdout.write(f"{len(sounds)} {name}, {minutes:.0f} min\n")
    judged_music = [sound for path, sound in music.items() if JUDGED_MUSIC in path]
    other_music = [sound for path, sound in music.items() if JUDGED_MUSIC not in path]
    judged = {name: voice for name, voice in voices.items() if name in (*JUDGED_VOICES, *JUDGED_LANGUAGES)}
    others = {name: voice for name, voice in voices.items() if name not in (*JUDGED_VOICES, *JUDGED_LANGUAGES)}
    judged[SINGER], others[SINGER] = np.array_split(others[SINGER], 2)
    learned = list(readings(examples(others, other_music, draw)))
    weights, bias = fitted(learned)
    np.savez(activity.WEIGHTS, weights=weights, bias=bias)
    judge(list(readings(examples(judged, judged_music, draw))))


def read_voices(folder: Path) -> dict[str, spoil.Sound]:
    """Each speaker's utterances one after the other, equally loud, with short pauses."""
    pause = np.zeros(SPEECH_RATE_HZ // 4)
    voices: dict[str, list[spoil.Sound]] = {}
    for path in sorted(folder.glob(VOICES)):
        for sound in decoded(path):
            voices.setdefault(path.parent.name, []).extend([spoil.levelled(sound), pause])
    return {name: np.concatenate(sounds) for name, sounds in voices.items()}


def synthetic_voices(django: Path, draw: Generator) -> dict[str, spoil.Sound]:
    voices = {}
    for number, (language, locale) in enumerate(LANGUAGES.items()):
        said = texts.translations(django, locale, TEXTS, number)
        voice = f"{language}+{VARIANTS[number % len(VARIANTS)]}"
        sounds = [spoil.levelled(sound) for text in said for sound in pronounced(text, voice, draw)]
        voices[language] = np.concatenate(sounds)
    return voices


def pronounced(text: str, voice: str, draw: Generator) -> Iterator[spoil.Sound]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        speed = str(draw.integers(*WORDS_PER_MINUTE))
        subprocess.run(["espeak-ng", "-v", voice, "-s", speed, "-w", file.name, text], check=True)  # noqa: S603, S607
        yield from decoded(Path(file.name))


def read_music(folder: Path) -> dict[str, spoil.Sound]:
    paths = sorted(path for pattern in MUSIC for path in folder.glob(pattern))
    pieces = {str(path.relative_to(folder)): piece for path in paths for piece in decoded(path)}
    return {path: piece for path, piece in pieces.items() if len(piece) > LEAST_SECONDS * SPEECH_RATE_HZ}


def decoded(path: Path) -> Iterator[spoil.Sound]:
    """Nothing where the engine would refuse it: a cry of .2 s, an hour of music."""
    with suppress(InvalidInput):
        yield media.read_speech(path)[: MOST_SECONDS * SPEECH_RATE_HZ].astype(np.float64)


def examples(voices: dict[str, spoil.Sound], music: list[spoil.Sound], draw: Generator) -> Iterator[Example]:
    for name, voice in voices.items():
        kind = "opera" if name == SINGER else "voice"
        for _ in range(VOICE_COUNT):
            sound = spoiled(cut(voice, VOICE_SECONDS, draw), draw)
            said = spoken(sound)
            if draw.random() < NOISY:
                snr_db = draw.uniform(*NOISE_SNR_DB)
                sound = sound + noise(len(sound), draw) * 10 ** (-snr_db / 20)
                yield Example(f"{kind} in noise, {int(snr_db // 5) * 5} dB", sound, said)
            else:
                yield Example(kind, sound, said)
        for _ in range(MIX_COUNT):
            yield in_music(kind, spoiled(cut(voice, VOICE_SECONDS, draw), draw), music, draw)
    for piece in music:
        for _ in range(MUSIC_COUNT):
            sound = cut(piece, MUSIC_SECONDS, draw)
            labels = np.where(spoken(sound) == SOMEBODY, NOBODY, EITHER)
            if draw.random() < NOISY / 2:
                sound = sound + noise(len(sound), draw) * 10 ** (-draw.uniform(*SNR_DB) / 20)
            yield Example("music", sound, labels)
    for _ in range(NOISE_COUNT):
        sound = noise(int(draw.uniform(*MUSIC_SECONDS) * SPEECH_RATE_HZ), draw)
        yield Example("noise", sound, np.full(len(sound) // ear.HOP, NOBODY, np.int8))


def noise(length: int, draw: Generator) -> spoil.Sound:
    """(length,) of any kind, as loud as a voice."""
    return spoil.levelled(spoil.noise(length, [draw.normal(size=SPEECH_RATE_HZ)], draw))


def cut(sound: spoil.Sound, seconds: tuple[float, float], draw: Generator) -> spoil.Sound:
    length = int(draw.uniform(*seconds) * SPEECH_RATE_HZ)
    first = int(draw.integers(0, max(1, len(sound) - length)))
    return spoil.levelled(sound[first : first + length])


def spoiled(voice: spoil.Sound, draw: Generator) -> spoil.Sound:
    if draw.random() < SUNG:
        voice = spoil.sung(voice[: len(voice) // 2], draw)
    elif draw.random() < WHISPERED:
        voice = spoil.whispered(voice, draw)
    for change, often in ((spoil.coloured, COLOURED), (spoil.in_a_room, ROOM), (spoil.narrow_band, NARROW)):
        if draw.random() < often:
            voice = change(voice, draw)
    return spoil.levelled(voice)


def spoken(sound: spoil.Sound) -> spoil.Labels:
    """Somebody where it is loud, either where it is soft."""
    count = len(sound) // ear.HOP
    level_db = 20 * np.log10(sound[: count * ear.HOP].reshape(count, ear.HOP).std(1) + 1e-4)
    return np.where(level_db > np.percentile(level_db, 90) - LOUD_DB, SOMEBODY, EITHER).astype(np.int8)


def in_music(kind: str, voice: spoil.Sound, music: list[spoil.Sound], draw: Generator) -> Example:
    """Music, or now and then noise, begins before the voice and ends after it."""
    before, after = (int(seconds * SPEECH_RATE_HZ) for seconds in draw.uniform(*ALONE_SECONDS, 2))
    sound = np.concatenate([np.zeros(before), voice, np.zeros(after)])
    if draw.random() < NOISE_SHARE:
        piece = noise(len(sound), draw)
    else:
        piece = np.resize(cut(music[draw.integers(len(music))], (20, 21), draw), len(sound))
    snr_db = draw.uniform(*SNR_DB)
    labels = np.full(len(sound) // ear.HOP, NOBODY, np.int8)
    first, said = before // ear.HOP, spoken(voice)
    labels[max(0, first - EDGE_STEPS) : first + len(said) + EDGE_STEPS] = EITHER
    labels[first : first + len(said)] = said[: len(labels) - first]
    return Example(f"{kind} in music, {int(snr_db // 5) * 5} dB", sound + piece * 10 ** (-snr_db / 20), labels)


def readings(made: Iterator[Example]) -> Iterator[Judged]:
    with Pool() as pool:
        yield from pool.imap(read, made, chunksize=8)


def read(example: Example) -> Judged:
    sound = example.sound / max(np.abs(example.sound).max(), 1e-9) * 16_000
    reading = activity.reading(ear.impression(sound.astype(np.int16)))
    return Judged(example.kind, reading, example.labels[STEPS // 2 :: STEPS][: len(reading)])


def fitted(learned: list[Judged]) -> tuple[F32, np.float32]:
    """Logistic regression, with nobody and somebody weighing the same."""
    said = [(one.reading[: len(one.labels)], one.labels) for one in learned]
    chosen = [(reading[labels != EITHER][::EVERY], labels[labels != EITHER][::EVERY]) for reading, labels in said]
    values, labels = (np.concatenate(part) for part in zip(*chosen, strict=True))
    mean, spread = values.mean(0), values.std(0) + 1e-3
    scaled = ((values - mean) / spread).astype(np.float64)
    importance = np.where(labels == SOMEBODY, 0.5 / (labels == SOMEBODY).mean(), 0.5 / (labels == NOBODY).mean())

    def loss(weights: F64) -> tuple[float, F64]:
        odds = scaled @ weights[:-1] + weights[-1]
        cost = importance * (np.logaddexp(0, odds) - labels * odds)
        slope = importance * (expit(odds) - labels) / len(labels)
        penalty = PENALTY * np.append(weights[:-1], 0)
        return cost.mean() + 0.5 * penalty @ weights, np.append(slope @ scaled, slope.sum()) + penalty

    found = minimize(loss, np.zeros(scaled.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    return weights.astype(np.float32), np.float32(found[-1] - mean @ weights)


def judge(judged: list[Judged]) -> None:
    """How much of somebody's time is taken for nobody's and lost, and how much of nobody's is found."""
    weights, bias = activity.load()
    shares: dict[tuple[str, int], list[float]] = {}
    for kind, reading, labels in judged:
        alone = activity.alone(reading @ weights + bias)[: len(labels)]
        for label in (NOBODY, SOMEBODY):
            if (labels == label).any():
                shares.setdefault((kind, label), []).append(float(alone[labels == label].mean()))
    for (kind, label), found in sorted(shares.items()):
        what = "somebody, lost" if label == SOMEBODY else "nobody, found"
        sys.stdout.write(f"{kind}: {what} {100 * np.mean(found):.1f} % of {len(found)}\n")


if __name__ == "__main__":
    main()

"""Owns the hearing: which phones are spoken when.

The ear says of each moment how likely each phone is, in any language; the likeliest path through that is one answer.
English words are another, and a better one where they fit: their phones, at the times that suit the ear best, are taken
wherever the ear does not contradict the word. Of a real English speaker's M, B and P that finds 93 %, and 5 % of what
it finds are none; the ear alone finds 80 %, and 42 % are none. Where music or noise is alone, nothing is spoken.
"""

from itertools import pairwise

import numpy as np

from jobs.engines.local.shapes import F32, FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, Bools, Phone
from jobs.engines.local.voice import activity, ear
from jobs.engines.local.voice.visemes import BILABIALS, NOBODY
from jobs.engines.local.voice.words import Decoder, Word

STEP = SPEECH_RATE_HZ // FEATURE_RATE_HZ  # samples for which the ear speaks once
NAMES = (*ear.PHONES, NOBODY)
NOBODYS = NAMES.index(NOBODY)
LIPS_CLOSE = np.isin(ear.PHONES, sorted(BILABIALS))  # (phones,)
CHANGE_COST = 2.0  # in nats: how much likelier another phone must be, altogether, for a change to it and back

CERTAIN = np.log(0.65)  # of an M, B or P that no word asks for: less, all through it, is more often none than one

CONTRADICTION = 4.0  # in nats a step: how much less likely a word may be than what the ear hears instead


def hear(pcm: I16, decoder: Decoder) -> list[int]:
    """(n,) 16 kHz mono, some seconds → at each of its `STEP`s the number of a phone in `NAMES`."""
    steps = max(1, len(pcm) // STEP)
    heard = ear.impression(pcm)
    logs, alone = heard.logs[:steps], activity.nobody(heard)[:steps]
    if alone.all():
        return [NOBODYS] * steps
    path = with_words(certain(likeliest(logs), logs), decoder.words(pcm), logs)
    return [NOBODYS if nobody else phone for nobody, phone in zip(alone.tolist(), path, strict=True)]


def likeliest(logs: F32) -> list[int]:
    """(n, phones) → the phone at each step on the path that is likeliest altogether (Viterbi), changes at a cost."""
    count, kinds = logs.shape
    came_from = np.empty((count, kinds), np.int16)
    stay = np.arange(kinds, dtype=np.int16)
    total = logs[0].copy()
    for step in range(1, count):
        best = int(total.argmax())
        changed = total[best] - CHANGE_COST
        came_from[step] = np.where(total >= changed, stay, best)
        total = np.maximum(total, changed) + logs[step]
        total -= total.max()
    path = [int(total.argmax())]
    for step in range(count - 1, 0, -1):
        path.append(int(came_from[step, path[-1]]))
    return path[::-1]


def certain(path: list[int], logs: F32) -> list[int]:
    """The path with something else in place of each M, B and P that is never likely: lips that close are seen."""
    sure = list(path)
    closes = np.pad(LIPS_CLOSE[path].astype(np.int8), 1)
    for first, last in np.flatnonzero(np.diff(closes)).reshape(-1, 2).tolist():
        if np.logaddexp.reduce(logs[first:last, LIPS_CLOSE], axis=1).max() < CERTAIN:
            likely = np.where(LIPS_CLOSE, -np.inf, logs[first:last].mean(0))
            sure[first:last] = [int(likely.argmax())] * (last - first)
    return sure


def with_words(path: list[int], words: list[Word], logs: F32) -> list[int]:
    """The path with the phones of those words that the ear does not contradict."""
    path = list(path)
    for word in words:
        end = min(word.end, len(logs))
        kinds = [ear.PHONES.index(phone) for phone in word.phones]
        if end - word.first < len(kinds):
            continue
        spoken = aligned(logs[word.first : end, kinds])
        steps = np.arange(word.first, end)
        instead = [kinds[place] for place in spoken]
        if float((logs[steps, path[word.first : end]] - logs[steps, instead]).mean()) < CONTRADICTION:
            path[word.first : end] = instead
    return path


def aligned(logs: F32) -> list[int]:
    """(n, k) logarithms of k phones that follow one another, k ≤ n → which of them is at each step, at best."""
    count, places = logs.shape
    moved = np.zeros((count, places), np.bool_)
    total = np.full(places, -np.inf)
    total[0] = logs[0, 0]
    for step in range(1, count):
        before = np.concatenate([[-np.inf], total[:-1]])
        moved[step] = before > total
        total = np.maximum(total, before) + logs[step]
    return _back(moved)


def _back(moved: Bools) -> list[int]:
    place = moved.shape[1] - 1
    path = []
    for step in range(len(moved) - 1, -1, -1):
        path.append(place)
        place -= int(moved[step, place])
    return path[::-1]


def phones(path: list[int], start_seconds: float) -> list[Phone]:
    """Runs of the same phone become one."""
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    return [
        Phone(NAMES[path[first]], start_seconds + first / FEATURE_RATE_HZ, start_seconds + last / FEATURE_RATE_HZ)
        for first, last in pairwise(edges)
    ]

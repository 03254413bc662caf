"""Owns who listens: long voices are heard in pieces, on threads beside whatever else is done."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from typing import Self

import numpy as np

from jobs.engines.local.shapes import I16, SPEECH_RATE_HZ, Phone
from jobs.engines.local.voice import phones
from jobs.engines.local.voice.phones import STEP
from jobs.engines.local.voice.words import Decoder

# Voices are cut where it is quietest: memory does not grow with their length, and both listeners have something to do.
PIECE_SECONDS = (10, 16)
QUIET_SECONDS = 0.1
# Always two, whatever the machine has: who hears which piece changes a little what is heard, and results are to be
# reproducible.
LISTENERS = 2
TELL_SECONDS = 0.25


@dataclass(frozen=True)
class Listening:
    """A voice that is being listened to: its pieces in order, each with the share of the voice up to its end."""

    pieces: list[tuple[float, "Future[list[Phone]]"]]

    def phones(self, heard: Callable[[float | None], None] = lambda share: None) -> tuple[Phone, ...]:
        """Phones in order, without gaps; sounds that are none (breath, noise) come as "SIL". Waits for them.

        `heard` is told what share is done after each piece, and None a few times a second while it goes on.
        """
        spoken: list[Phone] = []
        for share, piece in self.pieces:
            while not wait([piece], TELL_SECONDS).done:
                heard(None)
            spoken += piece.result()
            heard(share)
        return tuple(spoken)


class Listeners:
    """Those who listen; pieces are given to them in turn.

    A context manager: on leaving, what nobody has begun is not listened to any more, and the models are let go of.
    """

    def __init__(self) -> None:
        self._all = [_Listener() for _ in range(LISTENERS)]
        self._turn = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._all:
            listener.stop()

    def begin(self, pcm: I16) -> Listening:
        """Listen to (n,) 16 kHz mono, after what is listened to already."""
        return Listening(
            [
                (stop / len(pcm), self._all[next(self._turn) % LISTENERS].hear(pcm[start:stop], start / SPEECH_RATE_HZ))
                for start, stop in pieces(pcm)
            ]
        )


class _Listener:
    """One thread and its decoder."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "listener")
        self._decoder: Decoder | None = None

    def hear(self, pcm: I16, start_seconds: float) -> "Future[list[Phone]]":
        return self._thread.submit(self._hear, pcm, start_seconds)

    def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._decoder = None

    def _hear(self, pcm: I16, start_seconds: float) -> list[Phone]:
        decoder = self._decoder = self._decoder or Decoder()
        return phones.phones(phones.hear(pcm, decoder), start_seconds)


def hear(pcm: I16, heard: Callable[[float | None], None] = lambda share: None) -> tuple[Phone, ...]:
    """(n,) 16 kHz mono → what `Listening.phones` gives; blocks."""
    with Listeners() as listeners:
        return listeners.begin(pcm).phones(heard)


def pieces(pcm: I16) -> Iterator[tuple[int, int]]:
    """Spans of samples (start, stop) that follow one another, none longer than the limit, cut in quiet moments."""
    shortest, longest = (seconds * SPEECH_RATE_HZ for seconds in PIECE_SECONDS)
    width = int(QUIET_SECONDS * SPEECH_RATE_HZ)
    start = 0
    while len(pcm) - start > longest:
        window = np.abs(pcm[start + shortest : start + longest].astype(np.float32))
        loudness = window[: len(window) // width * width].reshape(-1, width).mean(1)
        # On a whole step of the ear, or the pieces' times would drift apart.
        stop = start + (shortest + int(loudness.argmin()) * width + width // 2) // STEP * STEP
        yield start, stop
        start = stop
    yield start, len(pcm)

"""Owns who listens: voices are heard piece by piece, on threads beside whatever else is done."""

import math
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

import numpy as np

from jobs.engines.local.shapes import I16, SPEECH_RATE_HZ, Phone
from jobs.engines.local.voice import phones, words
from jobs.engines.local.voice.phones import STEP
from jobs.engines.local.voice.words import Decoder

# Voices are cut where it is quietest: what was heard can be drawn, and memory does not grow with their length. The
# first piece is short, for it is all that is waited for; each cut costs some of the words around it.
FIRST_PIECE_SECONDS, PIECE_SECONDS = (5, 8), (10, 16)
QUIET_SECONDS = 0.1


@dataclass(frozen=True)
class Piece:
    """Phones in order, without gaps, as far as `until_seconds`; infinity for the voice's last piece."""

    phones: tuple[Phone, ...]
    until_seconds: float


class Listeners:
    """Those who listen, one for each voice: what else they have heard would colour what they hear.

    Voices wait in temporary files in `folder`. A context manager: on leaving, what nobody has begun is not listened to
    any more.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._threads: list[ThreadPoolExecutor] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.shutdown(wait=False, cancel_futures=True)

    def begin(self, pcm: I16) -> "list[Future[Piece]]":
        """Listen to (n,) 16 kHz mono: its pieces in order."""
        thread = ThreadPoolExecutor(1, "listener")
        self._threads.append(thread)
        listener = _Listener(pcm, self._folder)
        return [thread.submit(listener.hear, start, stop) for start, stop in pieces(pcm)]


class _Listener:
    """One voice, which waits in a file, and its decoder: made when it is needed, and let go of after the last sample.

    Ten minutes of a voice are 19 MB, for as long as it takes to draw them.
    """

    def __init__(self, pcm: I16, folder: Path | None) -> None:
        self._samples = len(pcm)
        self._file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  # closed with this object
        pcm.tofile(self._file)
        self._decoder: Decoder | None = None

    def __del__(self) -> None:
        self._file.close()

    def hear(self, start: int, stop: int) -> Piece:
        """Listen to samples from `start` to `stop`."""
        decoder = self._decoder = self._decoder or words.decoder()
        spoken = tuple(phones.phones(phones.hear(self._read(start, stop), decoder), start / SPEECH_RATE_HZ))
        if stop < self._samples:
            return Piece(spoken, stop / SPEECH_RATE_HZ)
        self._decoder = None
        return Piece(spoken, math.inf)

    def _read(self, start: int, stop: int) -> I16:
        size = np.dtype(np.int16).itemsize
        read = os.pread(self._file.fileno(), (stop - start) * size, start * size)
        return np.frombuffer(read, np.int16)


def hear(pcm: I16) -> tuple[Phone, ...]:
    """(n,) 16 kHz mono → phones in order, without gaps, "SIL" for a pause or breath, "NOBODY" for music. Blocks."""
    with Listeners() as listeners:
        return tuple(phone for piece in listeners.begin(pcm) for phone in piece.result().phones)


def pieces(pcm: I16) -> Iterator[tuple[int, int]]:
    """Spans of samples (start, stop) that follow one another, none longer than the limit, cut in quiet moments."""
    width = int(QUIET_SECONDS * SPEECH_RATE_HZ)
    start = 0
    while True:
        limits = PIECE_SECONDS if start else FIRST_PIECE_SECONDS
        shortest, longest = (seconds * SPEECH_RATE_HZ for seconds in limits)
        if len(pcm) - start <= longest:
            break
        window = np.abs(pcm[start + shortest : start + longest].astype(np.float32))
        loudness = window[: len(window) // width * width].reshape(-1, width).mean(1)
        # On a whole step of the ear, or the pieces' times would drift apart.
        stop = start + (shortest + int(loudness.argmin()) * width + width // 2) // STEP * STEP
        yield start, stop
        start = stop
    yield start, len(pcm)

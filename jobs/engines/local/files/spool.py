"""Owns frames that are needed a second time: the first ones of a video, in a temporary file, up to a bound.

Decoding and scaling a frame takes ten times as long as writing it here and reading it back.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from jobs.engines.local.shapes import U8, Planes

MOST_BYTES = 512_000_000  # a quarter of a minute at 720p


def frame_bytes(width: int, height: int) -> int:
    """Of one frame's planes."""
    return width * height * 3 // 2


class Spool:
    """Keeps frames of `width` × `height` (even) in the order in which they come, as long as there is room."""

    def __init__(self, folder: Path, width: int, height: int, most_bytes: int = MOST_BYTES) -> None:
        self._file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  # closed with this object
        self._width, self._height = width, height
        self._frame_bytes = frame_bytes(width, height)
        self._most = most_bytes // self._frame_bytes
        self._count = 0

    def __del__(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    @property
    def has_room(self) -> bool:
        """Whether one frame more may be kept."""
        return self._count < self._most

    def append(self, planes: Planes) -> None:
        """Keep the next frame. Raises OSError if the disk is full; then it is not kept."""
        self._file.seek(self._count * self._frame_bytes)
        for plane in (planes.luma, planes.chroma):
            data = np.ascontiguousarray(plane).data.cast("B")
            while data:
                data = data[self._file.write(data) :]
        self._count += 1

    def frames(self, first: int = 0) -> Iterator[Planes]:
        """The kept ones from `first` on."""
        for number in range(first, self._count):
            self._file.seek(number * self._frame_bytes)
            luma = np.empty((self._height, self._width), np.uint8)
            chroma = np.empty((self._height // 2, self._width // 2, 2), np.uint8)
            self._fill(luma)
            self._fill(chroma)
            yield Planes(luma, chroma)

    def _fill(self, plane: U8) -> None:
        data = plane.data.cast("B")
        while data:
            read = self._file.readinto(data)
            if not read:
                raise OSError("a kept frame is gone")
            data = data[read:]

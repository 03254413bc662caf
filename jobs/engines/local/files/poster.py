"""Owns the poster: one frame of a result as a picture, for places where the video does not play yet."""

from pathlib import Path

import cv2

from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import Frames, Planes

NAME = "poster.jpg"
JPEG_QUALITY = 82


def save(planes: Planes, path: Path) -> None:
    """A frame as a JPEG file."""
    cv2.imwrite(str(path), raster.to_bgr(planes), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


class Postered:
    """Hands frames on `into` the encoder, and keeps the one of this `number` beside the video `output`."""

    def __init__(self, into: Frames, output: Path, number: int) -> None:
        self._into, self._path, self._left = into, output.with_name(NAME), number

    def write(self, planes: Planes) -> None:
        if self._left == 0:
            save(planes, self._path)
        self._left -= 1
        self._into.write(planes)

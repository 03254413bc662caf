"""Owns the mask: where pixels may change, and which faces it chooses to speak."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.files import pictures
from jobs.engines.local.frames import raster
from jobs.engines.local.landmarks import LIPS
from jobs.engines.local.shapes import F32, F64
from jobs.errors import InvalidInput, gettext_noop

FEATHER = 0.012  # σ of the soft edge, of the picture's shorter side
PAINTED, FULL = 0.0002, 0.98  # share of white below which a mask says nothing, and above which it allows everything
CHOSEN = 0.5  # of the mouth's surroundings that must be white
MOUTH_REACH = 0.12  # of S, round the lips

MISSES_FACES = gettext_noop("The mask covers no mouth. Paint over the mouth of the face that is to speak.")


@dataclass(frozen=True)
class Mask:
    """`luma` (h, w) and `chroma` (h/2, w/2), 0 where nothing may change to 1; `hard` (h, w) is unfeathered."""

    luma: F32
    chroma: F32
    hard: F32

    def chooses(self, points: F64) -> bool:
        """Whether the mouth of the face at `points` (478, 3) lies in it."""
        x0, y0, x1, y1 = mouth_box(points)
        part = self.hard[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
        return bool(part.size) and float(part.mean()) >= CHOSEN

    def chosen(self, faces: Sequence[F64]) -> list[F64]:
        """Those of the faces that it chooses; raises `InvalidInput` if it is none."""
        chosen = [points for points in faces if self.chooses(points)]
        if not chosen:
            raise InvalidInput(MISSES_FACES, field="mask_image")
        return chosen


def mouth_box(points: F64) -> tuple[int, int, int, int]:
    """The surroundings (x0, y0, x1, y1) of the mouth of the face at `points` (478, 3), by which a mask chooses it."""
    lips = points[list(LIPS), :2]
    reach = MOUTH_REACH * face_frame(points).scale
    x0, y0 = np.floor(lips.min(0) - reach).astype(int)
    x1, y1 = np.ceil(lips.max(0) + reach).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def read(path: Path, width: int, height: int) -> Mask | None:
    """The mask for a picture of this size, whatever its own; None if it limits nothing.

    A mask without a painted spot, or painted all over, is as none: nobody asks for a video in which nothing moves.
    """
    grey = pictures.read(path, field="mask_image", paper=0) @ raster.BRIGHTNESS / 255
    share = float((grey > 0.5).mean())
    if not PAINTED < share < FULL:
        return None
    how = cv2.INTER_AREA if grey.shape[1] > width else cv2.INTER_LINEAR
    hard = np.asarray(cv2.resize(grey.astype(np.float32), (width, height), interpolation=how), np.float32)
    # Feathered inwards, so that black stays untouched.
    blur = max(1.0, FEATHER * min(width, height))
    soft = np.minimum(hard, np.clip(2 * raster.softened(hard, blur) - 1, 0, 1))
    return Mask(soft, raster.halved(soft), hard)

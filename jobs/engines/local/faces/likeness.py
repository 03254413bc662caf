"""Owns telling people apart: whether a face in another shot, or one that comes back, is the one that speaks.

No recognition network: three weak signs together, the shape of the face's bones, the edges and the colours of head and
hair. On three talkers and twelve pictures, 95 % of pairs of one person in one recording come nearer than 1.77, and 99 %
of pairs of two people are farther than 1.80; several looks at the person are kept, and the nearest counts.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.shapes import F32, F64, U8

SAME_PERSON = 1.75
KEPT_LOOKS = 8
SIDE = 64  # of the patch, in pixels
REACH, TOP, LEFT = 2.6, -1.55, -1.3  # of the patch, in face units
COLOUR_CELLS = 8
# Points on bone: they keep their places in space when the face moves.
BONES = (
    *(33, 133, 263, 362, 70, 105, 66, 300, 334, 296, 1, 2, 98, 327, 168, 6, 197, 195, 5, 4, 10, 109, 338, 67, 297),
    *(54, 284, 21, 251, 162, 389, 127, 356, 234, 454, 93, 323, 132, 361, 58, 288, 50, 280, 205, 425, 172, 397),
)
# Each sign's distance divided by this is about 1 for two people who look somewhat alike.
BONES_SCALE, EDGES_SCALE, COLOURS_SCALE = 0.10, 0.35, 15.0

_edges = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)


@dataclass(frozen=True)
class Look:
    """One look at a face: bones (47, 3) centred and of unit size, edges (1764,) of unit length, colours (8, 8, 3)."""

    bones: F64
    edges: F32
    colours: F32


def look_at(picture: U8, points: F64) -> Look:
    """`picture` BGR, `points` landmarks (478, 3) in its pixels."""
    bones = points[list(BONES)] - points[list(BONES)].mean(0)
    frame = face_frame(points)
    matrix = np.column_stack([frame.axes * REACH / SIDE, frame.to_pixels(np.array([LEFT, TOP]))])
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    edges = np.asarray(_edges.compute(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY)), np.float32).ravel()
    lab = cv2.cvtColor(patch, cv2.COLOR_BGR2Lab).astype(np.float32)
    colours = cv2.resize(lab, (COLOUR_CELLS, COLOUR_CELLS), interpolation=cv2.INTER_AREA)
    return Look(
        bones / np.sqrt((bones**2).sum()),
        edges / max(float(np.linalg.norm(edges)), 1e-6),
        np.asarray(colours, np.float32),
    )


def difference(one: Look, other: Look) -> float:
    """0 for the same look; see `SAME_PERSON`."""
    u, _, v = np.linalg.svd(one.bones.T @ other.bones)
    bones = float(np.sqrt(((one.bones @ (u @ v) - other.bones) ** 2).sum()))
    edges = 1 - float(one.edges @ other.edges)
    colours = float(np.abs(one.colours - other.colours).mean())
    return bones / BONES_SCALE + edges / EDGES_SCALE + colours / COLOURS_SCALE


class Person:
    """Somebody, by up to `KEPT_LOOKS` looks; each that is not like the others is worth keeping."""

    def __init__(self, look: Look) -> None:
        self._looks = [look]

    def difference(self, look: Look) -> float:
        return min(difference(look, known) for known in self._looks)

    def remember(self, look: Look) -> None:
        """Another look at the same person, followed without a break."""
        if len(self._looks) < KEPT_LOOKS and self.difference(look) > SAME_PERSON / 4:
            self._looks.append(look)

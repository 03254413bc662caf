"""The invented people: in what they differ from the head that `sculpt.py` describes. Lengths in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Colour = tuple[float, float, float]  # linear RGB

LIP_Y = -70.0
EYE_X = 31.8


def _bell(value: Array, at: float, width: float) -> Array:
    return np.asarray(np.exp(-(((value - at) / width) ** 2)))


@dataclass(frozen=True)
class Person:
    """One of them. The forms are shares (0 leaves the head as it is), the tones are factors."""

    jaw: float = 0.0  # narrower towards the chin
    chin: float = 0.0  # shorter, in millimetres
    nose: float = 0.0  # slimmer and flatter
    lips: float = 0.0  # fuller
    lids: float = 0.0  # wider open
    brow_ridge: float = 0.0  # flatter, in millimetres
    build: float = 1.0  # neck and shoulders
    skin: Colour = (1.0, 1.0, 1.0)
    beard: float = 1.0
    brows: int = 800  # hairs each
    cropped: bool = False  # hair cropped and combed back, instead of swept to a side
    melanin: float = 0.62
    redness: float = 0.40
    iris: Colour = (1.0, 1.0, 1.0)
    jumper: Colour = (0.030, 0.031, 0.029)
    shirt: Colour = (0.72, 0.43, 0.012)
    turn: float = 3.5  # degrees, to the viewer's right
    tilt: float = 1.6

    def shaped(self, points: Array) -> Array:
        """`points` (…, 3) of the common head, moved to where this person has them."""
        x, y, z = np.moveaxis(points, -1, 0)
        side, below = np.abs(x), np.clip((-35 - y) / 80, 0, 1)
        below = below * below * (3 - 2 * below)
        muzzle = _bell(y, LIP_Y, 22) * _bell(x, 0, 34)
        bridge = _bell(y, -30, 26) * _bell(x, 0, 20)
        wide = x * (1 - self.jaw * below) * (1 - 0.16 * self.nose * bridge)
        lip = y - LIP_Y
        high = y + self.lips * lip * _bell(lip, 0, 13) * _bell(x, 0, 26)
        high = high + self.lids * y * _bell(y, 0, 8) * _bell(side, EYE_X, 18)
        high = high + self.chin * np.clip((-84 - y) / 34, 0, 1) ** 1.5
        deep = z - 5.0 * self.nose * bridge * _bell(y, -36, 22) + 1.6 * self.lips * muzzle
        deep = deep - self.brow_ridge * _bell(y, 20, 11) * _bell(side, 26, 30)
        return np.stack([wide, high, deep], -1)


BRUNO = Person()
CLARA = Person(
    jaw=0.17, chin=7.0, nose=0.9, lips=0.20, lids=0.10, brow_ridge=3.0, build=0.88,
    skin=(0.82, 0.74, 0.70), beard=0.0, brows=430, cropped=True, melanin=0.88, redness=0.2, iris=(1.5, 1.3, 1.2),
    jumper=(0.30, 0.052, 0.036), shirt=(0.60, 0.57, 0.50), turn=-4.0, tilt=-1.8,
)  # fmt: skip
PEOPLE = {"bruno": BRUNO, "clara": CLARA}

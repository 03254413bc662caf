"""Owns the light on the skin round a mouth: what a pose makes darker or brighter there, beyond what moving skin shows.

- rounded lips stand out: the hollow under the lower one darkens, its middle catches light
- pressed lips bunch the chin: the same hollow, less
- spread lips push the cheeks up: a fold beside each corner
"""

from math import ceil, exp, floor

import cv2
import numpy as np

from jobs.engines.local.frames import raster
from jobs.engines.local.frames.interior import Region
from jobs.engines.local.shapes import F32, F64, FaceFrame, MouthShape, Planes

LEAST = 0.01  # a change of light that nobody sees
SPREAD = 0.08  # of the resting width: lips spread by this much fold the skin fully
# Amounts are shares of the light; places and radii are in S.
HOLLOW, HOLLOW_PRESSED, HOLLOW_BELOW, HOLLOW_RADII = -0.13, -0.05, 0.045, (0.15, 0.04)
SHINE, SHINE_RADII = 0.08, (0.09, 0.022)
FOLD, FOLD_BESIDE, FOLD_ABOVE, FOLD_RADII = -0.10, 0.045, 0.015, (0.028, 0.085)
REACH = 2.5  # radii after which a spot of shade is over
EDGE = np.float32(exp(-0.5 * REACH**2))  # what is left of it there


def spots(shape: MouthShape) -> list[tuple[F64, tuple[float, float], float]]:
    """Centre (2,), radii (σ across, σ down) and amount of each soft spot of light or shade, in face units."""
    lips, pose = shape.lips, shape.pose
    under = lips.lower_outer[5] + [0, HOLLOW_BELOW]
    middle = 0.5 * (lips.lower_inner[5] + lips.lower_outer[5])
    spread = float(np.clip((pose.width - 1) / SPREAD, 0, 1))
    found = [
        (under, HOLLOW_RADII, HOLLOW * pose.rounding + HOLLOW_PRESSED * pose.press),
        (middle, SHINE_RADII, SHINE * pose.rounding),
        (lips.upper_outer[0] - [FOLD_BESIDE, FOLD_ABOVE], FOLD_RADII, FOLD * spread),
        (lips.upper_outer[-1] + [FOLD_BESIDE, -FOLD_ABOVE], FOLD_RADII, FOLD * spread),
    ]
    return [spot for spot in found if abs(spot[2]) >= LEAST]


def shade(out: Planes, shape: MouthShape, frame: FaceFrame) -> None:
    """Change the light of a drawn frame in place; `frame` is where the face is in it."""
    inverse = np.linalg.inv(frame.axes)
    for centre, radii, amount in spots(shape):
        middle = frame.to_pixels(centre)
        part = _part(middle, np.abs(frame.axes) @ radii * REACH, out)
        if part is None:
            continue
        light = _spot(middle - [part.x, part.y], inverse / np.array(radii)[:, None], part)
        light *= np.float32(amount)
        light += np.float32(1)
        zero, below = np.float32(raster.LUMA_ZERO), out.luma[part.luma]
        light *= below - zero
        light += zero + np.float32(0.5)
        below[:] = np.clip(light, 0, 255, out=light)


def _part(middle: F64, half: F64, out: Planes) -> Region | None:
    """The pixels not further from a spot's middle than `half`, across and down."""
    (x, y), (across, down) = middle.tolist(), half.tolist()
    left, top = max(0, floor(x - across)), max(0, floor(y - down))
    right, bottom = min(out.width, ceil(x + across) + 1), min(out.height, ceil(y + down) + 1)
    return Region(left, top, right - left, bottom - top) if min(right - left, bottom - top) >= 2 else None


def _spot(middle: F64, inverse: F64, part: Region) -> F32:
    """(h, w) a Gaussian about `middle`, 1 there, that ends softly where `part` does.

    `inverse` (2, 2) is from pixels to σ.
    """
    x = np.arange(part.width, dtype=np.float32) - np.float32(middle[0])
    y = (np.arange(part.height, dtype=np.float32) - np.float32(middle[1]))[:, None]
    (a, b), (c, d) = inverse.astype(np.float32)
    # The square of the distance in σ, multiplied out: two of three terms are rows or columns.
    square = (-(a * b + c * d) * y) * x
    square += np.float32(-0.5) * (a * a + c * c) * (x * x)
    square += np.float32(-0.5) * (b * b + d * d) * (y * y)
    spot = np.asarray(cv2.exp(square), np.float32)
    spot -= EDGE
    np.maximum(spot, 0, out=spot)
    spot *= np.float32(1) / (1 - EDGE)
    return spot

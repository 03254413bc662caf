"""Owns the light on the skin round a mouth: what a pose makes darker or brighter there, beyond what moving skin shows.

- rounded lips stand out: the hollow under the lower one darkens, its middle catches light
- pressed lips bunch the chin: the same hollow, less
- spread lips push the cheeks up: a fold beside each corner
"""

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
    for centre, radii, amount in spots(shape):
        part = _part(centre, radii, frame, out)
        if part is None:
            continue
        light = np.float32(1) + np.float32(amount) * _spot(centre, radii, frame, part)
        below = out.luma[part.luma]
        zero = np.float32(raster.LUMA_ZERO)
        below[:] = np.clip((below - zero) * light + (zero + np.float32(0.5)), 0, 255)


def _part(centre: F64, radii: tuple[float, float], frame: FaceFrame, out: Planes) -> Region | None:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * radii * REACH
    at = frame.to_pixels(centre + corners)
    low = np.maximum(0, np.floor(at.min(0))).astype(int)
    high = np.minimum([out.width, out.height], np.ceil(at.max(0)) + 1).astype(int)
    size = high - low
    return Region(int(low[0]), int(low[1]), int(size[0]), int(size[1])) if size.min() >= 2 else None


def _spot(centre: F64, radii: tuple[float, float], frame: FaceFrame, part: Region) -> F32:
    """(h, w) a Gaussian in face units, 1 in its middle, that ends softly where `part` does."""
    inverse = np.linalg.inv(frame.axes) / np.array(radii)[:, None]
    origin = frame.to_pixels(centre) - [part.x, part.y]
    x = np.arange(part.width, dtype=np.float32) - np.float32(origin[0])
    y = (np.arange(part.height, dtype=np.float32) - np.float32(origin[1]))[:, None]
    (a, b), (c, d) = inverse.astype(np.float32)
    square = (a * x + b * y) ** 2 + (c * x + d * y) ** 2
    edge = np.float32(np.exp(-0.5 * REACH**2))
    return np.asarray(np.maximum(cv2.exp(square * np.float32(-0.5)) - edge, 0) / (1 - edge), np.float32)

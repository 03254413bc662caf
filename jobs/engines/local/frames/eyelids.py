"""Owns the blink: the upper lid's skin drawn down over the eye, in three stages."""

from collections.abc import Mapping

import cv2
import numpy as np

from jobs.engines.local.frames import raster
from jobs.engines.local.landmarks import EYES
from jobs.engines.local.mouths import thinplate
from jobs.engines.local.shapes import F64, U8, FaceFrame

LEVELS = (0.35, 0.7, 1.0)  # how far down each stage of `still.BLINK` is
LID_REACH = 0.90  # of the eye's opening: the lids meet above the lower one
CREASE_FOLLOWS = 0.42
ANCHORS = 14
ANCHOR_RADII, FADE_RADII, FADE = (1.15, 0.98), (1.1, 0.9), 0.3  # of the eye's width
BOX = (1.2, 0.95)
LASH_WIDTH, LASH_SHADE = 0.012, 0.55


def closed(picture: U8, points: F64, frame: FaceFrame, level: float) -> U8:
    """A copy of the BGR picture with the eyes closed by `level` (0 to 1)."""
    result = picture.copy()
    face = frame.to_face(points)
    for eye in EYES:
        _draw_lid(picture, result, face, frame, eye, level)
    return result


def eye_boxes(points: F64, frame: FaceFrame, width: int, height: int) -> list[tuple[int, int, int, int]]:
    """(x0, y0, x1, y1) of what `closed` may change, one for each eye."""
    face = frame.to_face(points)
    return [_box(face, frame, eye, width, height) for eye in EYES]


def _box(
    face: F64, frame: FaceFrame, eye: Mapping[str, tuple[int, ...]], width: int, height: int
) -> tuple[int, int, int, int]:
    centre, across = _measure(face, eye)
    corners = frame.to_pixels(
        np.array([centre + across * np.array([sx * BOX[0], sy * BOX[1]]) for sx in (-1, 1) for sy in (-1, 1)])
    )
    x0, y0 = np.maximum(0, np.floor(corners.min(0)).astype(int))
    x1, y1 = np.minimum([width, height], np.ceil(corners.max(0)).astype(int))
    return int(x0), int(y0), int(x1), int(y1)


def _measure(face: F64, eye: Mapping[str, tuple[int, ...]]) -> tuple[F64, float]:
    """Centre and width of an eye in face units."""
    corners = face[list(eye["corners"])]
    return face[list(eye["upper"] + eye["lower"])].mean(0), float(np.ptp(corners[:, 0]))


def _draw_lid(
    picture: U8, result: U8, face: F64, frame: FaceFrame, eye: Mapping[str, tuple[int, ...]], level: float
) -> None:
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = _box(face, frame, eye, width, height)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return
    box = (slice(y0, y1), slice(x0, x1))
    centre, across = _measure(face, eye)
    lid, wanted, seen = _controls(face, eye, level, centre, across)
    px, py = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    at = frame.to_face(np.stack([px, py], -1).astype(np.float64))
    distance = np.sqrt((((at - centre) / (np.array(FADE_RADII) * across)) ** 2).sum(-1))
    inside = np.clip((1 - distance) / FADE, 0, 1)
    bend = thinplate.interpolate(wanted, seen - wanted, at.reshape(-1, 2).astype(np.float32))
    shift = (bend.reshape(*inside.shape, 2) * inside[..., None]) @ frame.axes.T
    where = (np.stack([px, py], -1) + shift).astype(np.float32)
    skin = np.asarray(
        cv2.remap(picture, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),  # type: ignore[call-overload]
        np.uint8,
    )
    edge = _lid_edge(face, eye, lid)
    # The lid covers all above its edge; below it the picture stays.
    (left, left_y), (right, right_y) = edge[0], edge[-1]
    above = np.concatenate([edge, [[right + 1, right_y], [right + 1, -3], [left - 1, -3], [left - 1, left_y]]])
    offset = np.array([x0, y0])
    mask = raster.polygon_mask(frame.to_pixels(above) - offset, x1 - x0, y1 - y0, max(0.6, 0.006 * frame.scale))
    drawn = raster.blend(
        np.ascontiguousarray(picture[box]), skin, (mask * np.clip(inside * 4, 0, 1)).astype(np.float32)
    )
    lashes = raster.line_mask(
        frame.to_pixels(edge) - offset,
        x1 - x0,
        y1 - y0,
        int(frame.scale * LASH_WIDTH),
        max(0.7, 0.006 * frame.scale),
    )
    result[box] = (drawn * (1 - lashes * LASH_SHADE * level)[..., None]).astype(np.uint8)


def _controls(
    face: F64, eye: Mapping[str, tuple[int, ...]], level: float, centre: F64, across: float
) -> tuple[F64, F64, F64]:
    """The lid's new edge (7, 2), and all control points: where wanted, where seen."""
    upper, lower = face[list(eye["upper"])], face[list(eye["lower"])]
    open_by = lower - upper
    open_by[:, 1] = np.maximum(open_by[:, 1], 0)
    lid = upper + level * open_by * [1, LID_REACH]
    crease = face[list(eye["crease"])]
    still = face[list(eye["corners"] + eye["brow"])]
    angles = np.linspace(0, 2 * np.pi, ANCHORS, endpoint=False)
    ring = centre + across * np.stack([np.cos(angles), np.sin(angles)], 1) * ANCHOR_RADII
    lowered = crease + np.stack([np.zeros(len(crease)), CREASE_FOLLOWS * level * open_by[:, 1]], 1)
    return lid, np.concatenate([lid, lowered, still, ring]), np.concatenate([upper, crease, still, ring])


def _lid_edge(face: F64, eye: Mapping[str, tuple[int, ...]], lid: F64) -> F64:
    """(9, 2) from corner to corner along the lid, left to right."""
    corners = face[list(eye["corners"])]
    corners = corners[np.argsort(corners[:, 0])]
    return np.concatenate([corners[:1], lid[np.argsort(lid[:, 0])], corners[1:]])

"""Owns the skin: two smooth displacement fields that carry a face's lips, chin and cheeks to a mouth shape.

The upper layer holds the upper lip and what is above, the lower layer the lower lip and jaw: with two, an open or
toothy mouth can be closed. The fields run backward (result → picture), in pixels, on a coarse grid of nodes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from jobs.engines.local.landmarks import (
    CHEEKS,
    CHIN_PAD,
    FACE_SIDES,
    JAW_LINE,
    MIDFACE,
    UNDER_LIP,
    UNDER_NOSE,
)
from jobs.engines.local.mouths import thinplate
from jobs.engines.local.mouths.mouth import GAP_POWER, parting
from jobs.engines.local.shapes import F32, F64, Bools, Contours, FaceFrame, MouthPose, MouthShape, RestingMouth

CELL = 0.06  # of S: distance of nodes
# Zero anchors hold the rest of the face; the field fades to nothing on its way to them.
ANCHOR_CENTRE, ANCHOR_RADII, ANCHORS = (0.0, 0.30), (0.92, 0.80), 26
REACH_CENTRE, REACH_RADII, FADE = (0.0, 0.30), (0.86, 0.74), 0.22
# How far each layer is needed beyond the lips, inside and outside the mouth's span.
UPPER_BELOW, LOWER_ABOVE, BESIDE = 0.28, 0.26, 0.20
TOWARDS_LIP = 0.15  # inner lines are pulled this far into the lip, or slivers of teeth would move with it


@dataclass(frozen=True)
class Grid:
    """Nodes `cell` pixels apart (even) over a rectangle, one more on each side; `points` (ny, nx, 2) in pixels.

    `x`, `y` (even) is the rectangle's corner, half a cell from the first node inside.
    """

    cell: int
    points: F32
    x: int = 0
    y: int = 0

    @classmethod
    def over(cls, width: int, height: int, scale: float) -> "Grid":
        """The grid for a whole picture whose smallest face has this S."""
        return cls._spanning(0, 0, width, height, scale)

    @classmethod
    def around(cls, frame: FaceFrame, width: int, height: int) -> "Grid | None":
        """The grid for all that one mouth can move in a picture of this size; None if that lies outside of it."""
        reach = np.array(REACH_RADII)
        corners = frame.to_pixels(np.array(REACH_CENTRE) + reach * [[-1, -1], [1, -1], [1, 1], [-1, 1]])
        low = np.maximum(0, np.floor(corners.min(0))).astype(int) & ~1
        high = np.minimum([width, height], np.ceil(corners.max(0))).astype(int)
        if (high - low).min() < 2:
            return None
        return cls._spanning(int(low[0]), int(low[1]), int(high[0]), int(high[1]), frame.scale)

    @classmethod
    def _spanning(cls, x: int, y: int, right: int, bottom: int, scale: float) -> "Grid":
        cell = max(2, 2 * round(CELL * scale / 2))
        xs = x + (np.arange(-(-(right - x) // cell) + 2) - 0.5) * cell - 0.5
        ys = y + (np.arange(-(-(bottom - y) // cell) + 2) - 0.5) * cell - 0.5
        return cls(cell, np.stack(np.meshgrid(xs, ys), 2).astype(np.float32), x, y)


@dataclass(frozen=True)
class Block:
    """A rectangle of nodes: rows and columns [first, last)."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, active: Bools) -> "Block":
        """The smallest block with every active node and two more on each side."""
        rows, columns = np.flatnonzero(active.any(1)), np.flatnonzero(active.any(0))
        return cls(
            max(0, int(rows[0]) - 2),
            min(active.shape[0], int(rows[-1]) + 3),
            max(0, int(columns[0]) - 2),
            min(active.shape[1], int(columns[-1]) + 3),
        )

    def moved(self, down: int, right: int) -> "Block":
        """The same nodes, counted from others so far up and left."""
        return Block(self.top + down, self.bottom + down, self.left + right, self.right + right)

    def joined(self, other: "Block") -> "Block":
        """The smallest block with all nodes of both."""
        return Block(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True)
class Fields:
    """The two layers' displacements (ny, nx, 2) in pixels on a block of nodes."""

    upper: F32
    lower: F32


CHIN_FALLS = 0.72  # of the jaw's drop, what shows on the chin
# Movable skin: landmark, (across with the width, outwards with the jaw, down with the jaw, with the tuck, up with the
# lip), and its layers.
_SKIN: list[tuple[int, tuple[float, float, float, float, float], str]] = [
    *((i, (0.5, 0, 0.90, 1, 0), "lower") for i in UNDER_LIP),
    *((i, (0.15, 0, CHIN_FALLS, 0, 0), "lower") for i in CHIN_PAD),
    *((i, (0, -0.06 * (1 - w), 0.60 * w, 0, 0), "lower") for i, w in JAW_LINE.items()),
    *((i, (0.25, -0.05 * w, 0.60 * w, 0, 0), "cheek") for i, w in CHEEKS.items()),
    *((i, (0, 0, 0, 0, w), "upper") for i, w in UNDER_NOSE.items()),
    *((i, (0, 0, 0, 0, 0), "upper") for i in MIDFACE),
    *((i, (0, 0, 0, 0, 0), "both") for i in FACE_SIDES),
]
_SKIN_POINTS = np.array([row[0] for row in _SKIN])
_ACROSS, _OUT, _DOWN, _TUCKED, _UP = np.array([row[1] for row in _SKIN], np.float64).T
_LAYER = np.array([row[2] for row in _SKIN])
_IN_UPPER, _IN_LOWER, _IS_CHEEK = _LAYER != "lower", _LAYER != "upper", _LAYER == "cheek"
CHEEK_BAND = 0.2  # cheeks further from the lip line than this do not follow the width

_ANGLES = np.linspace(0, 2 * np.pi, ANCHORS, endpoint=False)
_ANCHOR_POINTS = np.array(ANCHOR_CENTRE) + np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1) * ANCHOR_RADII


@dataclass(frozen=True)
class Controls:
    """Control points of one layer: where they are to be, and where they are in the picture (k, 2)."""

    wanted: F64
    seen: F64


def controls(face: F64, seen: Contours, jaw: float, rest: RestingMouth, shape: MouthShape) -> tuple[Controls, Controls]:
    """Upper and lower layer's control points for landmarks (478, 2).

    Their lips are as `seen` in the picture, their jaw has dropped by `jaw`.
    """
    lips = shape.lips
    pull = TOWARDS_LIP * np.clip(1 - np.abs(np.linspace(-1, 1, 11)) ** 3, 0, 1)[:, None]
    pull = pull * np.clip(float(seen.gaps.max()) / 0.03, 0.25, 1)
    upper_inner = seen.upper_inner + pull * (seen.upper_outer - seen.upper_inner)
    lower_inner = seen.lower_inner + pull * (seen.lower_outer - seen.lower_inner)

    skin = face[_SKIN_POINTS]
    widening = lips.width / seen.width - 1
    across = np.where(_IS_CHEEK & (np.abs(skin[:, 1] - rest.line_y) >= CHEEK_BAND), 0, _ACROSS)
    fall = shape.drop - jaw
    moved = skin + np.stack(
        [
            widening * across * (skin[:, 0] - rest.centre_x) + fall * _OUT * np.sign(skin[:, 0]),
            fall * _DOWN - 0.012 * shape.pose.tuck * _TUCKED - shape.rise * _UP,
        ],
        1,
    )
    inside, corners = slice(1, 10), [0, 10]
    upper = Controls(
        np.concatenate([lips.upper_outer, lips.upper_inner[inside], moved[_IN_UPPER], _ANCHOR_POINTS]),
        np.concatenate([seen.upper_outer, upper_inner[inside], skin[_IN_UPPER], _ANCHOR_POINTS]),
    )
    lower = Controls(
        np.concatenate(
            [
                lips.upper_outer[corners],
                lips.lower_inner[inside],
                lips.lower_outer[inside],
                moved[_IN_LOWER],
                _ANCHOR_POINTS,
            ]
        ),
        np.concatenate(
            [
                seen.upper_outer[corners],
                lower_inner[inside],
                seen.lower_outer[inside],
                skin[_IN_LOWER],
                _ANCHOR_POINTS,
            ]
        ),
    )
    return upper, lower


class MouthWarp:
    """One face of one picture: fields for any shape of its mouth, on the block of nodes that it can reach.

    `face` are its landmarks (478, 2) in face units, `seen` its lips in the picture, `jaw` how far its jaw has dropped
    in it, `rest` the mouth that it has at rest: the same lips closed for a still picture, those of a whole shot for a
    frame of a video.
    """

    def __init__(self, grid: Grid, frame: FaceFrame, face: F64, seen: Contours, jaw: float, rest: RestingMouth) -> None:
        everywhere = frame.to_face(grid.points.astype(np.float64))
        reach = fade(everywhere)
        self.block = Block.around(reach > 0)
        self.nodes: F32 = everywhere[self.block.slices].reshape(-1, 2).astype(np.float32)
        self.reach: F32 = reach[self.block.slices].ravel().astype(np.float32)
        self._axes = frame.axes.T.astype(np.float32)
        self._cell = np.float32(grid.cell)
        self._face, self._seen, self._jaw, self._rest = face, seen, jaw, rest

    def fields(self, shape: MouthShape, deepest: float | None = None) -> Fields:
        """The exact fields of a shape; `deepest` is the largest drop of a clip whose fields are to be mixed."""
        upper, lower = controls(self._face, self._seen, self._jaw, self._rest, shape)
        x, y = self.nodes[:, 0] - self._rest.centre_x, self.nodes[:, 1] - self._rest.line_y
        in_span = np.abs(x) < shape.half_width * 1.15 + 0.12
        drop = shape.drop if deepest is None else deepest
        active = self.reach > 0
        return Fields(
            self._field(upper, active & (y < np.where(in_span, drop + UPPER_BELOW, BESIDE))),
            self._field(lower, active & (y > np.where(in_span, -LOWER_ABOVE, -BESIDE))),
        )

    def _field(self, points: Controls, where: Bools) -> F32:
        field = np.zeros((len(self.nodes), 2), np.float32)
        bend = thinplate.interpolate(points.wanted, points.seen - points.wanted, self.nodes[where])
        field[where] = (bend @ self._axes) * self.reach[where, None]
        # Smoothing may carry a little over the edge of the reach, where nothing is to move.
        smooth = unfolded(field.reshape(*self.block.shape, 2), self._cell)
        return np.where(self.reach.reshape(*self.block.shape, 1) > 0, smooth, np.float32(0))


LEAST_AREA = np.float32(0.03)  # of a cell, after the warp; less would be a fold
MOST_ROUNDS = 12
SURELY_FLAT = 0.45  # of a cell: a field that changes less from node to node can not fold
_NEAR = np.ones((3, 3), np.uint8)


def unfolded(field: F32, cell: np.float32) -> F32:
    """The displacement (ny, nx, 2) in pixels, smoothed just where it would fold the skin, as extreme poses do."""
    if _steepest(field) < SURELY_FLAT * cell:
        return field
    for _ in range(MOST_ROUNDS):
        folds = areas(field, cell) < LEAST_AREA
        if not folds.any():
            break
        corners = np.zeros(field.shape[:2], np.uint8)
        corners[:-1, :-1] = folds
        near = cv2.GaussianBlur(cv2.dilate(corners, _NEAR, iterations=2).astype(np.float32), (5, 5), 0)[..., None]
        field = field + near * (cv2.GaussianBlur(field, (3, 3), 0) - field)
    return field


def _steepest(field: F32) -> float:
    """The largest change from a node to the next one."""
    return max(float(np.abs(np.diff(field, axis=axis)).max(initial=0)) for axis in (0, 1))


def areas(field: F32, cell: np.float32) -> F32:
    """(ny − 1, nx − 1) what each cell's area becomes, by its worst corner; negative where it is turned over."""
    across = np.diff(field, axis=1) / cell
    down = np.diff(field, axis=0) / cell
    worst: F32 | None = None
    for x in (across[:-1], across[1:]):
        for y in (down[:, :-1], down[:, 1:]):
            area = (1 + x[..., 0]) * (1 + y[..., 1]) - x[..., 1] * y[..., 0]
            worst = area if worst is None else np.minimum(worst, area)
    return np.asarray(worst, np.float32)


def fade(points: F64) -> F64:
    """How much of the movement is left at points (…, 2): 1 round the mouth, 0 outside its ellipse."""
    distance = np.sqrt((((points - REACH_CENTRE) / REACH_RADII) ** 2).sum(-1))
    inside = np.clip((1 - distance) / FADE, 0, 1)
    return np.asarray(inside * inside * (3 - 2 * inside))


# Poses nearer to each other than this, as `_describe` has them, need no key shapes of their own.
NEAR = 0.2
MOST_KEYS, FEWEST_KEYS = 96, 12
DESCRIBED = 6  # numbers that `_describe` gives
WIDE_OPEN = MouthPose(opening=2.0)  # more than any voice asks for


class KeyShapes:
    """The fields of a whole clip as mixtures of those of its most different poses: .3 ms instead of 1.1 a frame.

    A radial basis (distance plus a linear part) through the key poses; its error stays under .15 px at the 99th
    percentile. A quadratic polynomial does not do.
    """

    def __init__(self, warp: MouthWarp, shaped: Callable[[MouthPose], MouthShape]) -> None:
        self._warp, self._shaped = warp, shaped
        self._deepest = shaped(WIDE_OPEN).drop
        self._keys: F64 = np.zeros((0, DESCRIBED))
        self._table: list[F32] = []
        self._weights: F32 | None = None

    def learn(self, poses: Sequence[MouthPose]) -> None:
        """Make keys of those poses that differ most from all keys so far: before they are asked for, or fields jump."""
        described = np.array([_describe(pose) for pose in poses])
        fresh = _most_different(described, self._keys, MOST_KEYS - len(self._keys))
        if not fresh:
            return
        self._keys = np.concatenate([self._keys, described[fresh]])
        for key in fresh:
            fields = self._warp.fields(self._shaped(poses[key]), self._deepest)
            self._table.append(np.concatenate([fields.upper.ravel(), fields.lower.ravel()]))
        if len(self._keys) >= FEWEST_KEYS:
            self._weights = _mixture(self._keys) @ np.stack(self._table)

    def fields(self, pose: MouthPose, shape: MouthShape) -> Fields:
        """The fields of `pose`, whose shape is `shape`."""
        if self._weights is None:
            return self._warp.fields(shape)
        here = _describe(pose)
        mix = np.concatenate([np.linalg.norm(self._keys - here, axis=1), [1.0], here]).astype(np.float32)
        upper, lower = (mix @ self._weights).reshape(2, *self._warp.block.shape, 2)
        return Fields(upper, lower)


def _mixture(keys: F64) -> F32:
    """(k + 1 + d, k) from the keys' fields to the weights of a radial basis through the keys (k, d)."""
    count, size = len(keys), keys.shape[1] + 1
    system = np.zeros((count + size, count + size))
    system[:count, :count] = np.linalg.norm(keys[:, None] - keys[None], axis=-1)
    system[:count, count] = 1
    system[:count, count + 1 :] = keys
    system[count:, :count] = system[:count, count:].T
    return np.asarray(np.linalg.pinv(system, rcond=1e-9)[:, :count], np.float32)


def _describe(pose: MouthPose) -> F64:
    """(DESCRIBED,) what the fields depend on, scaled so that equal distances move the skin about equally."""
    return np.array(
        [
            min(max(0.0, parting(pose.opening)), 1.2) ** GAP_POWER,
            (pose.width - 1) * 3,
            pose.rounding,
            pose.lift * min(1.0, pose.opening * 2.5 + pose.tuck),
            pose.tuck,
            pose.press,
        ]
    )


def _most_different(points: F64, known: F64, most: int) -> list[int]:
    """Indices of up to `most` points (n, d), each the farthest from those before it and from those that are known.

    The first of all is the most open one.
    """
    distance = np.full(len(points), np.inf)
    for one in known:
        distance = np.minimum(distance, ((points - one) ** 2).sum(1))
    chosen: list[int] = []
    while len(chosen) < most:
        farthest = int(distance.argmax()) if np.isfinite(distance).all() else int(points[:, 0].argmax())
        if distance[farthest] < NEAR**2:
            break
        chosen.append(farthest)
        distance = np.minimum(distance, ((points - points[farthest]) ** 2).sum(1))
    return chosen

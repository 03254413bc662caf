"""Owns the frames of a still picture: moved skin, blinking eyes and speaking mouths, as the encoder's planes.

A frame is drawn with one resampling: head and mouth movement are added on the coarse grid first. Luma is read from a
copy of twice the size, which is sharper than a bicubic read and costs half.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from jobs.engines.local.faces.mask import Mask
from jobs.engines.local.frames import eyelids, lips, raster
from jobs.engines.local.frames.interior import Region
from jobs.engines.local.frames.lips import Face, Moment, Source
from jobs.engines.local.mouths.warp import Block, Grid
from jobs.engines.local.shapes import F32, F64, U8, FaceFrame, Planes

MASK_CALM = 0.05  # of the picture's shorter side: over how much the head's movement ends before a mask does


class StillBase:
    """A still picture, ready to be sampled: its planes, luma at twice the size, and its blinking eyes."""

    def __init__(self, picture: U8, blinkers: Sequence[tuple[F64, FaceFrame]]) -> None:
        planes = raster.to_planes(picture)
        self.luma, self.chroma = planes.luma, planes.chroma
        self.double = _doubled(planes.luma)
        self._lids: list[list[list[tuple[Region, U8, U8, U8]]]] = []
        self._level = [0] * len(blinkers)
        for points, frame in blinkers:
            boxes = _even_boxes(eyelids.eye_boxes(points, frame, planes.width, planes.height), planes)
            pictures = [picture, *(eyelids.closed(picture, points, frame, level) for level in eyelids.LEVELS)]
            self._lids.append([self._cut(each, boxes) for each in pictures])

    def blink(self, face: int, level: int) -> None:
        """Show one face's eyes at a level of `still.blinks`."""
        if level == self._level[face]:
            return
        self._level[face] = level
        for region, luma, double, chroma in self._lids[face][level]:
            self.luma[region.luma], self.chroma[region.chroma] = luma, chroma
            rows, columns = region.luma
            self.double[2 * rows.start : 2 * rows.stop, 2 * columns.start : 2 * columns.stop] = double

    @staticmethod
    def _cut(picture: U8, boxes: Sequence[Region]) -> list[tuple[Region, U8, U8, U8]]:
        planes = raster.to_planes(picture)
        double = _doubled(planes.luma)
        return [
            (
                box,
                planes.luma[box.luma].copy(),
                double[2 * box.y : 2 * (box.y + box.height), 2 * box.x : 2 * (box.x + box.width)].copy(),
                planes.chroma[box.chroma].copy(),
            )
            for box in boxes
        ]


def _doubled(luma: U8) -> U8:
    return np.asarray(cv2.resize(luma, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def _even_boxes(boxes: Sequence[tuple[int, int, int, int]], planes: Planes) -> list[Region]:
    """The boxes with two pixels more round them, on even corners, for the cubic enlargement reaches that far."""
    regions = []
    for x0, y0, x1, y1 in boxes:
        left, top = max(0, x0 - 2) & ~1, max(0, y0 - 2) & ~1
        right, bottom = min(planes.width, x1 + 3) & ~1, min(planes.height, y1 + 3) & ~1
        if right > left and bottom > top:
            regions.append(Region(left, top, right - left, bottom - top))
    return regions


class StillPainter:
    """Draws the frames of a still picture: `head` moves every node, each moment's fields its mouth.

    With a mask, what it covers with black stays as in the picture.
    """

    def __init__(
        self, base: StillBase, grid: Grid, faces: Sequence[Face], head_bases: Sequence[F32], mask: Mask | None = None
    ) -> None:
        self._base, self._grid, self._mask = base, grid, mask
        self._untouched = Planes(base.luma.copy(), base.chroma.copy()) if mask else None
        self._head_bases = [_within_mask(basis, grid, mask) for basis in head_bases] if mask else head_bases
        height, width = base.luma.shape
        moving = np.zeros(grid.points.shape[:2], bool)
        for face, basis in zip(faces, head_bases, strict=True):
            moving |= np.abs(basis).max((2, 3)) > 1e-4
            moving[face.block.slices] = True
        self._block = Block.around(moving)
        self._region = lips.block_region(self._block, grid, width, height)
        self._source = Source(base.double, base.chroma, factor=2)

    def draw(self, moments: Sequence[Moment], heads: Sequence[F64]) -> Planes:
        """One frame; `heads` (5,) as in `still.head`, one for each face."""
        points = self._grid.points
        moved = points.copy()
        for basis, head in zip(self._head_bases, heads, strict=True):
            moved += basis @ head.astype(np.float32)
        at = moved.copy()
        for moment in moments:
            blended = lips.both_layers(moment)
            block = moment.face.block.slices
            cells = (moved[block] - points[block][0, 0]) / np.float32(self._grid.cell)
            at[block] += raster.sample_field(blended, cells, outside_is_zero=True)
        frame = self._resample(at)
        for moment in moments:
            self._draw_mouth(frame, moment, moved)
        if self._mask is not None and self._untouched is not None:
            raster.keep_outside(frame, self._untouched, self._mask.luma, self._mask.chroma)
        return frame

    def _resample(self, at: F32) -> Planes:
        base, region, cell = self._base, self._region, self._grid.cell
        nodes = at[self._block.slices]
        frame = Planes(base.luma.copy(), base.chroma.copy())
        frame.luma[region.luma] = self._source.luma_at(nodes, cell, region.height, region.width)
        frame.chroma[region.chroma] = self._source.chroma_at(nodes, cell, region.height, region.width)
        return frame

    def _draw_mouth(self, frame: Planes, moment: Moment, moved: F32) -> None:
        face, grid = moment.face, self._grid
        now = _moved_frame(face, grid, moved)
        box = lips.mouth_box(moment, now, grid, frame.width, frame.height)
        if box is None:
            return
        cells = (moved[box.slices] - grid.points[face.block.slices][0, 0]) / np.float32(grid.cell)
        layers = np.concatenate([moment.fields.upper, moment.fields.lower], 2)
        layers = raster.sample_field(layers, cells) + np.tile(moved[box.slices], 2)
        seam = raster.sample_field(np.stack(lips.seams(moment), 2), cells, smooth=False)
        lips.draw(frame, self._source, moment, grid, layers, seam, now, box)


def _within_mask(basis: F32, grid: Grid, mask: Mask) -> F32:
    """The head's movement, less towards the mask's border: or the border would show as a double edge."""
    height, width = mask.hard.shape
    wide = raster.softened(mask.hard, MASK_CALM * min(width, height))
    calm = np.clip(2 * raster.sample_field(wide, grid.points, smooth=False) - 1, 0, 1)
    return np.asarray(basis * calm[..., None, None], np.float32)


def _moved_frame(face: Face, grid: Grid, moved: F32) -> FaceFrame:
    """The face's frame after the head's movement, near the mouth."""
    step = 0.15
    centre = np.array([face.rest.centre_x, face.rest.line_y])
    cross = centre + step * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    wanted = face.frame.to_pixels(cross).astype(np.float32)
    displacement = moved - grid.points
    at = wanted
    for _ in range(2):  # the displacement is known at the result's points: find those that come from `wanted`
        cells = ((at - grid.points[0, 0]) / np.float32(grid.cell))[None]
        at = wanted - raster.sample_field(displacement, cells, smooth=False)[0]
    found = at.astype(np.float64)
    axes = np.stack([found[1] - found[2], found[3] - found[4]], 1) / (2 * step)
    return FaceFrame(found[0] - axes @ centre, axes, face.frame.scale)

"""Owns the frames of a still picture: moved skin, blinking eyes and speaking mouths, as the encoder's planes.

A frame is drawn with one resampling: head and mouth movement are added on the coarse grid first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.engines.local.faces.mask import Mask
from jobs.engines.local.frames import eyelids, lips, raster, still
from jobs.engines.local.frames.interior import Region
from jobs.engines.local.frames.lips import Face, Moment, Source
from jobs.engines.local.mouths.warp import Block, Grid
from jobs.engines.local.shapes import F32, F64, U8, U16, FaceFrame, Planes

MASK_CALM = 0.05  # of the picture's shorter side: over how much the head's movement ends before a mask does
LEAST_MOVE = 0.125  # pixels: nodes that the head never moves this far stay where they are
CHROMA_FACTOR = 4
PATCH_MARGIN = 4  # pixels round a patch that have a say in its enlargement; even


@dataclass(frozen=True)
class _Patch:
    """A part of the picture in all forms in which `StillBase` holds it."""

    region: Region
    luma: U8
    chroma: U8
    fine_luma: U8
    fine_chroma: U16


class StillBase:
    """A still picture, ready to be sampled: its planes, the same enlarged, and its blinking eyes."""

    def __init__(self, picture: U8, blinkers: Sequence[tuple[F64, FaceFrame]]) -> None:
        planes = raster.to_planes(picture)
        self.luma, self.chroma = planes.luma, planes.chroma
        self.fine_luma = raster.enlarged_luma(planes.luma)
        self.fine_chroma = raster.enlarged_chroma(planes.chroma, CHROMA_FACTOR)
        self._lids: list[list[list[_Patch]]] = []
        self._level = [0] * len(blinkers)
        for points, frame in blinkers:
            boxes = _even_boxes(eyelids.eye_boxes(points, frame, planes.width, planes.height), planes)
            pictures = [picture, *(eyelids.closed(picture, points, frame, level) for level in eyelids.LEVELS)]
            self._lids.append([[_patch(each, box) for box in boxes] for each in pictures])

    def blink(self, face: int, level: int) -> None:
        """Show one face's eyes at a level of `still.blinks`."""
        if level == self._level[face]:
            return
        self._level[face] = level
        for patch in self._lids[face][level]:
            region = patch.region
            self.luma[region.luma], self.chroma[region.chroma] = patch.luma, patch.chroma
            self.fine_luma[_times(2, region.luma)] = patch.fine_luma
            self.fine_chroma[_times(CHROMA_FACTOR, region.chroma)] = patch.fine_chroma


def _patch(picture: U8, region: Region) -> _Patch:
    """The region of a BGR picture, as if all of it had been enlarged."""
    height, width = picture.shape[:2]
    left, top = max(0, region.x - PATCH_MARGIN), max(0, region.y - PATCH_MARGIN)
    right, bottom = region.x + region.width + PATCH_MARGIN, region.y + region.height + PATCH_MARGIN
    planes = raster.to_planes(np.ascontiguousarray(picture[top : min(height, bottom), left : min(width, right)]))
    inside = Region(region.x - left, region.y - top, region.width, region.height)
    fine_chroma = raster.enlarged_chroma(planes.chroma, CHROMA_FACTOR)
    return _Patch(
        region,
        planes.luma[inside.luma].copy(),
        planes.chroma[inside.chroma].copy(),
        raster.enlarged_luma(planes.luma)[_times(2, inside.luma)].copy(),
        fine_chroma[_times(CHROMA_FACTOR, inside.chroma)].copy(),
    )


def _times(factor: int, part: tuple[slice, slice]) -> tuple[slice, slice]:
    rows, columns = part
    return slice(factor * rows.start, factor * rows.stop), slice(factor * columns.start, factor * columns.stop)


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

    With a mask, what it covers with black stays as in the picture. While no head moves, so does what no mouth reaches:
    reading it anew would make it a little softer.
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
            moving |= (np.abs(basis) @ still.LARGEST_MOVE.astype(np.float32)).max(2) > LEAST_MOVE
            moving[face.block.slices] = True
        self._block = Block.around(moving)
        self._region = lips.block_region(self._block, grid, width, height)
        self._source = Source(base.fine_luma, base.fine_chroma, CHROMA_FACTOR)
        self._reach = _reach_of_all(faces, grid, width, height)

    def draw(self, moments: Sequence[Moment], heads: Sequence[F64]) -> Planes:
        """One frame; `heads` (5,) as in `still.head`, one for each face."""
        points = self._grid.points
        moved = points.copy()
        for basis, head in zip(self._head_bases, heads, strict=True):
            moved += (basis.reshape(-1, len(head)) @ head.astype(np.float32)).reshape(moved.shape)
        at = moved.copy()
        seams = [lips.seams(moment) for moment in moments]
        for moment, seam in zip(moments, seams, strict=True):
            blended = lips.both_layers(moment, seam)
            block = moment.face.block.slices
            cells = (moved[block] - points[block][0, 0]) / np.float32(self._grid.cell)
            at[block] += raster.sample_field(blended, cells, outside_is_zero=True)
        frame = self._resample(at)
        if not any(head.any() for head in heads):
            raster.keep_outside(frame, Planes(self._base.luma, self._base.chroma), *self._reach)
        for moment, seam in zip(moments, seams, strict=True):
            self._draw_mouth(frame, moment, seam, moved)
        if self._mask is not None and self._untouched is not None:
            raster.keep_outside(frame, self._untouched, self._mask.luma, self._mask.chroma)
        return frame

    def _resample(self, at: F32) -> Planes:
        frame = Planes(self._base.luma.copy(), self._base.chroma.copy())
        part = Planes(frame.luma[self._region.luma], frame.chroma[self._region.chroma])
        self._source.read(at[self._block.slices], self._grid.cell, part)
        return frame

    def _draw_mouth(self, frame: Planes, moment: Moment, seam: F32, moved: F32) -> None:
        face, grid = moment.face, self._grid
        now = _moved_frame(face, grid, moved)
        box = lips.mouth_box(moment, now, grid, frame.width, frame.height)
        if box is None:
            return
        cells = (moved[box.slices] - grid.points[face.block.slices][0, 0]) / np.float32(grid.cell)
        layers = np.concatenate([moment.fields.upper, moment.fields.lower], 2)
        layers = raster.sample_field(layers, cells) + np.tile(moved[box.slices], 2)
        here = raster.sample_field(seam, cells, smooth=False)
        lips.draw(frame, self._source, moment, grid, layers, here, now, box)


def _reach_of_all(faces: Sequence[Face], grid: Grid, width: int, height: int) -> tuple[F32, F32]:
    """Where any mouth moves the skin: (h, w) for luma and (h/2, w/2) for chroma, 0 to 1."""
    luma = np.zeros((height, width), np.float32)
    for face in faces:
        region = lips.block_region(face.block, grid, width, height)
        part = luma[region.luma]
        np.maximum(part, lips.reach_mask(face, grid, region), out=part)
    return luma, raster.halved(luma)


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

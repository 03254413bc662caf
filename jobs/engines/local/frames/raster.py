"""Owns the pixel primitives that the drawing stages share: NV12, masks, and resampling through coarse maps."""

from typing import Any

import cv2
import numpy as np

from jobs.engines.local.shapes import F32, F64, U8, U16, Planes

# BT.709, limited range: (blue, green, red) → luma, blue difference, red difference.
TO_LUMA = np.array([0.0620, 0.6142, 0.1826], np.float32)
TO_BLUE = np.array([0.4392, -0.3386, -0.1006], np.float32)
TO_RED = np.array([-0.0403, -0.3989, 0.4392], np.float32)
LUMA_ZERO, CHROMA_ZERO = 16, 128
_INVERSE = np.linalg.inv(np.stack([TO_LUMA, TO_BLUE, TO_RED]).astype(np.float64))
_TO_BGR = np.column_stack([_INVERSE, -_INVERSE @ [LUMA_ZERO, CHROMA_ZERO, CHROMA_ZERO]])
BRIGHTNESS = np.array([0.114, 0.587, 0.299])  # of BGR, where only light and dark matter

SUBPIXEL_BITS = 4
FINE_ROWS = 8  # a pixel; lips part downwards
_COVERED = (np.rint(np.linspace(0, 255, FINE_ROWS + 1)) / 255).astype(np.float32)  # by how many of them, in whole bytes


def _spline_terms(at: F64) -> F64:
    """(n, 11) what spans the cubic splines through 11 points at 0 to 10, smooth at the first and the last knot too."""
    powers = at[:, None] ** np.arange(4)
    bends = np.clip(at[:, None] - np.arange(2, 9), 0, None) ** 3
    return np.concatenate([powers, bends], 1)


_DENSE = _spline_terms(np.linspace(0, 10, 61)) @ np.linalg.inv(_spline_terms(np.arange(11.0)))


def dense(line: F64) -> F64:
    """A lip line (11, 2) → (61, 2) along the same curve."""
    return np.asarray(_DENSE @ line)


def to_planes(picture: U8) -> Planes:
    """BGR with even sides → NV12."""
    height, width = picture.shape[:2]
    luma = cv2.transform(picture, np.append(TO_LUMA, LUMA_ZERO)[None])
    chroma = cv2.transform(
        cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA),
        np.stack([np.append(TO_BLUE, CHROMA_ZERO), np.append(TO_RED, CHROMA_ZERO)]),
    )
    return Planes(np.asarray(luma, np.uint8), np.asarray(chroma, np.uint8))


def to_bgr(planes: Planes, rows: slice = slice(None), columns: slice = slice(None)) -> U8:
    """NV12 → BGR, whole or a part with even borders."""
    luma = np.ascontiguousarray(planes.luma[rows, columns])
    half = [
        slice(part.start // 2 if part.start else None, part.stop // 2 if part.stop else None)
        for part in (rows, columns)
    ]
    chroma = np.ascontiguousarray(planes.chroma[half[0], half[1]])
    full = cv2.resize(chroma, luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.transform(cv2.merge([luma, full]), _TO_BGR), np.uint8)


def shrunk_rgb(planes: Planes, rows: tuple[int, int], columns: tuple[int, int], scale: float) -> U8:
    """A part with even borders, scaled, as RGB for finding faces in: quick, its colours only nearly right."""
    (y0, y1), (x0, x1) = rows, columns
    width, height = (max(2, round(side * scale / 2) * 2) for side in (x1 - x0, y1 - y0))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    luma = cv2.resize(planes.luma[y0:y1, x0:x1], (width, height), interpolation=how)
    chroma = cv2.resize(
        planes.chroma[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2], (width // 2, height // 2), interpolation=how
    )
    return np.asarray(cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2RGB_NV12), np.uint8)


def paint_to_planes(paint: F32) -> tuple[F32, F32]:
    """BGR paint in floats (even sides) → luma (h, w) and chroma (h/2, w/2, 2) in floats."""
    height, width = paint.shape[:2]
    luma = paint @ TO_LUMA + np.float32(LUMA_ZERO)
    small = np.asarray(cv2.resize(paint, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float32)
    return luma, small @ np.stack([TO_BLUE, TO_RED], 1) + np.float32(CHROMA_ZERO)


def polygon_mask(points: F64, width: int, height: int, blur: float) -> F32:
    """(h, w) 0 to 1: how much of each pixel is inside the polygon of pixel points, its edge `blur` wide (σ).

    Drawn on finer rows: cv2's own smooth edges add .7 pixels on each side, and lips that hardly part would gape.
    """
    rows = np.zeros((height, FINE_ROWS, width), np.uint8)
    fine = points * [1, FINE_ROWS] + [0, (FINE_ROWS - 1) / 2]
    cv2.fillPoly(rows.reshape(-1, width), [_fixed(fine)], (1.0,), cv2.LINE_8, SUBPIXEL_BITS)
    return softened(_COVERED.take(np.add.reduce(rows, 1, np.uint8)), blur)


def line_mask(points: F64, width: int, height: int, thickness: int, blur: float) -> F32:
    """(h, w) 0 to 1: on the open line through pixel points."""
    mask = np.zeros((height, width), np.uint8)
    cv2.polylines(mask, [_fixed(points)], False, (255.0,), max(1, thickness), cv2.LINE_AA, SUBPIXEL_BITS)
    return softened(mask, blur)


def softened(mask: U8 | F32, blur: float) -> F32:
    """A mask of bytes or of 0 to 1 → 0 to 1, blurred by σ pixels."""
    full = np.asarray(mask, np.float32) / 255 if mask.dtype == np.uint8 else np.asarray(mask, np.float32)
    return np.asarray(cv2.GaussianBlur(full, (0, 0), blur), np.float32) if blur > 0 else full


def halved(mask: F32) -> F32:
    """(h, w) → (h/2, w/2), for chroma."""
    return np.asarray(
        cv2.resize(mask, (mask.shape[1] // 2, mask.shape[0] // 2), interpolation=cv2.INTER_AREA), np.float32
    )


def blend(below: U8, above: U8, mask: F32) -> U8:
    """`below` where the mask is 0, `above` where it is 1."""
    return np.asarray(cv2.blendLinear(below, above, 1 - mask, mask), np.uint8)


def keep_outside(planes: Planes, untouched: Planes, luma_mask: F32, chroma_mask: F32) -> None:
    """Put back, in place, what was there where the masks are 0."""
    planes.luma[:] = blend(untouched.luma, planes.luma, luma_mask)
    planes.chroma[:] = blend(untouched.chroma, planes.chroma, chroma_mask)


def mixed(below: U8, above: U8, share: float) -> U8:
    """`share` (0 to 1) of `above`, the rest of `below`."""
    return np.asarray(cv2.addWeighted(below, 1 - share, above, share, 0), np.uint8)


def enlarged_luma(luma: U8) -> U8:
    """Twice the size: read bilinearly it is sharper than a bicubic reading of the plane itself, and costs a third."""
    return np.asarray(cv2.resize(luma, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def enlarged_chroma(chroma: U8, factor: int) -> U16:
    """`factor` times the size as `paired`: so smooth that its nearest value may be read, at a fifth of the cost."""
    if factor > 1:
        chroma = np.asarray(cv2.resize(chroma, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR), np.uint8)
    return paired(chroma)


def paired(chroma: U8) -> U16:
    """(h, w, 2) → (h, w), a view in which both colour differences are one number."""
    return chroma.view(np.uint16)[..., 0]


def sample(plane: U8 | U16, nodes: F32, cell: int, out: U8 | U16) -> None:
    """Fill `out` (h, w) with the plane at positions known on nodes (ny, nx, 2), `cell` apart and one cell beyond it.

    Bytes are read bilinearly, pairs as their nearest.
    """
    height, width = out.shape
    how = cv2.INTER_LINEAR if out.dtype == np.uint8 else cv2.INTER_NEAREST
    at = between(nodes, cell, height, width)
    cv2.remap(plane, at, None, how, out, cv2.BORDER_REPLICATE)  # type: ignore[call-overload]


def sample_field(field: F32, at: F32, smooth: bool = True, outside_is_zero: bool = False) -> F32:
    """A coarse field's values at (h, w, 2) positions in its own cells."""
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    border = cv2.BORDER_CONSTANT if outside_is_zero else cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(field, at, None, how, borderMode=border), np.float32)  # type: ignore[call-overload]


def between(nodes: F32, cell: int, height: int, width: int) -> F32:
    """Values known on nodes (ny, nx, …), `cell` pixels apart, one more on each side → those at every pixel (h, w, …).

    Linear: a cubic resize bends maps of absolute positions.
    """
    every = cv2.resize(nodes, None, fx=cell, fy=cell, interpolation=cv2.INTER_LINEAR)
    return np.asarray(every, np.float32)[cell : cell + height, cell : cell + width]


def warp_affine(texture: F32, matrix: F64, width: int, height: int) -> F32:
    """The texture under a 2×3 map from its pixels to those of the result."""
    return np.asarray(cv2.warpAffine(texture, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)


def _fixed(points: F64) -> Any:
    return np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)

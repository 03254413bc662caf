"""Owns the contact sheet: what to look at in a result, cut out and put on one picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.measuring import closures
from jobs.engines.local.measuring.mesh import known
from jobs.engines.local.shapes import F64, U8, MouthTrack

TILE, ACROSS, CAPTION = 250, 6, 18  # pixels, tiles in a row, pixels
EVEN = 12  # frames spread over the whole
FACE_CENTRE, FACE_REACH = (0.0, -0.05), 1.35  # in S: what a crop shows of a face and what is round it
MOUTH_CENTRE, MOUTH_REACH = (0.0, 0.33), 0.50
APART = 4  # frames between two of a kind
PAPER, INK = 245, (40, 40, 40)
STRONG_TUCK, STRONG_PRESS = 0.45, 0.6


@dataclass(frozen=True)
class Tile:
    """One crop: the frame's number, whether of the mouth alone, and what to write under it."""

    frame: int
    close: bool
    caption: str


def tiles(track: MouthTrack, gap: F64) -> list[Tile]:
    """Frames worth looking at: evenly spread, then the mouth widest, closed, at F and V, and where it fits least."""
    count = min(len(track), len(gap))
    opening, tuck, press = track.opening[:count], track.poses[:count, 5], track.poses[:count, 6]
    seen = ~np.isnan(gap[:count])
    even = np.unique(np.linspace(0, count - 1, EVEN).round().astype(int))
    shut = closures.intended(opening) & seen
    kinds = (
        ("widest", peaks(np.where(seen, opening, 0), 3, 0.2)),
        ("M B P", peaks(np.where(seen, press, 0), 3, STRONG_PRESS)),
        ("F V", peaks(np.where(seen, tuck, 0), 3, STRONG_TUCK)),
        ("should be closed", peaks(np.where(shut, gap[:count], -1), 2, -0.5)),
        ("half open", peaks(np.where(seen, -np.abs(opening - 0.35), -9), 1, -0.3)),
    )
    chosen = [Tile(int(i), False, "") for i in even]
    chosen += [Tile(i, True, kind) for kind, frames in kinds for i in frames]
    return [
        Tile(
            tile.frame,
            tile.close,
            f"{(tile.frame + 0.5) / track.fps:.2f}s {tile.caption} {opening[tile.frame]:.2f}/{gap[tile.frame]:.3f}",
        )
        for tile in chosen
    ]


def peaks(values: F64, most: int, least: float) -> list[int]:
    """Frames of the highest values above `least`, some frames apart, in order of time."""
    left = values.astype(float).copy()
    found: list[int] = []
    while len(found) < most and len(left) and left.max() > least:
        best = int(np.argmax(left))
        found.append(best)
        left[max(0, best - APART) : best + APART + 1] = -np.inf
    return sorted(found)


def draw(pictures: Iterable[U8], landmarks: F64, chosen: Sequence[Tile]) -> U8:
    """Frames (BGR) with landmarks (frames, 478, 3) → the sheet; an absent face is cut where it was last."""
    at = _last_known(landmarks)
    wanted = {tile.frame for tile in chosen}
    cut: dict[tuple[int, bool], U8] = {}
    for number, picture in enumerate(pictures):
        if number in wanted:
            for close in (False, True):
                cut[number, close] = crop(picture, at[number], close, TILE)
    shown = [_captioned(cut[tile.frame, tile.close], tile.caption) for tile in chosen if (tile.frame, False) in cut]
    return stacked(shown, ACROSS)


def crop(picture: U8, points: F64, close: bool, side: int) -> U8:
    """(side, side, 3) round the mouth (`close`) or the face of landmarks (478, 3), upright."""
    frame = face_frame(points)
    centre, reach = (MOUTH_CENTRE, MOUTH_REACH) if close else (FACE_CENTRE, FACE_REACH)
    scale = side / (2 * reach * frame.scale)
    x, y = frame.to_pixels(np.array(centre))
    move = np.array([[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y]])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    if scale < 0.6:  # or thin lines would flicker
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale), np.uint8)
    return np.asarray(
        cv2.warpAffine(picture, move, (side, side), flags=how, borderValue=(PAPER, PAPER, PAPER)), np.uint8
    )


def stacked(shown: Sequence[U8], across: int) -> U8:
    """Pictures of one size in rows of so many; the last row is filled up with paper."""
    if not shown:
        return np.full((1, 1, 3), PAPER, np.uint8)
    empty = np.full_like(shown[0], PAPER)
    full = [*shown, *[empty] * (-len(shown) % across)]
    return np.concatenate([np.concatenate(full[i : i + across], 1) for i in range(0, len(full), across)], 0)


def _captioned(picture: U8, caption: str) -> U8:
    strip = np.full((CAPTION, picture.shape[1], 3), PAPER, np.uint8)
    cv2.putText(strip, caption, (3, CAPTION - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.38, INK, 1, cv2.LINE_AA)
    return np.concatenate([picture, strip], 0)


def _last_known(landmarks: F64) -> F64:
    """The same, gaps filled with what was known last, or first."""
    filled = landmarks.copy()
    at = [i for i, points in enumerate(landmarks) if known(points)]
    if at:
        before = np.searchsorted(at, np.arange(len(landmarks)), side="right") - 1
        filled = landmarks[np.array(at)[np.maximum(0, before)]]
    return np.asarray(filled)

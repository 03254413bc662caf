"""Owns looking at finished frames: the face mesh once more, in each frame on its own, where a face is expected."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np

from jobs.engines.local.faces.face import FaceFinder, face_frame, face_width
from jobs.engines.local.mouths import mouth
from jobs.engines.local.shapes import F64, U8

MIDDLE = slice(4, 7)  # of the inner lip lines
POINTS = 478
# A finding is the face expected there if its middle and its width are not further from it, in widths of the face.
MAX_APART, MAX_WIDER = 0.35, 1.4
NARROW_REACH = (0.75, 0.95)  # the second try's crop, for when a neighbour stands in the usual one

Anchors = Sequence[F64 | None]  # for each frame, landmarks (478, 3) near which the face is; None where it is absent


def watch(pictures: Iterable[U8], faces: Sequence[Anchors]) -> F64:
    """Frames (BGR) → (faces, frames, 478, 3) landmarks in pixels; NaN where the face is absent or was not found.

    Every frame is looked at without memory of those before: a tracked mesh is smoothed, and so late.
    """
    finder = FaceFinder()
    nothing = np.full((POINTS, 3), np.nan)
    count = min(len(anchors) for anchors in faces)
    found = [
        [_at(finder, picture, anchor) if anchor is not None else None for anchor in (face[i] for face in faces)]
        for i, picture in zip(range(count), pictures, strict=False)
    ]
    looks = [[nothing if points is None else points for points in frame] for frame in found]
    return np.array(looks, np.float64).reshape(-1, len(faces), POINTS, 3).swapaxes(0, 1)


def frames(video: Path) -> Iterator[U8]:
    """The decoded pictures of a video, BGR."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def in_face_units(landmarks: F64) -> F64:
    """(frames, 478, 3) pixels → (frames, 478, 2) in each frame's own face units; NaN stays."""
    return np.array([face_frame(points).to_face(points) if known(points) else points[:, :2] for points in landmarks])


def gaps(landmarks: F64) -> F64:
    """(frames, 478, 3) → (frames,) distance of the inner lips' middles in S, below 0 where they seem to overlap."""
    return np.array([_gap(points) for points in in_face_units(landmarks)])


def known(points: F64) -> bool:
    """Whether the face was found."""
    return not np.isnan(points[0, 0])


def same_face(points: F64, expected: F64) -> bool:
    """Whether landmarks (478, 3) are of the face that was expected, not of its neighbour."""
    width = face_width(expected)
    apart = float(np.linalg.norm(points[:, :2].mean(0) - expected[:, :2].mean(0)))
    wider = face_width(points) / max(width, 1e-6)
    return apart < MAX_APART * width and 1 / MAX_WIDER < wider < MAX_WIDER


def _at(finder: FaceFinder, picture: U8, anchor: F64) -> F64 | None:
    points = finder.close_up(picture, anchor)
    if points is not None and same_face(points, anchor):
        return points
    middle, reach = anchor[:, :2].mean(0), np.array(NARROW_REACH) * face_width(anchor)
    x0, y0 = np.maximum(0, middle - reach).astype(int)
    x1, y1 = np.maximum(0, middle + reach).astype(int)
    corner = np.array([x0, y0, 0])
    points = finder.close_up(picture[y0:y1, x0:x1], anchor - corner) if x1 - x0 > 1 and y1 - y0 > 1 else None
    if points is None or not same_face(points + corner, anchor):
        return None
    return np.asarray(points + corner)


def _gap(points: F64) -> float:
    lips = mouth.contours(points)
    return float((lips.lower_inner[MIDDLE, 1] - lips.upper_inner[MIDDLE, 1]).mean())

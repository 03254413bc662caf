"""Owns looking: where the faces in a picture are, how they are turned, and the frame in which they are measured."""

import os
import sys
import types
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jobs.engines.local.frames import raster
from jobs.engines.local.landmarks import CHIN, FOREHEAD, LEFT_EYE_OUTER, RIGHT_EYE_OUTER, SUBNASALE
from jobs.engines.local.shapes import F64, U8, FaceFrame, Planes

SEARCH_SIDE = 1280  # longer side of the picture in which faces are searched
TILE_SIDE = 256  # smaller tiles are enlarged to this
TILE_SHRINK = 0.55
FACE_IN_TILE = 4.5  # a tile finds faces down to this fraction of it
CLOSE_UP_SIDE = 448
MIRROR_DRIFT = 0.05  # of its width: how far a face may be from where its mirror image has it
CLOSE_UP_REACH = (1.2, 1.4)  # of the face's width, to each side and up and down
MAX_FACES = 6
MIN_ACROSS = 0.5  # of S: a profile's eye axis is taken at least this long, or the frame degenerates


class FaceFinder:
    """mediapipe's face mesh on single pictures, made to find small faces too."""

    def __init__(self) -> None:
        mesh = face_mesh()
        options = {"static_image_mode": True, "refine_landmarks": True, "min_detection_confidence": 0.3}
        self._many: Any = mesh.FaceMesh(max_num_faces=MAX_FACES, **options)
        self._one: Any = mesh.FaceMesh(max_num_faces=1, **options)

    def find(self, picture: U8, smallest: float = 24.0, at_least: int = 1) -> list[F64]:
        """Faces of a BGR picture, largest first, each (478, 3) in its pixels; none narrower than about `smallest`.

        The whole picture first; tiles of halving size until `at_least` so many are found. What only a tile shows beside
        a face that is known counts if a mirror shows it, too: folds and hair seldom look like a face both ways.
        """
        scale = min(1.0, SEARCH_SIDE / max(picture.shape[:2]))
        small = _resized(picture, scale)
        found: list[F64] = []
        level, known = 0, 0
        for x0, y0, x1, y1 in tiles(small.shape[1], small.shape[0], smallest * FACE_IN_TILE * scale):
            if max(x1 - x0, y1 - y0) != level and len(found) >= at_least:
                break
            if max(x1 - x0, y1 - y0) != level:
                level, known = max(x1 - x0, y1 - y0), len(found)
            tile = small[y0:y1, x0:x1]
            for rough in _mesh_points(self._many, tile, max(1.0, TILE_SIDE / max(tile.shape[:2]))):
                points = self.close_up(picture, (rough + np.array([x0, y0, 0])) / scale)
                if points is None or any(_same_place(points, other) for other in found):
                    continue
                if not known or self._in_the_mirror(picture, points):
                    found.append(points)
        return sorted(found, key=face_width, reverse=True)

    def find_large(self, picture: U8) -> list[F64]:
        """Like `find`, but only what shows in the whole picture at once: a tenth of the work where there is no face."""
        scale = min(1.0, SEARCH_SIDE / max(picture.shape[:2]))
        found = [
            self.close_up(picture, rough / scale) for rough in _mesh_points(self._many, _resized(picture, scale), 1)
        ]
        return sorted((points for points in found if points is not None), key=face_width, reverse=True)

    def _in_the_mirror(self, picture: U8, points: F64) -> bool:
        """Whether a mirrored picture has a face in the same place. Measured: faces are off by .02 of their width at
        most, what is none by .09 or more, or it is not there; a face in full profile may be missed.
        """
        last = picture.shape[1] - 1
        rough = points * (-1, 1, 1) + (last, 0, 0)
        again = self.close_up(np.ascontiguousarray(picture[:, ::-1]), rough)
        if again is None:
            return False
        off = np.linalg.norm(again[:, :2].mean(0) - rough[:, :2].mean(0))
        return bool(off < MIRROR_DRIFT * face_width(points))

    def close_up(self, picture: U8, rough: F64) -> F64 | None:
        """The face at `rough` once more, from a crop in which it is large; None if it is none after all."""
        width = face_width(rough)
        middle = rough[:, :2].mean(0)
        height, across = picture.shape[:2]
        reach = np.array(CLOSE_UP_REACH) * width
        x0, y0 = np.maximum(0, middle - reach).astype(int)
        x1, y1 = np.minimum([across, height], middle + reach).astype(int)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        crop = picture[y0:y1, x0:x1]
        faces = _mesh_points(self._one, crop, CLOSE_UP_SIDE / max(crop.shape[:2]))
        return faces[0] + [x0, y0, 0] if faces else None


FOLLOW_REACH = 1.3  # of the face's larger side, to each side of its middle
FOLLOW_DRIFT = 0.2  # of the crop's side: how far the face may move in it
FOLLOW_ROWS = 320  # the crop is brought to this: the mesh itself sees 192


class FaceFollower:
    """Follows one face through the frames of a video.

    It looks at a crop that stays where it is while the face stays well inside, for the mesh keeps its own place in it.
    """

    def __init__(self) -> None:
        options = {"static_image_mode": False, "refine_landmarks": True, "min_detection_confidence": 0.3}
        self._mesh: Any = face_mesh().FaceMesh(max_num_faces=1, **options)
        self._box: tuple[int, int, int, int] | None = None

    def begin(self, points: F64) -> None:
        """Follow the face at `points` (478, 3) from the next frame on."""
        self._mesh.reset()
        self._box = _follow_box(points)

    def follow(self, planes: Planes) -> F64 | None:
        """The face in the next frame, or None if it is lost."""
        if self._box is None:
            return None
        x0, y0, x1, y1 = self._box
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(planes.width, x1), min(planes.height, y1)
        if x1 - x0 < 8 or y1 - y0 < 8:
            return None
        crop = raster.shrunk_rgb(planes, (y0, y1), (x0, x1), FOLLOW_ROWS / (y1 - y0))
        faces = _mesh_points_of(self._mesh, crop, x1 - x0, y1 - y0)
        if not faces:
            self._box = None
            return None
        points: F64 = faces[0] + [x0, y0, 0]
        middle, wanted = points[:, :2].mean(0), np.array([self._box[0] + self._box[2], self._box[1] + self._box[3]]) / 2
        if np.abs(middle - wanted).max() > FOLLOW_DRIFT * (self._box[2] - self._box[0]):
            self.begin(points)
        return points


def _follow_box(points: F64) -> tuple[int, int, int, int]:
    middle = points[:, :2].mean(0)
    reach = FOLLOW_REACH * float(np.ptp(points[:, :2], axis=0).max())
    x0, y0, x1, y1 = (int(value) & ~1 for value in (*(middle - reach), *(middle + reach)))
    return x0, y0, x1, y1


def tiles(width: int, height: int, smallest: float) -> Iterator[tuple[int, int, int, int]]:
    """Overlapping square windows (x0, y0, x1, y1), the whole picture first, then ever smaller ones."""
    yield 0, 0, width, height
    side = max(width, height) * TILE_SHRINK
    while side >= smallest:
        size, step = int(side), max(1, int(side) // 2)
        for y in range(0, max(1, height - step // 2), step):
            for x in range(0, max(1, width - step // 2), step):
                x1, y1 = min(width, x + size), min(height, y + size)
                yield max(0, x1 - size), max(0, y1 - size), x1, y1
        side *= TILE_SHRINK


def _same_place(one: F64, other: F64) -> bool:
    """Whether two findings are the same face."""
    apart = float(np.linalg.norm(one[:, :2].mean(0) - other[:, :2].mean(0)))
    return apart < 0.5 * max(face_width(one), face_width(other))


def face_frame(points: F64) -> FaceFrame:
    """The frame of a face: x along the eyes, y from forehead to chin.

    The y axis does not go through the nose, which points sideways on a turned head; its length is the eyes' distance in
    three dimensions, so that turning does not shrink the face.
    """
    eyes = points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER]
    scale = max(1.0, float(np.linalg.norm(eyes)))
    down = (points[CHIN] - points[FOREHEAD])[:2]
    across = eyes[:2]
    length = float(np.linalg.norm(across))
    if length < MIN_ACROSS * scale:
        across = across / max(length, 1e-6) * MIN_ACROSS * scale
    down = down / max(float(np.linalg.norm(down)), 1e-6) * scale
    return FaceFrame(points[SUBNASALE, :2].copy(), np.stack([across, down], 1), scale)


def yaw_degrees(points: F64) -> float:
    """How far the head is turned; mediapipe under-reads it (a true profile reads 42 to 55)."""
    eyes = points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER]
    return float(np.degrees(np.arctan2(eyes[2], np.linalg.norm(eyes[:2]))))


def face_width(points: F64) -> float:
    """Width of the face's box in pixels."""
    return float(np.ptp(points[:, 0]))


def _mesh_points(mesh: Any, picture: U8, scale: float) -> list[F64]:
    """Run the mesh on the picture resized by `scale`; points in the picture's own pixels."""
    height, width = picture.shape[:2]
    return _mesh_points_of(mesh, cv2.cvtColor(_resized(picture, scale), cv2.COLOR_BGR2RGB), width, height)


def _mesh_points_of(mesh: Any, rgb: Any, width: int, height: int) -> list[F64]:
    """Run the mesh on a picture that stands for one of `width` × `height`."""
    result = mesh.process(rgb)
    return [
        np.array([[p.x * width, p.y * height, p.z * width] for p in face.landmark])
        for face in result.multi_face_landmarks or ()
    ]


def _resized(picture: U8, scale: float) -> U8:
    if scale == 1:
        return np.ascontiguousarray(picture)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def face_mesh() -> Any:
    """mediapipe's face mesh module, alone: its packages import all others, plotting and sound, .4 s.

    They are stood in for by empty packages at the same places, so that only what the mesh itself imports is loaded.
    """
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = find_spec("mediapipe") if "mediapipe" not in sys.modules else None
    if found is not None and found.submodule_search_locations:
        root = Path(found.submodule_search_locations[0])
        for name in ("mediapipe", "mediapipe.python", "mediapipe.python.solutions"):
            package = types.ModuleType(name)
            package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
            sys.modules[name] = package
    return import_module("mediapipe.python.solutions.face_mesh")

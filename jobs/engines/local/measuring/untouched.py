"""Owns the fifth question: is what the mouth can not reach left alone? Asked of frames before they are encoded."""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from jobs.engines.local import film, manner, photo
from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.film import Film
from jobs.engines.local.frames import raster
from jobs.engines.local.measuring.mesh import Anchors
from jobs.engines.local.mouths.warp import ANCHOR_CENTRE, ANCHOR_RADII
from jobs.engines.local.photo import Scene
from jobs.engines.local.shapes import F64, Bools, MouthTrack, Planes

FRAMES = 12
STILL = "still, no blinking"


@dataclass(frozen=True)
class Untouched:
    """Of the values out of reach in `frames` frames: the share that changed, and by how much at most (of 255)."""

    changed: float
    most: int
    frames: int


class _Kept:
    """Stands in for the encoder: keeps the frames instead."""

    def __init__(self) -> None:
        self.frames: list[Planes] = []

    def write(self, planes: Planes) -> None:
        self.frames.append(Planes(planes.luma.copy(), planes.chroma.copy()))


def in_picture(scene: Scene, tracks: list[MouthTrack], frames: int = FRAMES) -> Untouched:
    """A picture asked to keep still, drawn with the widest poses, against the picture itself."""
    kept = _Kept()
    asked, _ = manner.understand(STILL)
    performance = photo.prepare(scene, [most_open(track, frames) for track in tracks], asked, seed=0)
    performance.draw(kept, lambda number: None)
    picture = raster.to_planes(scene.picture)
    reach = out_of_reach(list(scene.speakers), picture.width, picture.height)
    return compare([(picture, frame, reach) for frame in kept.frames])


def in_video(watched: Film, track: MouthTrack, anchors: Anchors, frames: int = FRAMES) -> Untouched:
    """The first frames of a video, redrawn with the widest poses, against those decoded; faces fading in do not count.

    `anchors` are those of the source's first frames.
    """
    kept = _Kept()
    film.draw(watched, most_open(track, frames), kept, lambda number: None)
    pairs = zip(islice(watched.footage.forwards(), frames), kept.frames, anchors, strict=False)
    return compare(
        [
            (source, drawn, out_of_reach([points], source.width, source.height))
            for source, drawn, points in pairs
            if points is not None
        ]
    )


def compare(pairs: list[tuple[Planes, Planes, Bools]]) -> Untouched:
    """Pairs of frames, each with the (h, w) pixels that should be equal in both."""
    values = changed = most = 0
    for one, other, outside in pairs:
        for plane, against, part in (
            (one.luma, other.luma, outside),
            (one.chroma, other.chroma, _both_ways_halved(outside)),
        ):
            difference = np.abs(plane[part].astype(int) - against[part])
            values += difference.size
            changed += int(np.count_nonzero(difference))
            most = max(most, int(difference.max(initial=0)))
    return Untouched(changed / values if values else float("nan"), most, len(pairs))


def out_of_reach(faces: list[F64], width: int, height: int) -> Bools:
    """(height, width) the pixels outside the ellipse in which each face's mouth moves skin."""
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2).astype(np.float64)
    outside = np.ones((height, width), bool)
    for points in faces:
        at = (face_frame(points).to_face(pixels) - ANCHOR_CENTRE) / ANCHOR_RADII
        outside &= (at**2).sum(-1) > 1
    return outside


def most_open(track: MouthTrack, frames: int) -> MouthTrack:
    """The frames of a track with the widest poses, in order."""
    chosen = np.sort(np.argsort(track.opening)[::-1][:frames])
    return MouthTrack(track.poses[chosen], track.loudness[chosen], track.fps)


def _both_ways_halved(outside: Bools) -> Bools:
    """(h, w), both even → (h/2, w/2): where all four pixels are outside."""
    height, width = outside.shape
    return np.asarray(outside.reshape(height // 2, 2, width // 2, 2).all((1, 3)))

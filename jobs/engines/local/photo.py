"""The way of a picture: look at it, learn its speaking faces, draw every frame of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from jobs.engines.base import MAX_ENLARGEMENT, Note
from jobs.engines.local.faces import face, mask
from jobs.engines.local.faces.mask import Mask
from jobs.engines.local.files import pictures
from jobs.engines.local.frames import interior, still
from jobs.engines.local.frames.compose import StillBase, StillPainter
from jobs.engines.local.frames.lips import Face, Moment
from jobs.engines.local.landmarks import FACE_OVAL
from jobs.engines.local.manner import Manner
from jobs.engines.local.mouths import mouth, warp
from jobs.engines.local.shapes import F64, U8, Frames, MouthPose, MouthShape, MouthTrack
from jobs.errors import InvalidInput, gettext_noop

MIN_FACE_PIXELS = 44  # width of the face in the video
SEEN_BELOW = 0.5  # of that: what is too small is worth finding too, so that this can be said
CLIPPED_YAW = 22.0  # from here the inside of the mouth is kept within the face's outline
TURNED_YAW, TURNED_GAP = 40.0, 0.06  # a profile whose open mouth can not be closed

TURNED_FACE = gettext_noop("The face is turned far to the side: its lips follow the voice only loosely.")
NO_FACE = gettext_noop("No face was found in the picture. Choose one that shows a face from the front.")
ONE_FACE = gettext_noop(
    "Two speakers were asked for, but only one face was found. Choose a picture that shows both from the front."
)
SMALL_FACE = gettext_noop(
    "The face is too small: {found} pixels wide; {needed} are needed. Cut closer to it, or choose another picture."
)


@dataclass(frozen=True)
class Scene:
    """A picture in the video's size (BGR), the faces that speak, from left to right, and those that do not."""

    picture: U8
    speakers: tuple[F64, ...]
    bystanders: tuple[F64, ...]
    mask: Mask | None = None


@dataclass(frozen=True)
class Seen:
    """A face before anything is made of it: the boxes (x0, y0, x1, y1) of it and of its mouth, as shares of the sides.

    `too_small` are the resolutions in which it would be refused.
    """

    box: tuple[float, ...]
    mouth: tuple[float, ...]
    too_small: tuple[int, ...]


@dataclass(frozen=True)
class Portrait:
    """A face in a picture, and what is needed to make its mouth take any pose."""

    points: F64
    face: Face
    fields: warp.KeyShapes
    shaped: Callable[[MouthPose], MouthShape]

    def moment(self, pose: MouthPose) -> Moment:
        shape = self.shaped(pose)
        return Moment(self.face, shape, self.fields.fields(pose, shape))


def look(image: Path, resolution: int, speakers: int = 1, mask_image: Path | None = None) -> Scene:
    """A picture file → its scene, with one speaker or two; raises `InvalidInput`."""
    picture = pictures.read(image)
    width, height = video_size(picture.shape[1], picture.shape[0], resolution)
    scale = width / picture.shape[1]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
    sized = np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
    limits = mask.read(mask_image, width, height) if mask_image else None
    found = face.FaceFinder().find(sized, at_least=face.MAX_FACES if limits else speakers)
    if not found:
        raise InvalidInput(NO_FACE, field="image")
    candidates = limits.chosen(found) if limits else found
    chosen = candidates[:speakers]
    if len(chosen) < speakers:
        raise InvalidInput(ONE_FACE, field="image")
    for points in chosen:
        across = face.face_width(points)
        if across < MIN_FACE_PIXELS:
            raise InvalidInput(
                SMALL_FACE, field="image", found=round(across / scale), needed=round(MIN_FACE_PIXELS / scale)
            )
    return Scene(
        sized,
        tuple(sorted(chosen, key=lambda points: float(points[:, 0].mean()))),
        tuple(points for points in found if not any(points is one for one in chosen)),
        limits,
    )


def see(image: Path, size: tuple[int, int], resolutions: Sequence[int]) -> list[Seen]:
    """The faces in a picture, largest first. `image` may be a smaller copy of one of `size` (width, height).

    What is too small for every resolution is left out when there is anything larger: it is seldom a face at all.
    """
    picture = pictures.read(image)
    height, width = picture.shape[:2]
    widths = {resolution: video_size(*size, resolution)[0] for resolution in resolutions}
    sides = np.array([width, height, width, height])

    def seen(points: F64) -> Seen:
        across = face.face_width(points) / width
        box = np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])
        return Seen(
            tuple(map(float, box / sides)),
            tuple(map(float, mask.mouth_box(points) / sides)),
            tuple(resolution for resolution in resolutions if across * widths[resolution] < MIN_FACE_PIXELS),
        )

    smallest = SEEN_BELOW * MIN_FACE_PIXELS * width / max(widths.values())
    found = [seen(points) for points in face.FaceFinder().find(picture, smallest, at_least=face.MAX_FACES)]
    return [one for one in found if len(one.too_small) < len(resolutions)] or found


def notes(scene: Scene) -> tuple[Note, ...]:
    """What the user should know of the result."""
    turned = max(abs(face.yaw_degrees(points)) for points in scene.speakers)
    return (Note(TURNED_FACE),) if turned > TURNED_YAW else ()


def video_size(width: int, height: int, resolution: int) -> tuple[int, int]:
    """The video's size: short side `resolution`, aspect kept, both even, at most twice the picture."""
    scale = min(resolution / min(width, height), MAX_ENLARGEMENT)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def portray(picture: U8, points: F64, grid: warp.Grid, smile: float = 0.0) -> Portrait:
    """Learn a face so that it can be drawn in any pose."""
    frame, yaw = face.face_frame(points), face.yaw_degrees(points)
    measured = frame.to_face(points)
    rest = replace(mouth.at_rest(measured), smile=smile)
    amount = mouth.amplitude(yaw)
    stays_open = abs(yaw) > TURNED_YAW and rest.gap > TURNED_GAP

    def shaped(pose: MouthPose) -> MouthShape:
        place = mouth.shape_around if stays_open else mouth.shape
        return place(rest, mouth.damped(pose, amount) if amount < 1 else pose)

    mover = warp.MouthWarp(grid, frame, measured, rest.seen, rest.seen.jaw, rest)
    known = Face(
        frame=frame,
        rest=rest,
        interior=interior.learn(picture, points, frame, rest),
        parted=rest.gap,
        block=mover.block,
        nodes=mover.nodes,
        reach=mover.reach,
        outline=points[list(FACE_OVAL), :2] if abs(yaw) >= CLIPPED_YAW else None,
        paints_inside=not stays_open,
    )
    return Portrait(points, known, warp.KeyShapes(mover, shaped), shaped)


@dataclass(frozen=True)
class Performance:
    """All that is needed to draw every frame of a picture's video, one track for each speaker."""

    tracks: Sequence[MouthTrack]
    portraits: Sequence[Portrait]
    lids: Sequence[F64]
    heads: Sequence[F64]
    base: StillBase
    painter: StillPainter

    def draw(self, into: Frames, drawn: Callable[[int], None]) -> None:
        """Draw and encode every frame; holds one at a time. `drawn` is told how many there are."""
        known = 0
        for i in range(len(self.tracks[0])):
            if i == known:
                known = self._learn(i)
            for speaker, levels in enumerate(self.lids):
                self.base.blink(speaker, int(levels[i]))
            moments = [portrait.moment(track[i]) for portrait, track in zip(self.portraits, self.tracks, strict=True)]
            into.write(self.painter.draw(moments, [head[i] for head in self.heads]))
            drawn(i + 1)

    def _learn(self, first: int) -> int:
        """Make the mouths ready for the poses known by now, from frame `first` on; up to which frame that is."""
        known = min(track.known(first) for track in self.tracks)
        for portrait, track in zip(self.portraits, self.tracks, strict=True):
            portrait.fields.learn([track[i] for i in range(first, known)])
        return known


def prepare(scene: Scene, tracks: Sequence[MouthTrack], asked: Manner, seed: int) -> Performance:
    """Learn the faces and settle how heads and eyes move; of the tracks only the loudness is needed yet."""
    height, width = scene.picture.shape[:2]
    frames = [face.face_frame(points) for points in scene.speakers]
    grid = warp.Grid.over(width, height, min(frame.scale for frame in frames))
    portraits = [portray(scene.picture, points, grid, asked.smile) for points in scene.speakers]
    random = np.random.default_rng(seed)
    lively = still.Liveliness(asked.head, asked.blinks)
    lids = [still.blinks(len(track), track.fps, random, lively) for track in tracks]
    heads = [still.head(track.loudness, track.fps, random, lively) for track in tracks]
    territories = still.territories(grid.points, [*scene.speakers, *scene.bystanders])
    bases = [
        still.head_basis(grid.points, frame, width, height) * territory[..., None, None]
        for frame, territory in zip(frames, territories, strict=False)
    ]
    base = StillBase(scene.picture, [(portrait.points, portrait.face.frame) for portrait in portraits])
    painter = StillPainter(base, grid, [portrait.face for portrait in portraits], bases, scene.mask)
    return Performance(tracks, portraits, lids, heads, base, painter)

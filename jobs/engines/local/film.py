"""The way of a video: watch it, learn the speaking face, redraw its mouth in every frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from heapq import heappush, heappushpop
from itertools import count, islice
from pathlib import Path

import numpy as np

from jobs.engines.base import Note
from jobs.engines.local import playback
from jobs.engines.local.faces import face, mask
from jobs.engines.local.faces.mask import Mask
from jobs.engines.local.faces.tracking import Shot, Watched, Watcher, Window
from jobs.engines.local.files import footage
from jobs.engines.local.files.footage import Facts, Footage
from jobs.engines.local.frames import interior, raster, redraw
from jobs.engines.local.frames.interior import Interior
from jobs.engines.local.frames.lips import Face, Moment
from jobs.engines.local.landmarks import FACE_OVAL
from jobs.engines.local.manner import USUAL, Manner
from jobs.engines.local.mouths import mouth, talk, warp
from jobs.engines.local.mouths.talk import Talk
from jobs.engines.local.photo import CLIPPED_YAW, MIN_FACE_PIXELS, TURNED_FACE, TURNED_YAW
from jobs.engines.local.shapes import F64, U8, Frames, MouthPose, MouthTrack, Planes, RestingMouth
from jobs.errors import InvalidInput, gettext_noop

ABSENT = gettext_noop(
    "For {seconds} s of the video the speaking face is not seen, or covered: there it was left as it is."
)
EXTENDED = gettext_noop("The voice is longer than the video, so the video plays back and forth.")
WORTH_SAYING_SECONDS = 0.5
NO_FACE = gettext_noop("No face was found in the video. Choose one that shows a face from the front.")
SMALL_FACE = gettext_noop(
    "The face is too small: {found} pixels wide; {needed} are needed. Cut closer to it, or choose another video."
)
GIVE_UP_SECONDS = 20  # a video without a face for so long at its beginning is refused

# The closed mouth of a shot: of its least open frames the median ones of at least usual width, the most frontal first.
LEAST_OPEN_SHARE, USED_SHARE, WIDEST = 0.4, 1 / 6, 92
FEWEST_FRAMES, MOST_FRAMES = 6, 200
SIDEWAYS_COST = 0.02  # a degree of turning costs as much as this of the usual gap
LEARN_FRAMES = 20  # a shot with fewer looks learns from the whole video

OPEN_GAP, LOOKS = 0.07, 12  # of S: from where a look into the mouth tells its colours; how many are kept for a shot


@dataclass(frozen=True)
class Film:
    """A video that can be redrawn: its pictures, what was seen in them, and what was learned in each shot."""

    footage: Footage
    facts: Facts
    watched: Watched
    talks: Talk
    looks: "Looks"
    mask: Mask | None

    def __len__(self) -> int:
        return len(self.watched)


@dataclass(frozen=True)
class Actor:
    """The face in one shot."""

    rest: RestingMouth
    interior: Interior
    centre: F64  # (2,) the resting mouth's middle


@dataclass
class Looks:
    """What pictures are kept of each shot while watching: looks into open mouths, and one at the closed face."""

    inside: dict[int, list[tuple[float, int, U8]]] = field(default_factory=dict)
    closed: dict[int, tuple[float, U8, F64]] = field(default_factory=dict)
    _order: Iterator[int] = field(default_factory=count)

    def see(self, shot: int, planes: Planes, points: F64) -> None:
        """One look, with the landmarks (478, 3) at it."""
        frame = face.face_frame(points)
        seen = mouth.contours(frame.to_face(points))
        gap = seen.gap
        if gap >= OPEN_GAP:
            kept = self.inside.setdefault(shot, [])
            if len(kept) < LOOKS or gap > kept[0][0]:
                part, local = _cut_out(planes, points)
                pixels = interior.look_inside(part, face.face_frame(local), seen)
                if pixels is not None:
                    (heappush if len(kept) < LOOKS else heappushpop)(kept, (gap, next(self._order), pixels))
        cost = max(0.0, gap) + SIDEWAYS_COST * OPEN_GAP * abs(face.yaw_degrees(points))
        if shot not in self.closed or cost < 0.9 * self.closed[shot][0]:
            self.closed[shot] = (cost, *_cut_out(planes, points))


def _cut_out(planes: Planes, points: F64) -> tuple[U8, F64]:
    """The face alone in BGR, and its landmarks there."""
    low = (np.maximum(0, points[:, :2].min(0) - 8).astype(int)) & ~1
    high = np.minimum([planes.width, planes.height], points[:, :2].max(0) + 8).astype(int) & ~1
    high = np.maximum(high, low + 2)
    part = raster.to_bgr(planes, slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    return part, points - [low[0], low[1], 0]


def facts(video: Path) -> Facts:
    """What the video is; raises `InvalidInput` if it can not be used."""
    return footage.look_into(video)


def watch(
    video: Path,
    known: Facts,
    size: tuple[int, int],
    frames: int,
    folder: Path,
    mask_image: Path | None = None,
    seen: Callable[[int], None] = lambda frame: None,
) -> Film:
    """Look at up to `frames` frames, in the result's `size` (width, height).

    `folder` is for what is written meanwhile, `seen` is told how many frames were looked at. Raises `InvalidInput`.
    """
    width, height = size
    limits = mask.read(mask_image, width, height) if mask_image else None
    pictures = Footage(video, known, width, height, folder)
    looks = Looks()

    def choose(faces: list[F64]) -> F64:
        points = limits.chosen(faces)[0] if limits else faces[0]
        across = face.face_width(points)
        if across < MIN_FACE_PIXELS:
            scale = width / known.width
            raise InvalidInput(
                SMALL_FACE, field="video", found=round(across / scale), needed=round(MIN_FACE_PIXELS / scale)
            )
        return points

    candidates = face.MAX_FACES if limits else 1
    watcher = Watcher(folder, face.FaceFinder(), choose, looks.see, candidates)
    give_up = round(GIVE_UP_SECONDS * known.fps)
    for number, glimpse in enumerate(islice(pictures.glimpses(), frames)):
        watcher.watch(glimpse.brightness, glimpse.look)
        seen(number + 1)
        if not watcher.found and number >= give_up:
            break
    if not watcher.found:
        raise InvalidInput(NO_FACE, field="video")
    watched = watcher.result()
    return Film(pictures, known, watched, talk.measure(watched), looks, limits)


def notes(film: Film, frames: int) -> tuple[Note, ...]:
    """What the user should know of a result of so many frames."""
    present, fps = film.watched.present, float(film.facts.fps)
    said = []
    if np.median(np.abs(film.talks.yaw[present])) > TURNED_YAW:
        said.append(Note(TURNED_FACE))
    absent = float((~present).sum()) / fps
    if absent >= WORTH_SAYING_SECONDS:
        said.append(Note(ABSENT, {"seconds": round(absent, 1)}))
    if frames > len(film):
        said.append(Note(EXTENDED))
    return tuple(said)


def draw(film: Film, track: MouthTrack, into: Frames, drawn: Callable[[int], None], asked: Manner = USUAL) -> None:
    """Draw and encode as many frames as the track has; frames without the face pass as they are."""
    actors = [_actor(film, number, asked) for number in range(len(film.watched.shots))]
    shot_of = np.repeat(np.arange(len(actors)), [shot.stop - shot.first for shot in film.watched.shots])
    landmarks = Window(film.watched)
    order = playback.runs(len(film), len(track), film.talks.motion)
    for i, (j, planes) in enumerate(playback.play(film.footage, order)):
        actor = actors[shot_of[j]]
        frame = planes
        if actor is not None and film.watched.presence[j] > 0:
            frame = _redrawn(film, actor, j, landmarks[j], planes, track[i])
        into.write(frame)
        drawn(i + 1)


def _redrawn(film: Film, actor: Actor, number: int, points: F64, planes: Planes, pose: MouthPose) -> Planes:
    talks = film.talks
    frame, yaw = face.face_frame(points), float(talks.yaw[number])
    grid = warp.Grid.around(frame, planes.width, planes.height)
    if grid is None:
        return planes
    measured = frame.to_face(points)
    seen = mouth.contours(measured).opened(talk.UNDER_READ)
    rest = actor.rest.moved(np.array([talks.centre_x[number], talks.line_y[number]]) - actor.centre)
    amount = mouth.amplitude(yaw)
    shape = mouth.shape(rest, mouth.damped(pose, amount) if amount < 1 else pose)
    mover = warp.MouthWarp(grid, frame, measured, seen, float(talks.jaw[number]), rest)
    known = Face(
        frame=frame,
        rest=rest,
        interior=actor.interior,
        parted=seen.gap,
        block=mover.block,
        nodes=mover.nodes,
        reach=mover.reach,
        outline=points[list(FACE_OVAL), :2] if abs(yaw) >= CLIPPED_YAW else None,
    )
    moment = Moment(known, shape, mover.fields(shape))
    out = redraw.redraw(planes, moment, grid, float(film.watched.presence[number]))
    if film.mask is not None:
        raster.keep_outside(out, planes, film.mask.luma, film.mask.chroma)
    return out


def _actor(film: Film, number: int, asked: Manner) -> Actor | None:
    """What one shot tells of the face: its mouth at rest and the colours inside; None if the face is not in it."""
    shot = film.watched.shots[number]
    if number not in film.looks.closed or not film.watched.present[shot.first : shot.stop].any():
        return None
    enough = int(film.watched.present[shot.first : shot.stop].sum()) >= LEARN_FRAMES
    frames = _closed_frames(film, shot if enough else Shot(0, len(film)))
    landmarks = Window(film.watched)
    measured = np.median(
        [face.face_frame(landmarks[int(frame)]).to_face(landmarks[int(frame)]) for frame in np.sort(frames)], axis=0
    )
    rest = replace(mouth.at_rest(np.asarray(measured, np.float64)), smile=asked.smile)
    _, picture, points = film.looks.closed[number]
    frame = face.face_frame(points)
    known = interior.learn(picture, points, frame, mouth.at_rest(frame.to_face(points)))
    inside = film.looks.inside.get(number) or [look for looks in film.looks.inside.values() for look in looks][:LOOKS]
    return Actor(
        rest,
        interior.with_looks(known, [pixels for _, _, pixels in inside]),
        np.array([rest.centre_x, rest.line_y]),
    )


def _closed_frames(film: Film, shot: Shot) -> F64:
    """Numbers of frames that show the mouth closed and neither puckered nor turned."""
    talks = film.talks
    frames = shot.first + np.flatnonzero(film.watched.presence[shot.first : shot.stop] >= 1)
    if not len(frames):
        frames = shot.first + np.flatnonzero(film.watched.present[shot.first : shot.stop])
    closed = frames[np.argsort(talks.gap[frames])][: max(FEWEST_FRAMES, int(len(frames) * LEAST_OPEN_SHARE))]
    width = talks.width[closed]
    usual = closed[(width >= np.median(width)) & (width <= np.percentile(width, WIDEST))]
    if len(usual) < 3:
        usual = closed
    turned = np.abs(talks.yaw[usual])
    cost = talks.gap[usual] / max(1e-3, float(talks.gap[closed].max()))
    cost = cost + SIDEWAYS_COST * np.clip(turned - np.percentile(np.abs(talks.yaw[closed]), 30), 0, 30)
    used = usual[np.argsort(cost)][: max(3, int(len(frames) * USED_SHARE))]
    return np.asarray(used[:: max(1, len(used) // MOST_FRAMES)])

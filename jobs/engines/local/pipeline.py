"""The table of contents: from a picture and a voice to a video, stage by stage. Runs in the child process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import cv2
import numpy as np

from jobs.engines.local import audio, face, interior, manner, media, mouth, phones, pictures, still, timing, warp
from jobs.engines.local.compose import Face, Moment, StillBase, StillPainter
from jobs.engines.local.encode import Encoder
from jobs.engines.local.landmarks import FACE_OVAL
from jobs.engines.local.shapes import F64, FPS, U8, MouthPose, MouthShape, MouthTrack
from jobs.errors import InvalidInput, gettext_noop

Progress = Callable[[float, str], None]

LISTENED, LOOKED, DRAWN = 0.12, 0.18, 0.98  # progress at the end of each stage
MAX_ENLARGEMENT = 2.0
MIN_FACE_PIXELS = 44  # width of the face in the video
CLIPPED_YAW = 22.0  # from here the inside of the mouth is kept within the face's outline
TURNED_YAW, TURNED_GAP = 40.0, 0.06  # a profile whose open mouth can not be closed

NO_VOICE = gettext_noop("The recording holds no voice. Choose another one.")
NO_FACE = gettext_noop("No face was found in the picture. Choose one that shows a face from the front.")
SMALL_FACE = gettext_noop(
    "The face in the picture is {found} pixels wide; {needed} are needed. Cut the picture closer or choose another."
)


@dataclass(frozen=True)
class Order:
    """What to make; `resolution` is the short side in pixels."""

    image: Path
    voice: Path
    output: Path
    resolution: int
    seed: int
    prompt: str = ""


@dataclass(frozen=True)
class Made:
    """What was made; `timings` in milliseconds."""

    seconds: float
    width: int
    height: int
    fps: float
    timings: dict[str, int]
    prompt_used: tuple[str, ...]


@dataclass
class _Watch:
    timings: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        start = monotonic()
        yield
        self.timings[stage] = round((monotonic() - start) * 1000)


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


def make(order: Order, progress: Progress) -> Made:
    """Make the video of `order`; raises `InvalidInput` for what the user can change."""
    cv2.setNumThreads(1)
    watch = _Watch()
    asked, words = manner.understand(order.prompt)
    pictures.check_header(order.image)  # before the longer work on the voice
    progress(0.0, "listening")
    with watch.time("listening"):
        track = listen(order.voice, asked.opening, progress)
    progress(LISTENED, "looking")
    with watch.time("looking"):
        picture, points = look(order.image, order.resolution)
        grid, portrait = portray(picture, points, track)
    progress(LOOKED, "drawing")
    with watch.time("drawing"):
        draw(order, asked, picture, grid, portrait, track, progress)
    progress(1.0, "saving")
    height, width = picture.shape[:2]
    return Made(len(track) / FPS, width, height, FPS, watch.timings, words)


def listen(voice: Path, opening: float = 1.0, progress: Progress | None = None) -> MouthTrack:
    """A recording → the mouth's poses on the frame grid."""
    pcm = media.read_speech(voice)
    voice_features = audio.features(pcm)
    if not audio.has_voice(voice_features):
        raise InvalidInput(NO_VOICE, field="audio")

    def heard_so_far(share: float) -> None:
        if progress is not None:
            progress(LISTENED * share, "listening")

    spoken = phones.hear(pcm, heard_so_far)
    track = timing.mouth_track(spoken, voice_features, len(pcm) / media.SPEECH_RATE_HZ)
    if opening != 1:
        track.poses[:, timing.OPENING] *= opening
    return track


def look(image: Path, resolution: int) -> tuple[U8, F64]:
    """A picture file → the picture in the video's size, and the landmarks of its largest face in it."""
    picture = pictures.read(image)
    width, height = video_size(picture.shape[1], picture.shape[0], resolution)
    scale = width / picture.shape[1]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
    sized = np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
    faces = face.FaceFinder().find(sized)
    if not faces:
        raise InvalidInput(NO_FACE, field="image")
    found = face.face_width(faces[0])
    if found < MIN_FACE_PIXELS:
        raise InvalidInput(SMALL_FACE, field="image", found=round(found / scale), needed=round(MIN_FACE_PIXELS / scale))
    return sized, faces[0]


def video_size(width: int, height: int, resolution: int) -> tuple[int, int]:
    """The video's size: short side `resolution`, aspect kept, both even, at most twice the picture."""
    scale = min(resolution / min(width, height), MAX_ENLARGEMENT)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def portray(picture: U8, points: F64, track: MouthTrack) -> tuple[warp.Grid, Portrait]:
    """Learn a face so that it can be drawn in all poses of a track."""
    frame, yaw = face.face_frame(points), face.yaw_degrees(points)
    measured = frame.to_face(points)
    rest = mouth.at_rest(measured)
    amount = mouth.amplitude(yaw)
    stays_open = abs(yaw) > TURNED_YAW and rest.gap > TURNED_GAP

    def shaped(pose: MouthPose) -> MouthShape:
        place = mouth.shape_around if stays_open else mouth.shape
        return place(rest, mouth.damped(pose, amount) if amount < 1 else pose)

    grid = warp.Grid.over(picture.shape[1], picture.shape[0], frame.scale)
    mover = warp.MouthWarp(grid, frame, measured, rest, mouth.seen_jaw(rest.seen))
    known = Face(
        frame=frame,
        rest=rest,
        interior=interior.learn(picture, points, frame, rest),
        block=mover.block,
        nodes=mover.nodes,
        outline=points[list(FACE_OVAL), :2] if abs(yaw) >= CLIPPED_YAW else None,
        paints_inside=not stays_open,
    )
    poses = [track[i] for i in range(len(track))]
    return grid, Portrait(points, known, warp.KeyShapes(mover, poses, shaped), shaped)


def draw(
    order: Order,
    asked: manner.Manner,
    picture: U8,
    grid: warp.Grid,
    portrait: Portrait,
    track: MouthTrack,
    progress: Progress,
) -> None:
    """Draw and encode every frame; holds one at a time."""
    height, width = picture.shape[:2]
    frame = portrait.face.frame
    random = np.random.default_rng(order.seed)
    lively = still.Liveliness(asked.head, asked.blinks)
    lids = still.blinks(len(track), track.fps, random, lively)
    head = still.head(track.loudness, track.fps, random, lively)
    base = StillBase(picture, [(portrait.points, frame)])
    painter = StillPainter(base, grid, [portrait.face], [still.head_basis(grid.points, frame, width, height)])
    with Encoder(order.output, width, height, FPS, order.voice) as encoder:
        for i in range(len(track)):
            base.blink(0, int(lids[i]))
            encoder.write(painter.draw([portrait.moment(track[i])], [head[i]]))
            progress(LOOKED + (DRAWN - LOOKED) * (i + 1) / len(track), "drawing")
        progress(DRAWN, "saving")

"""The table of contents: from a face and a voice to a video, stage by stage. Runs in the child process.

What can refuse comes first: whether there is a voice and a face is known before the long work begins.

- picture: hear, look at it, draw (`photo`; one voice or two)
- video: hear, watch it, redraw (`film`)

Voices are listened to all the while, on threads of their own: drawing begins when the first seconds are understood.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from time import monotonic

import cv2

from jobs.engines.base import Model, Note, SpeakingOrder
from jobs.engines.local import film, manner, pacing, photo
from jobs.engines.local.files import media, pictures, spool
from jobs.engines.local.files.encode import Encoder
from jobs.engines.local.files.poster import Postered
from jobs.engines.local.files.preview import Previewed
from jobs.engines.local.files.soundtrack import Soundtrack, Voice
from jobs.engines.local.pacing import Pace, Paces, Progress
from jobs.engines.local.shapes import FPS, MouthTrack, VoiceFeatures
from jobs.engines.local.voice import activity, audio, timing
from jobs.engines.local.voice.listening import Listeners, Piece
from jobs.errors import InvalidInput, gettext_noop

NO_VOICE = gettext_noop("The recording holds no voice. Choose another one.")
ONLY_MUSIC = gettext_noop(
    "The recording holds music or noise, but nobody's voice. Choose one in which somebody speaks."
)
POSTER_SECONDS = 1.0  # of a video: after what it may fade in from
PAUSE_SECONDS = 0.25  # between two who speak one after the other, silence at the voices' own ends included


@dataclass(frozen=True)
class Order:
    """What to make; `sources` by the API's field names, `resolution` the short side in pixels.

    For telling the time left: `paces` are those of runs before, `asked` is when this one was asked for (monotonic).
    """

    model: Model
    sources: Mapping[str, Path]
    output: Path
    resolution: int
    seed: int
    prompt: str = ""
    speaking_order: SpeakingOrder = "meanwhile"
    paces: Paces = field(default_factory=dict)
    asked: float | None = None


@dataclass(frozen=True)
class Made:
    """What was made; `timings` in milliseconds, `paces` of this run."""

    seconds: float
    width: int
    height: int
    fps: float
    timings: dict[str, int]
    paces: Paces
    prompt_used: tuple[str, ...]
    notes: tuple[Note, ...] = ()


@dataclass
class _Watch:
    timings: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        start = monotonic()
        yield
        self.timings[stage] = round((monotonic() - start) * 1000)


def make(order: Order, progress: Progress) -> Made:
    """Make the video of `order`; raises `InvalidInput` for what the user can change."""
    cv2.setNumThreads(1)
    if order.model == "lipsync-video":
        return _from_video(order, progress)
    return _from_picture(order, progress)


def _from_picture(order: Order, progress: Progress) -> Made:
    image = order.sources["image"]
    header = pictures.check_header(image)  # before the longer work on the voice
    fields = ("left_audio", "right_audio") if order.model == "lipsync-image-multi" else ("audio",)
    asked, words = manner.understand(order.prompt)
    width, height = photo.video_size(header.width, header.height, order.resolution)
    lengths = [media.stated_seconds(order.sources[name]) for name in fields]
    seconds = max(lengths) if order.speaking_order == "meanwhile" else sum(lengths)
    costs = pacing.picture_costs(sum(lengths), round(seconds * FPS), width * height, len(fields))
    pace = Pace(progress, costs, order.paces, order.asked)
    watch = _Watch()
    with Listeners(order.output.parent) as listeners:
        with watch.time("looking"):
            pace.stage("looking")
            voices = [hear(order.sources[name], listeners, name) for name in fields]
            scene = photo.look(image, order.resolution, len(fields), order.sources.get("mask_image"))
            spoken = [articulate(voice, opening=asked.opening) for voice in voices]
            tracks, starts = arrange(spoken, order.speaking_order) if len(spoken) > 1 else (spoken, [0.0])
            performance = photo.prepare(scene, tracks, asked, order.seed)
        with watch.time("listening"):
            pace.stage("listening")
            for track in tracks:
                track.known(0)
        height, width = scene.picture.shape[:2]
        count = len(tracks[0])
        sound = Soundtrack([Voice(order.sources[name], start) for name, start in zip(fields, starts, strict=True)])
        encoder = Encoder(order.output, width, height, Fraction(FPS), sound)
        previewed = Previewed(encoder, order.output, width, height, Fraction(FPS))
        with watch.time("drawing"), encoder, previewed:
            drawing = pace.stage("drawing")
            postered = Postered(previewed, order.output, 0)  # eyes open, lips closed
            performance.draw(
                postered,
                lambda drawn: drawing(
                    pacing.while_listening(drawn / count, listened_to(voices), costs["drawing"], sum(lengths))
                ),
            )
            pace.stage("saving")
    return Made(count / FPS, width, height, FPS, watch.timings, pace.paces(), words, photo.notes(scene))


def _from_video(order: Order, progress: Progress) -> Made:
    video, voice = order.sources["video"], order.sources["audio"]
    asked, words = manner.understand(order.prompt)
    facts = film.facts(video)
    width, height = photo.video_size(facts.width, facts.height, order.resolution)
    seconds = media.stated_seconds(voice)
    watched = min(seconds, facts.seconds or seconds)
    fps = float(facts.fps)
    costs = pacing.video_costs(
        seconds,
        round(watched * fps),
        round(seconds * fps),
        width * height,
        facts.width * facts.height,
        spool.MOST_BYTES // spool.frame_bytes(width, height),
    )
    pace = Pace(progress, costs, order.paces, order.asked)
    watch = _Watch()
    with Listeners(order.output.parent) as listeners:
        with watch.time("looking"):
            looking, last = pace.stage("looking"), max(1, round(watched * fps))
            heard = hear(voice, listeners)
            count = timing.frame_count(heard.seconds, fps)
            seen = film.watch(
                video,
                facts,
                (width, height),
                count,
                order.output.parent,
                order.sources.get("mask_image"),
                lambda frame: looking(pacing.while_watching(frame / last, costs["looking"])),
            )
        track = articulate(heard, facts.fps, asked.opening)
        with watch.time("listening"):
            pace.stage("listening")
            track.known(0)
        encoder = Encoder(order.output, width, height, facts.fps, Soundtrack([Voice(voice)]), facts.tags)
        previewed = Previewed(encoder, order.output, width, height, facts.fps, facts.tags)
        with watch.time("drawing"), encoder, previewed:
            drawing = pace.stage("drawing")
            postered = Postered(previewed, order.output, min(count - 1, round(POSTER_SECONDS * fps)))
            film.draw(seen, track, postered, lambda drawn: drawing(drawn / count), asked)
            pace.stage("saving")
    return Made(count / fps, width, height, fps, watch.timings, pace.paces(), words, film.notes(seen, count))


@dataclass(frozen=True)
class Heard:
    """A recording that holds a voice, and the pieces of it that somebody listens to meanwhile."""

    seconds: float
    features: VoiceFeatures
    pieces: "list[Future[Piece]]"


def hear(voice: Path, listeners: Listeners, field: str = "audio") -> Heard:
    """Read a recording and begin to listen to it; raises `InvalidInput` naming `field` if there is no voice in it."""
    try:
        pcm = media.read_speech(voice)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.template, field=field, **refusal.params) from refusal
    features = audio.features(pcm)
    if not audio.has_voice(features):
        raise InvalidInput(NO_VOICE, field=field)
    if not activity.anybody(pcm):
        raise InvalidInput(ONLY_MUSIC, field=field)
    return Heard(len(pcm) / media.SPEECH_RATE_HZ, features, listeners.begin(pcm))


def listened_to(voices: Sequence[Heard]) -> float:
    """Which share of the voices was listened to by now."""
    pieces = [piece.done() for voice in voices for piece in voice.pieces]
    return sum(pieces) / len(pieces)


def articulate(voice: Heard, fps: Fraction = Fraction(FPS), opening: float = 1.0) -> MouthTrack:
    """A voice → the mouth's poses on the frame grid, each known as soon as so much of the voice was listened to."""
    movement = timing.Movement(voice.features, voice.seconds, float(fps), opening)
    pieces = iter(voice.pieces)

    def listen_as_far_as(frame: int) -> int:
        while movement.known <= frame:
            piece = next(pieces).result()
            movement.hear(piece.phones, piece.until_seconds)
        return movement.known

    return MouthTrack(movement.poses, movement.loudness, float(fps), listen_as_far_as)


def listen(voice: Path, fps: Fraction = Fraction(FPS)) -> MouthTrack:
    """A recording → all poses that it asks for; see `hear` and `articulate`."""
    with Listeners() as listeners:
        return articulate(hear(voice, listeners), fps).whole()


def arrange(spoken: Sequence[MouthTrack], order: SpeakingOrder) -> tuple[list[MouthTrack], list[float]]:
    """Two voices' tracks, left and right → tracks of equal length, and when each voice begins, in seconds.

    Who does not speak listens with closed lips. One after the other, a natural pause is between them.
    """
    left, right = spoken
    match order:
        case "meanwhile":
            starts = [0, 0]
        case "left_right":
            starts = [0, len(left) + timing.pause_frames(left, right, PAUSE_SECONDS)]
        case "right_left":
            starts = [len(right) + timing.pause_frames(right, left, PAUSE_SECONDS), 0]
    total = max(start + len(track) for start, track in zip(starts, spoken, strict=True))
    tracks = [timing.placed(track, start, total) for start, track in zip(starts, spoken, strict=True)]
    return tracks, [start / left.fps for start in starts]

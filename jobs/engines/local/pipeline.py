"""The table of contents: from a face and a voice to a video, stage by stage. Runs in the child process.

picture:  listen → look  → draw       `photo`, one voice or two
video:    listen → watch → redraw     `film`
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from time import monotonic

import cv2

from jobs.engines.base import Model, SpeakingOrder
from jobs.engines.local import film, manner, photo
from jobs.engines.local.files import media, pictures
from jobs.engines.local.files.encode import Encoder
from jobs.engines.local.files.soundtrack import Soundtrack, Voice
from jobs.engines.local.manner import Manner
from jobs.engines.local.shapes import FPS, MouthTrack
from jobs.engines.local.voice import audio, phones, timing
from jobs.errors import InvalidInput, gettext_noop

Progress = Callable[[float, str], None]

NO_VOICE = gettext_noop("The recording holds no voice. Choose another one.")
PAUSE_SECONDS = 0.25  # between two who speak one after the other, silence at the voices' own ends included


@dataclass(frozen=True)
class Order:
    """What to make; `sources` by the API's field names, `resolution` the short side in pixels."""

    model: Model
    sources: Mapping[str, Path]
    output: Path
    resolution: int
    seed: int
    prompt: str = ""
    speaking_order: SpeakingOrder = "meanwhile"


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


def make(order: Order, progress: Progress) -> Made:
    """Make the video of `order`; raises `InvalidInput` for what the user can change."""
    cv2.setNumThreads(1)
    asked, words = manner.understand(order.prompt)
    watch = _Watch()
    if order.model == "lipsync-video":
        return _from_video(order, asked, words, watch, progress)
    return _from_picture(order, asked, words, watch, progress)


def _from_picture(order: Order, asked: Manner, words: tuple[str, ...], watch: _Watch, progress: Progress) -> Made:
    pictures.check_header(order.sources["image"])  # before the longer work on the voice
    fields = ("left_audio", "right_audio") if order.model == "lipsync-image-multi" else ("audio",)
    progress(0.0, "listening")
    with watch.time("listening"):
        spoken = [
            listen(order.sources[name], Fraction(FPS), asked.opening, field=name, heard=_part(progress, i, len(fields)))
            for i, name in enumerate(fields)
        ]
    tracks, starts = arrange(spoken, order.speaking_order) if len(spoken) > 1 else (spoken, [0.0])
    progress(LISTENED, "looking")
    with watch.time("looking"):
        scene = photo.look(order.sources["image"], order.resolution, len(fields), order.sources.get("mask_image"))
    height, width = scene.picture.shape[:2]
    progress(LOOKED, "drawing")
    count = len(tracks[0])
    sound = Soundtrack([Voice(order.sources[name], start) for name, start in zip(fields, starts, strict=True)])
    with watch.time("drawing"), Encoder(order.output, width, height, Fraction(FPS), sound) as encoder:
        photo.draw(scene, tracks, asked, order.seed, encoder, _drawing(progress, LOOKED, count))
        progress(DRAWN, "saving")
    progress(1.0, "saving")
    return Made(count / FPS, width, height, FPS, watch.timings, words)


def _from_video(order: Order, asked: Manner, words: tuple[str, ...], watch: _Watch, progress: Progress) -> Made:
    facts = film.facts(order.sources["video"])
    progress(0.0, "listening")
    with watch.time("listening"):
        track = listen(order.sources["audio"], facts.fps, asked.opening, field="audio", heard=_part(progress, 0, 1))
    progress(LISTENED, "looking")
    with watch.time("looking"):
        watched = film.watch(
            order.sources["video"],
            facts,
            order.resolution,
            len(track),
            order.output.parent,
            order.sources.get("mask_image"),
            lambda seen: progress(LISTENED + (WATCHED - LISTENED) * seen / len(track), "looking"),
        )
    pictures_ = watched.footage
    progress(WATCHED, "drawing")
    sound = Soundtrack([Voice(order.sources["audio"])])
    with (
        watch.time("drawing"),
        Encoder(order.output, pictures_.width, pictures_.height, facts.fps, sound, facts.tags) as encoder,
    ):
        film.draw(watched, track, encoder, _drawing(progress, WATCHED, len(track)))
        progress(DRAWN, "saving")
    progress(1.0, "saving")
    fps = float(facts.fps)
    return Made(len(track) / fps, pictures_.width, pictures_.height, fps, watch.timings, words)


LISTENED, LOOKED, WATCHED, DRAWN = 0.12, 0.18, 0.45, 0.98  # progress at the end of each stage


def _part(progress: Progress, index: int, count: int) -> Callable[[float], None]:
    return lambda share: progress(LISTENED * (index + share) / count, "listening")


def _drawing(progress: Progress, since: float, count: int) -> Callable[[int], None]:
    return lambda drawn: progress(since + (DRAWN - since) * drawn / count, "drawing")


def listen(
    voice: Path,
    fps: Fraction = Fraction(FPS),
    opening: float = 1.0,
    field: str = "audio",
    heard: Callable[[float], None] = lambda share: None,
) -> MouthTrack:
    """A recording → the mouth's poses on the frame grid; raises `InvalidInput` naming `field`."""
    try:
        pcm = media.read_speech(voice)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.template, field=field, **refusal.params) from refusal
    voice_features = audio.features(pcm)
    if not audio.has_voice(voice_features):
        raise InvalidInput(NO_VOICE, field=field)
    spoken = phones.hear(pcm, heard)
    track = timing.mouth_track(spoken, voice_features, len(pcm) / media.SPEECH_RATE_HZ, float(fps))
    if opening != 1:
        track.poses[:, timing.OPENING] *= opening
    return track


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

"""Small videos, written by PyAV: the bundled face moving, cut away from, leaving or covered, in any form of file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import F64, U8, Planes
from tests.engines import samples
from tests.pictures import read_picture

WIDTH, HEIGHT = 240, 300
TICKS_HZ = 1000  # of the clock by which frames are placed at given times


@dataclass(frozen=True)
class Form:
    """How a video is stored; `turn` is by how many degrees a player turns it, counterclockwise."""

    container: str = "mp4"
    codec: str = "libx264"
    pixels: str = "yuv420p"
    fps: Fraction = Fraction(25)
    aspect: Fraction = Fraction(1)
    turn: int = 0
    full_range: bool = False
    options: dict[str, str] = field(default_factory=dict)


PLAIN = Form()
WEBM = Form("webm", "libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8", "crf": "20", "b": "0"})
_H264 = {"preset": "ultrafast", "crf": "12"}


# --- Files -----------------------------------------------------------------------------


def write(path: Path, pictures: Iterable[U8], form: Form = PLAIN, seconds: Sequence[float] | None = None) -> Path:
    """BGR pictures as a silent video, evenly at `form.fps` or each from its own second on."""
    base = 1 / form.fps if seconds is None else Fraction(1, TICKS_HZ)
    options = {"movflags": "+faststart"} if form.container in ("mp4", "mov") else {}
    with av.open(str(path), "w", format=form.container, options=options) as file:
        stream: Any = file.add_stream(form.codec, rate=form.fps, options=form.options or _H264)
        stream.pix_fmt = form.pixels
        stream.codec_context.time_base = base
        stream.codec_context.thread_count = 1
        if form.aspect != 1:
            stream.codec_context.sample_aspect_ratio = form.aspect
        if form.full_range:
            stream.codec_context.color_range = ColorRange.JPEG
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = picture.shape[:2]
            given = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame = given.reformat(
                format=form.pixels, dst_color_range=ColorRange.JPEG if form.full_range else ColorRange.MPEG
            )
            frame.pts = number if seconds is None else round(seconds[number] * TICKS_HZ)
            frame.time_base = base
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    if form.turn:
        _turn(path, form.turn)
    return path


def _turn(path: Path, degrees: int) -> None:
    """Have players turn the picture of an MP4, as phones do: by the matrix in its track header."""
    one = 1 << 16
    cosine, sine = {90: (0, -one), 180: (-one, 0), 270: (0, one)}[degrees]
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    for place, value in ((0, cosine), (4, sine), (12, -sine), (16, cosine)):
        content[at + place : at + place + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(content)


def cut_off(path: Path, share: float = 0.5) -> Path:
    """The same file as if its transfer had stopped there."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def scribbled_over(path: Path, begin: float, end: float) -> Path:
    """The same file with noise in a part of it."""
    content = bytearray(path.read_bytes())
    span = slice(int(len(content) * begin), int(len(content) * end))
    content[span] = np.random.default_rng(1).bytes(span.stop - span.start)
    path.write_bytes(content)
    return path


# --- Pictures --------------------------------------------------------------------------


@cache
def portrait() -> U8:
    """The bundled face as it is, 960 × 1200."""
    return read_picture(samples.FACE)


def placed(
    picture: U8,
    centre: tuple[float, float] = (0.5, 0.5),
    zoom: float = 1.0,
    degrees: float = 0.0,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> U8:
    """A picture in a frame of this size: its middle at `centre` (shares of the frame), turned and zoomed."""
    tall, wide = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), degrees, zoom * width / wide)
    matrix[:, 2] = matrix[:, 2] + np.array(centre) * [width, height] - [wide / 2, tall / 2]
    flags = cv2.INTER_AREA if width < wide else cv2.INTER_LINEAR
    small = cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(small, np.uint8)


@cache
def _small(width: int) -> U8:
    """The bundled face at twice the size that is needed: sampled from it, frames do not flicker."""
    return np.asarray(
        cv2.resize(portrait(), None, fx=2 * width / 960, fy=2 * width / 960, interpolation=cv2.INTER_AREA), np.uint8
    )


def moving(frames: int, fps: float = 25, width: int = WIDTH, height: int = HEIGHT) -> Iterator[U8]:
    """The bundled face, slowly swaying, nodding and leaning."""
    for number in range(frames):
        phase = 2 * np.pi * number / fps
        yield placed(
            _small(width),
            (0.5 + 0.03 * np.sin(phase / 2), 0.5 + 0.02 * np.sin(phase / 3)),
            1 + 0.04 * np.sin(phase / 2.5),
            3 * np.sin(phase / 2.2),
            width,
            height,
        )


def another(picture: U8) -> U8:
    """Somebody else: squashed, of other colours and lighter, as large as `picture`."""
    height, width = picture.shape[:2]
    hsv = cv2.cvtColor(cv2.resize(picture, (width, int(height * 0.8))), cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 90) % 180
    light = np.clip(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR).astype(int) + 70, 0, 255).astype(np.uint8)
    above = (height - len(light)) // 2
    return np.asarray(
        cv2.copyMakeBorder(light, above, height - len(light) - above, 0, 0, cv2.BORDER_REPLICATE), np.uint8
    )


def passing_by(frames: int, leaves: int, returns: int, width: int = WIDTH) -> Iterator[U8]:
    """The bundled face begins to go out of the picture at frame `leaves` and is back at `returns`, a second each."""
    for number, picture in enumerate(moving(frames, width=width)):
        share = min(1.0, max(0.0, min((number - leaves) / 25, (returns - number) / 25)))
        away = share * share * (3 - 2 * share)
        yield placed(picture, (0.5 + 1.1 * away, 0.5), width=width) if away else picture


def covered(pictures: Iterable[U8], first: int, stop: int) -> Iterator[U8]:
    """Something dull is held over mouth and chin from frame `first` until `stop`."""
    for number, picture in enumerate(pictures):
        if first <= number < stop:
            height, width = picture.shape[:2]
            middle = round(0.52 * width), round(0.68 * height)
            cv2.ellipse(picture, (middle, (0.40 * width, 0.34 * height), 0), (70, 95, 60), -1, cv2.LINE_AA)
        yield picture


def numbered(frames: int, width: int = 64, height: int = 48) -> Iterator[U8]:
    """Plain grey frames that tell their number by their brightness."""
    for number in range(frames):
        yield np.full((height, width, 3), 10 + 3 * number, np.uint8)


def number_of(planes: Planes) -> int:
    """Which of the `numbered` frames this is."""
    grey = (float(planes.luma.mean()) - raster.LUMA_ZERO) * 255 / 219
    return round((grey - 10) / 3)


def numbers_of(film: Iterable[Planes]) -> list[int]:
    return [number_of(planes) for planes in film]


def shown_at(seconds: Sequence[float], fps: Fraction, frames: int) -> list[int]:
    """Which of the frames that begin at these seconds are shown at (i + ½) / fps, give or take a tick of the clock."""
    moments: F64 = (np.arange(frames) + 0.5) / float(fps) + 1 / TICKS_HZ + 1e-9
    return [int(number) for number in np.searchsorted(np.asarray(seconds), moments, side="right") - 1]


def bgr(planes: Planes) -> U8:
    return raster.to_bgr(planes)

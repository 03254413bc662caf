"""Owns a video file as pictures: upright, in the result's size, on an even grid of frames, forwards or backwards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from jobs.engines.base import MAX_VIDEO_SECONDS, VIDEO_TOO_LONG
from jobs.engines.local.files.media import is_moving, open_media
from jobs.engines.local.files.spool import Spool
from jobs.engines.local.shapes import FPS, U8, ColourTags, Planes
from jobs.errors import InvalidInput, gettext_noop

if TYPE_CHECKING:
    from av.container import InputContainer

MOST_FPS, FEWEST_FPS = Fraction(61, 2), 20  # 30 fps sources are often tagged a little above
ABSURD_FPS = 1000
MAX_SIDE = 4096
MAX_ASPECT = 4.0
DECODER_THREADS = 2
CLOCK = Fraction(1, 1000)  # Matroska's ticks: at half of its rate, every second frame begins just before or just after
SEEK_BEFORE = Fraction(1, 2)  # seconds: files are entered in decoding order, in which a key frame may come too early
BACKWARDS_BYTES = 48_000_000  # frames held at once while playing backwards
_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}

NOT_A_VIDEO = gettext_noop("This file is not a video that can be read. Choose an MP4, MOV or WebM file.")
FRAME_TOO_LARGE = gettext_noop("The video is {width} × {height} pixels; at most {limit} a side are allowed.")
TOO_NARROW = gettext_noop("The video is too long and narrow. Crop it to the face and shoulders.")


@dataclass(frozen=True)
class Facts:
    """A video as it is to be shown: upright, with square pixels. `fps` is the grid's."""

    width: int
    height: int
    fps: Fraction
    seconds: float
    tags: ColourTags


def look_into(path: Path) -> Facts:
    """Decode the first frame; raises `InvalidInput` for what can not be used."""
    try:
        with open_media(path) as container:
            stream = _video(container)
            if container.duration and container.duration / av.time_base > MAX_VIDEO_SECONDS:
                raise InvalidInput(
                    VIDEO_TOO_LONG,
                    field="video",
                    minutes=round(container.duration / av.time_base / 60, 1),
                    max_minutes=round(MAX_VIDEO_SECONDS / 60),
                )
            codec = stream.codec_context
            if max(codec.width, codec.height) > MAX_SIDE:
                raise InvalidInput(
                    FRAME_TOO_LARGE, field="video", width=codec.width, height=codec.height, limit=MAX_SIDE
                )
            first = next(_decoded(container, stream), None)
            if first is None:
                raise InvalidInput(NOT_A_VIDEO, field="video")
            aspect = stream.sample_aspect_ratio or Fraction(1)
            width, height = max(1, round(first.width * aspect)), first.height
            if _turn(first) in (90, 270):
                width, height = height, width
            if max(width, height) > MAX_ASPECT * min(width, height):
                raise InvalidInput(TOO_NARROW, field="video")
            return Facts(
                width=width,
                height=height,
                fps=grid_fps(stream.average_rate or stream.guessed_rate),
                seconds=container.duration / av.time_base if container.duration else 0.0,
                tags=ColourTags(int(first.colorspace), int(first.color_primaries), int(first.color_trc)),
            )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InvalidInput(NOT_A_VIDEO, field="video") from error


def grid_fps(rate: Fraction | None) -> Fraction:
    """The source's own rate, a whole fraction of it above 30, a multiple below 20, where lips would stutter."""
    if not rate or not 0 < rate <= ABSURD_FPS:
        return Fraction(FPS)
    if rate >= 2 * FEWEST_FPS:  # the half of less would be too few
        return (rate / ceil(rate / MOST_FPS)).limit_denominator(1001)
    if rate < FEWEST_FPS:
        return (rate * ceil(FEWEST_FPS / rate)).limit_denominator(1001)
    return rate.limit_denominator(1001)


class Glimpse:
    """A frame whose planes are made when they are asked for: where only some are looked at, that is much of the work.

    Frames of the grid that show the same picture are one glimpse.
    """

    def __init__(self, frame: VideoFrame, convert: Callable[[VideoFrame], Planes]) -> None:
        self._frame, self._convert = frame, convert
        self._planes: Planes | None = None

    def look(self) -> Planes:
        """The frame upright and in the result's size."""
        if self._planes is None:
            self._planes = self._convert(self._frame)
        return self._planes

    @property
    def brightness(self) -> U8:
        """(h, w) light and dark as the file has them, in any size, range and turn: good to compare with its like."""
        form = self._frame.format
        if form.is_planar and not form.is_rgb and form.components[0].bits == 8:
            return _rows(self._frame, 0)[: self._frame.height, : self._frame.width]
        return self.look().luma


class Footage:
    """The pictures of a video file in `width` × `height` (even); frame i is what is shown at (i + ½) / fps.

    With a `folder` to write to, the first frames of the first pass are kept for the next ones.
    """

    def __init__(self, path: Path, facts: Facts, width: int, height: int, folder: Path | None = None) -> None:
        self._path, self._fps = path, facts.fps
        self.width, self.height = width, height
        self._reformatter = VideoReformatter()
        self._spool = Spool(folder, width, height) if folder else None

    def forwards(self, first: int = 0) -> Iterator[Planes]:
        """Frames from `first` on. A file damaged in the middle ends there."""
        if self._spool is not None:
            yield from self._spool.frames(first)
            first = max(first, len(self._spool))
        for glimpse in self._decoded(first):
            yield glimpse.look()

    def glimpses(self) -> Iterator[Glimpse]:
        """The first pass: like `forwards` from the beginning, for who does not look at every frame."""
        for number, glimpse in enumerate(self._decoded(0)):
            if self._spool is not None and number == len(self._spool) and self._spool.has_room:
                try:
                    self._spool.append(glimpse.look())
                except OSError:  # a full disk costs time, not the video
                    self._spool = None
            yield glimpse

    def _decoded(self, first: int) -> Iterator[Glimpse]:
        with open_media(self._path) as container:
            stream = _video(container)
            start = stream.start_time or 0
            if first:
                before = max(Fraction(0), first / self._fps - SEEK_BEFORE)
                container.seek(start + int(before / (stream.time_base or 1)), stream=stream)
            number = first
            held: tuple[VideoFrame, Fraction] | None = None
            for frame, seconds in _timed(_decoded(container, stream), stream, start):
                if held is not None:
                    count = self._numbers_before(seconds) - number
                    yield from self._repeated(held[0], count)
                    number += max(0, count)
                held = frame, seconds
            if held is not None:
                shown = held[1] + 1 / (stream.average_rate or self._fps)
                yield from self._repeated(held[0], max(int(number == 0), self._numbers_before(shown) - number))

    def backwards(self, last: int) -> Iterator[Planes]:
        """Frames from `last` down to 0, decoded in short runs forwards, so that few are held."""
        run = max(8, BACKWARDS_BYTES // (self.width * self.height * 3 // 2))
        stop = last + 1
        while stop > 0:
            first = max(0, stop - run)
            yield from reversed(list(islice(self.forwards(first), stop - first)))
            stop = first

    def _numbers_before(self, seconds: Fraction) -> int:
        """How many frames of the grid show something earlier: the least i with (i + ½) / fps ≥ seconds, or nearly."""
        return max(0, ceil((seconds - CLOCK) * self._fps - Fraction(1, 2)))

    def _repeated(self, frame: VideoFrame, count: int) -> Iterator[Glimpse]:
        glimpse = Glimpse(frame, self._planes)
        for _ in range(count):
            yield glimpse

    def _planes(self, frame: VideoFrame) -> Planes:
        turn = _turn(frame)
        width, height = (self.height, self.width) if turn in (90, 270) else (self.width, self.height)
        how = Interpolation.AREA if height < frame.height else Interpolation.BICUBIC
        sized = self._reformatter.reformat(
            frame, width, height, "nv12", interpolation=how, dst_color_range=ColorRange.MPEG, threads=1
        )
        luma, chroma = _rows(sized, 0)[:height, :width], _rows(sized, 1)[: height // 2, :width]
        colours = chroma.reshape(height // 2, width // 2, 2)
        if turn:
            return Planes(_turned(luma, turn), _turned(colours, turn))
        return Planes(luma.copy(), np.ascontiguousarray(colours))


def _rows(frame: VideoFrame, index: int) -> U8:
    plane = frame.planes[index]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload,no-any-return]


def _turned(plane: U8, degrees: int) -> U8:
    return np.ascontiguousarray(cv2.rotate(np.ascontiguousarray(plane), _TURNS[degrees]), np.uint8)


def _turn(frame: VideoFrame) -> int:
    """Degrees counterclockwise by which a frame is to be turned: 0, 90, 180 or 270."""
    return round(frame.rotation / 90) * 90 % 360


def _video(container: "InputContainer") -> VideoStream:
    """The first stream of moving pictures, set to decode on several threads."""
    for stream in container.streams.video:
        if is_moving(stream):
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = DECODER_THREADS
            return stream
    raise InvalidInput(NOT_A_VIDEO, field="video")


def _decoded(container: "InputContainer", stream: VideoStream) -> Iterator[VideoFrame]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue
        except av.error.FFmpegError:
            return


def _timed(frames: Iterator[VideoFrame], stream: VideoStream, start: int) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Frames with their times in seconds from the first picture, always rising; a missing one is made up."""
    base, step = stream.time_base or Fraction(1, 1000), 1 / (stream.average_rate or Fraction(FPS))
    last: Fraction | None = None
    for frame in frames:
        if frame.pts is not None:
            seconds = (frame.pts - start) * base
        else:
            seconds = last + step if last is not None else Fraction(0)
        if last is not None and seconds <= last:
            continue
        yield frame, seconds
        last = seconds

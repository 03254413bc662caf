"""Owns the preview: the first seconds of a result, small and without sound, for a glance at it in a list."""

from contextlib import suppress
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error
import cv2
import numpy as np
from av.video.frame import VideoFrame

from jobs.engines.local.files import footage
from jobs.engines.local.shapes import BT709, ColourTags, Frames, Planes

NAME = "preview.mp4"
SECONDS = 3
MOST_FPS = 13
SHORT_SIDE = 240  # pixels
MOST_BYTES = 150_000
# The rate can not be more than the buffer above 3 × maxrate: 137 kB. One thread: the same frames, the same file.
H264 = {
    "preset": "veryfast", "crf": "27", "maxrate": "300k", "bufsize": "200k", "mbtree": "0", "threads": "1",
}  # fmt: skip
FAILURES = (av.error.FFmpegError, OSError)


def make(video: Path, into: Path) -> None:
    """Write the preview of a video. Raises InvalidInput if it can not be read."""
    facts = footage.look_into(video)
    frames = footage.Footage(video, facts, *size(facts.width, facts.height)).forwards()
    with Preview(into, facts.width, facts.height, facts.fps, facts.tags) as preview:
        for planes in islice(frames, preview.frames):
            preview.write(planes)


def size(width: int, height: int) -> tuple[int, int]:
    """Of the preview of a video of this size, both even."""
    scale = min(1.0, SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class Preview:
    """Writes the preview of a video of this size and rate from its frames, of which it needs the first `frames`.

    A context manager: leaving it finishes the file.
    """

    def __init__(self, path: Path, width: int, height: int, fps: Fraction, tags: ColourTags) -> None:
        self.frames = int(fps * SECONDS)
        self._path, self._every, self._seen = path, ceil(fps / MOST_FPS), 0
        self._beat = self._every / fps  # seconds
        self._file = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._file.add_stream("libx264", rate=1 / self._beat, options=dict(H264))
        self._stream.width, self._stream.height = size(width, height)
        self._stream.pix_fmt = "nv12"
        _tag(self._stream.codec_context, tags)

    def __enter__(self) -> Self:
        return self

    def write(self, planes: Planes) -> None:
        """The next frame of the video, in its size or in the preview's."""
        number, rest = divmod(self._seen, self._every)
        if self._seen < self.frames and rest == 0:
            frame = _frame(_sized(planes, self._stream.width, self._stream.height))
            frame.pts, frame.time_base = number, self._beat
            self._file.mux(self._stream.encode(frame))
        self._seen += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(is_wanted=kind is None)

    def end(self, is_wanted: bool = True) -> None:
        """Finish the file; it is only kept if it is wanted, whole, and not too large."""
        is_good = False
        try:
            if is_wanted:
                self._file.mux(self._stream.encode(None))
            self._file.close()
            is_good = is_wanted and self._path.stat().st_size <= MOST_BYTES
        finally:
            self._file.close()
            if not is_good:
                self._path.unlink(missing_ok=True)


class Previewed:
    """Hands frames on `into` the encoder, and makes a preview of them beside the video `output`.

    A context manager, as `Preview`. If the preview can not be made there is none: the video goes on.
    """

    def __init__(
        self, into: Frames, output: Path, width: int, height: int, fps: Fraction, tags: ColourTags = BT709
    ) -> None:
        self._into, self._preview = into, Preview(output.with_name(NAME), width, height, fps, tags)
        self._works = True

    def __enter__(self) -> Self:
        return self

    def write(self, planes: Planes) -> None:
        if self._works:
            try:
                self._preview.write(planes)
            except FAILURES:
                self._works = False
        self._into.write(planes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*FAILURES):
            self._preview.end(is_wanted=kind is None and self._works)


def _sized(planes: Planes, width: int, height: int) -> Planes:
    if (planes.width, planes.height) == (width, height):
        return planes
    return Planes(
        np.asarray(cv2.resize(planes.luma, (width, height), interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(planes.chroma, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8),
    )


def _tag(context: av.VideoCodecContext, tags: ColourTags) -> None:
    context.colorspace, context.color_primaries, context.color_trc = tags.matrix, tags.primaries, tags.transfer
    context.color_range = 1


def _frame(planes: Planes) -> VideoFrame:
    chroma = planes.chroma.reshape(planes.height // 2, planes.width)
    return VideoFrame.from_ndarray(np.concatenate([planes.luma, chroma]), format="nv12")

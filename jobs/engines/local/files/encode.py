"""Owns the output file: H.264 and AAC in an MP4 that plays before it is fully loaded, written as frames come."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.frame import VideoFrame

from jobs.engines.local.files.soundtrack import Soundtrack
from jobs.engines.local.shapes import BT709, U8, ColourTags, Planes

# Without mbtree: its vector code reads memory that nobody wrote, and now and then the same frames gave another video.
# With it, crf 20 is as faithful as 22 is without; that takes a third more bytes and no more time.
H264 = {"preset": "veryfast", "crf": "22", "mbtree": "0"}
LIMITED_RANGE = 1
BITS_PER_CHANNEL = 96_000
# Always two, whatever the machine has: the number changes what x264 decides, and results are to be reproducible.
ENCODER_THREADS = 2
FRAMES_AHEAD = 4  # drawn and waiting: enough to even out frames that are slow to draw or to encode


class Encoder:
    """Writes planes at a fixed rate with the given sound, unchanged in loudness and whole to its last sample.

    A context manager: leaving it finishes the file. Sound is written as far as the picture has come, so that neither
    waits in memory for the other. Encoding runs beside the drawing, on a thread of its own; what goes wrong there is
    raised by a later `write` or on leaving.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: Fraction,
        sound: Soundtrack,
        tags: ColourTags = BT709,
    ) -> None:
        self._file = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._file.add_stream("libx264", rate=fps, options=dict(H264))
        self._video.width, self._video.height, self._video.pix_fmt = width, height, "nv12"
        context = self._video.codec_context
        context.thread_count = ENCODER_THREADS
        context.colorspace, context.color_primaries, context.color_trc = tags.matrix, tags.primaries, tags.transfer
        context.color_range = LIMITED_RANGE
        self._fps, self._frames = fps, 0

        self._rate = sound.rate_hz
        self._sound = self._file.add_stream("aac", rate=self._rate, layout=sound.layout)
        self._sound.bit_rate = min(BITS_PER_CHANNEL, 3 * self._rate) * sound.channels
        self._blocks = sound.blocks()
        self._samples = 0
        self._worker = ThreadPoolExecutor(1, "encoder")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def write(self, planes: Planes) -> None:
        """Add one frame; the planes are copied, so they may be drawn over at once."""
        while len(self._waiting) >= FRAMES_AHEAD:
            self._waiting.popleft().result()
        frame = VideoFrame(planes.width, planes.height, "nv12")
        _fill(frame, 0, planes.luma)
        _fill(frame, 1, planes.chroma.reshape(planes.height // 2, planes.width))
        frame.pts, frame.time_base = self._frames, 1 / self._fps
        self._frames += 1
        self._waiting.append(self._worker.submit(self._encode, frame, float(self._frames / self._fps)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._waiting.append(self._worker.submit(self._finish))
                while self._waiting:
                    self._waiting.popleft().result()
        finally:
            self._worker.shutdown(cancel_futures=True)
            self._file.close()

    def _encode(self, frame: VideoFrame, until_seconds: float) -> None:
        self._file.mux(self._video.encode(frame))
        self._write_sound(until_seconds)

    def _finish(self) -> None:
        self._write_sound(until_seconds=float("inf"))
        self._file.mux(self._video.encode(None))
        self._file.mux(self._sound.encode(None))

    def _write_sound(self, until_seconds: float) -> None:
        while self._samples < until_seconds * self._rate:
            frame = next(self._blocks, None)
            if frame is None:
                return
            # Without explicit timestamps the sound would begin a frame late.
            frame.pts, frame.time_base = self._samples, Fraction(1, self._rate)
            self._samples += frame.samples
            self._file.mux(self._sound.encode(frame))


def _fill(frame: VideoFrame, index: int, rows: U8) -> None:
    plane = frame.planes[index]
    target = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    target[: rows.shape[0], : rows.shape[1]] = rows

"""Sound and video files of any format, written by PyAV; and who opens a file that nobody should."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.stream import Disposition
from av.video.frame import VideoFrame

from jobs.engines.local.shapes import F32

WRITTEN_RATE_HZ = 48_000
TONE_HZ = 440
IN_OPEN = 0x20


@dataclass(frozen=True)
class Format:
    """A container and a codec, by ffmpeg's names."""

    container: str
    codec: str
    rate_hz: int = 44_100
    layout: str = "mono"

    def __str__(self) -> str:
        return f"{self.container}-{self.codec}-{self.rate_hz}-{self.layout}"


def half_silent_tone(seconds: float) -> F32:
    """(n,) at `WRITTEN_RATE_HZ`: nothing in the first half, a tone in the second."""
    time = np.arange(round(seconds * WRITTEN_RATE_HZ)) / WRITTEN_RATE_HZ
    return np.where(time < seconds / 2, 0, 0.5 * np.sin(2 * np.pi * TONE_HZ * time)).astype(np.float32)


def write_sound(path: Path, form: Format, seconds: float, cover: bool = False) -> Path:
    """`half_silent_tone` in this format, with a cover picture if asked for."""
    with av.open(str(path), "w", format=form.container) as file:
        options = {"strict": "experimental"} if form.codec == "vorbis" else {}
        stream: Any = file.add_stream(form.codec, rate=form.rate_hz, layout=form.layout, options=options)
        if cover:
            picture: Any = file.add_stream("mjpeg", rate=1)
            picture.width = picture.height = 64
            picture.pix_fmt = "yuvj420p"
            picture.disposition = Disposition.attached_pic
            file.mux([*picture.encode(VideoFrame(64, 64, "yuvj420p")), *picture.encode(None)])
        codec = stream.codec_context
        codec.open(strict=False)
        resampler = AudioResampler(codec.format, form.layout, form.rate_hz, frame_size=codec.frame_size or None)
        sound = AudioFrame.from_ndarray(half_silent_tone(seconds)[None], format="fltp", layout="mono")
        sound.sample_rate = WRITTEN_RATE_HZ
        samples = 0
        for frame in (*resampler.resample(sound), *resampler.resample(None)):
            frame.pts, frame.time_base = samples, Fraction(1, form.rate_hz)
            samples += frame.samples
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def write_video(path: Path, frames: int = 25, fps: int = 25) -> Path:
    """A silent grey MP4 of 64 × 48."""
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            frame = VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


@contextmanager
def openings(path: Path) -> Iterator[list[str]]:
    """Watches a file: the list has an entry at the end for each time that this process or another opened it."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    opened: list[str] = []
    try:
        assert libc.inotify_add_watch(watch, os.fsencode(path), IN_OPEN) >= 0, os.strerror(ctypes.get_errno())
        yield opened
        with suppress(BlockingIOError):
            opened += [path.name] * (len(os.read(watch, 4096)) // 16)
    finally:
        os.close(watch)

"""Small files, made when a test asks, and the drafts that a look into them would give."""

import math
import struct
import wave
import zlib
from pathlib import Path

import av
import numpy as np

from jobs.media import Draft
from jobs.media.probe import Facts
from jobs.models import MediaKind

WIDTH, HEIGHT = 8, 6
RATE_HZ = 8000
HUM_HZ = 150


def write_png(path: Path, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """A plain grey PNG."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks))
    return path


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write_wav(path: Path, seconds: float) -> Path:
    """A mono WAV with a low hum."""
    hum = (8000 * np.sin(math.tau * HUM_HZ / RATE_HZ * np.arange(round(seconds * RATE_HZ)))).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(hum.tobytes())
    return path


def picture_draft(path: Path) -> Draft:
    return Draft(path, path.name, "image/png", Facts(MediaKind.IMAGE, width=WIDTH, height=HEIGHT))


def voice_draft(path: Path, seconds: float) -> Draft:
    return Draft(path, path.name, "audio/wav", Facts(MediaKind.AUDIO, seconds=seconds))


def write_clip(path: Path, seconds: int = 1) -> Path:
    """A grey MP4."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(25 * seconds):
            file.mux(stream.encode(av.VideoFrame(WIDTH, HEIGHT, "yuv420p")))
        file.mux(stream.encode())
    return path

"""Picture files written byte by byte: any header, any metadata, few pixels."""

import struct
import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from jobs.engines.local.shapes import U8

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # PNG's colour types

Chunks = Sequence[tuple[bytes, bytes]]


def png(width: int, height: int, row: bytes = b"", *, depth: int = 8, colour: int = GREY, extra: Chunks = ()) -> bytes:
    """A PNG of equal rows; without a row only its header is honest."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress((b"\0" + row) * height) if row else b""
    chunks = ((b"IHDR", header), *extra, (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def exif(orientation: int, order: str = "<") -> bytes:
    """A TIFF block that says nothing but how the picture is turned."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def segment(marker: int, data: bytes) -> bytes:
    """One segment of a JPEG, length included."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(pixels: U8, *before: bytes, progressive: bool = False) -> bytes:
    """A JPEG, with more segments right at its beginning."""
    plain = encoded(".jpg", pixels, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive))
    return plain[:2] + b"".join(before) + plain[2:]


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(ending: str, pixels: U8, *options: int) -> bytes:
    """As OpenCV writes it."""
    done, data = cv2.imencode(ending, pixels, options)
    assert done
    return data.tobytes()


def blocks(*rows: str) -> U8:
    """A BGR picture of 16 × 16 blocks, large enough to survive JPEG: w white, r red, g green, b blue, k black."""
    colours = {"w": (255, 255, 255), "r": (0, 0, 255), "g": (0, 255, 0), "b": (255, 0, 0), "k": (0, 0, 0)}
    small = np.array([[colours[name] for name in row] for row in rows], np.uint8)
    return small.repeat(16, 0).repeat(16, 1)


def names(pixels: U8) -> tuple[str, ...]:
    """The other way round, by the nearest colour in the middle of each block."""
    middles = pixels[8::16, 8::16].astype(int) > 127
    letters = {(1, 1, 1): "w", (0, 0, 1): "r", (0, 1, 0): "g", (1, 0, 0): "b", (0, 0, 0): "k"}
    return tuple(
        "".join(letters.get((one[0], one[1], one[2]), "?") for one in row) for row in middles.astype(int).tolist()
    )

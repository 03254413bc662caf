"""Pictures as files: known by their first bytes, refused before they are decoded, upright and opaque after."""

import struct
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.files import pictures
from jobs.engines.local.files.pictures import Header
from jobs.engines.local.shapes import U8
from jobs.errors import InvalidInput
from tests.engines import drawings, samples
from tests.engines.drawings import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, blocks, exif, jpeg, png, segment, webp

SOME = settings(max_examples=200, deadline=None, database=None)
PLAIN = np.full((24, 32, 3), 90, np.uint8)
SEE_THROUGH = np.dstack([PLAIN, np.full((24, 32), 128, np.uint8)])
THUMBNAIL = segment(0xE1, b"Exif\0\0" + exif(1) + drawings.encoded(".jpg", np.zeros((6, 8, 3), np.uint8)))
LOSSLESS = (cv2.IMWRITE_WEBP_QUALITY, 101)
LOSSY = (cv2.IMWRITE_WEBP_QUALITY, 90)

# What each is, and whether it may be transparent; all are 32 × 24.
GOOD = {
    "jpeg": (jpeg(PLAIN), "jpeg", False),
    "progressive jpeg": (jpeg(PLAIN, progressive=True), "jpeg", False),
    "jpeg with a thumbnail": (jpeg(PLAIN, THUMBNAIL), "jpeg", False),
    "jpeg with fill bytes": (jpeg(PLAIN, b"\xff\xff\xff", segment(0xFE, b"a comment"), b"\xff"), "jpeg", False),
    "jpeg with a lone marker": (jpeg(PLAIN, b"\xff\x01"), "jpeg", False),
    "png": (png(32, 24, b"\x5a" * 32), "png", True),
    "lossy webp": (drawings.encoded(".webp", PLAIN, *LOSSY), "webp", False),
    "lossless webp": (drawings.encoded(".webp", PLAIN, *LOSSLESS), "webp", True),
    "extended webp": (drawings.encoded(".webp", SEE_THROUGH, *LOSSY), "webp", True),
}
BAD = {
    "nothing": b"",
    "gif": b"GIF89a\x20\0\x18\0\x80\0\0" + bytes(200),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="32" height="24"/>',
    "heic": struct.pack(">I", 24) + b"ftypheic\0\0\0\0heicmif1" + bytes(200),
    "text": b"A face, described in words.\n" * 20,
    "bmp": drawings.encoded(".bmp", PLAIN),
    "tiff": drawings.encoded(".tiff", PLAIN),
    "no height": png(32, 0),
    "no width": png(0, 24),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for one file after the other."""
    return tmp_path_factory.mktemp("pictures") / "picture"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def refusal_of(path: Path) -> InvalidInput:
    """Both doors refuse it, with the same sentence."""
    with pytest.raises(InvalidInput) as at_the_header:
        pictures.check_header(path)
    with pytest.raises(InvalidInput) as refusal:
        pictures.read(path)
    assert refusal.value.sentence == at_the_header.value.sentence
    assert refusal.value.field == "image"
    return refusal.value


# --- Headers ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD)
def test_a_header_says_what_the_decoder_finds(name: str, path: Path) -> None:
    content, kind, may_be_transparent = GOOD[name]
    written(path, content)
    assert pictures.check_header(path) == Header(kind, 32, 24, may_be_transparent)
    assert pictures.read(path).shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("chunk", "kind"), [("lossy webp", b"VP8 "), ("lossless webp", b"VP8L"), ("extended webp", b"VP8X")]
)
def test_each_kind_of_webp_is_tried(chunk: str, kind: bytes) -> None:
    assert GOOD[chunk][0][12:16] == kind


def test_the_bundled_face_is_a_picture() -> None:
    assert pictures.check_header(samples.FACE) == Header("jpeg", 960, 1200, may_be_transparent=False)


@pytest.mark.parametrize("name", GOOD)
def test_a_file_cut_anywhere_is_a_picture_or_none(name: str, path: Path) -> None:
    content = GOOD[name][0]
    whole = pictures.read_header(written(path, content))
    known = [pictures.read_header(written(path, content[:length])) for length in range(min(len(content), 650))]
    assert set(known) <= {None, whole}
    assert known[0] is known[8] is None


def test_a_depth_map_before_the_size_is_read_over(path: Path) -> None:
    two_megabytes = [segment(0xE1, bytes(65_000))] * 32
    assert pictures.read(written(path, jpeg(PLAIN, *two_megabytes))).shape == (24, 32, 3)


def test_a_small_size_after_a_lone_marker_does_not_hide_a_large_one(path: Path) -> None:
    """Read with a length, the marker would lead over the true size to another one behind."""
    large = jpeg(np.zeros((300, 300, 3), np.uint8), b"\xff\x01")
    small = segment(0xC0, struct.pack(">BHHB", 8, 10, 10, 1) + b"\x01\x11\x00")
    skipped = 2 + int.from_bytes(large[4:6], "big")
    header = pictures.read_header(written(path, large.ljust(2 + skipped, b"\0")[: 2 + skipped] + small))
    assert header == Header("jpeg", 300, 300, may_be_transparent=False)


# --- Refusals --------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_of_ours_is_refused(name: str, path: Path) -> None:
    assert "Choose a JPEG, PNG or WebP file" in refusal_of(written(path, BAD[name])).sentence


LARGE = {  # all 10 000 × 6 000
    "png": png(10_000, 6_000),
    "jpeg": b"\xff\xd8" + segment(0xC2, struct.pack(">BHHB", 8, 6000, 10_000, 1) + b"\x01\x11\x00"),
    "lossy webp": webp((b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", 10_000, 6000))),
    "lossless webp": webp((b"VP8L", b"\x2f" + struct.pack("<I", 9_999 | 5_999 << 14))),
    "extended webp": webp((b"VP8X", bytes(4) + (9_999).to_bytes(3, "little") + (5_999).to_bytes(3, "little"))),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_picture_too_large_is_refused_by_its_header(name: str, path: Path) -> None:
    """It has no pixels at all: decoding it would give the other sentence."""
    assert refusal_of(written(path, LARGE[name])).sentence == (
        "The picture has 60 megapixels. At most 25 are allowed: make it smaller."
    )


@pytest.mark.parametrize(("size", "allowed"), [((5000, 5000), True), ((5001, 5000), False), ((100, 400), True)])
def test_the_limits_are_themselves_allowed(size: tuple[int, int], allowed: bool, path: Path) -> None:
    written(path, png(*size))
    if allowed:
        assert pictures.check_header(path).width == size[0]
    else:
        assert "megapixels" in refusal_of(path).sentence


@pytest.mark.parametrize("size", [(401, 100), (100, 401)])
def test_a_strip_is_refused(size: tuple[int, int], path: Path) -> None:
    assert "too long and narrow" in refusal_of(written(path, png(*size))).sentence


@pytest.mark.parametrize("name", ["jpeg", "png", "lossy webp", "lossless webp"])
def test_a_good_header_before_broken_pixels_is_refused(name: str, path: Path) -> None:
    content = GOOD[name][0]
    start = content[: len(content) // 2]
    broken = start if pictures.read_header(written(path, start)) else content[:30] + bytes(20)
    written(path, broken)
    with pytest.raises(InvalidInput, match="Choose a JPEG"):
        pictures.read(path)


# --- Pixels ----------------------------------------------------------------------------

# How a picture looks upright that is stored as "rgb", "kkk" and turned as EXIF says.
UPRIGHT = {
    1: ("rgb", "kkk"),
    2: ("bgr", "kkk"),
    3: ("kkk", "bgr"),
    4: ("kkk", "rgb"),
    5: ("rk", "gk", "bk"),
    6: ("kr", "kg", "kb"),
    7: ("kb", "kg", "kr"),
    8: ("bk", "gk", "rk"),
}
STORED = blocks("rgb", "kkk")


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photo_is_turned_upright(orientation: int, order: str, path: Path) -> None:
    block = segment(0xE1, b"Exif\0\0" + exif(orientation, order))
    assert drawings.names(pictures.read(written(path, jpeg(STORED, block)))) == UPRIGHT[orientation]


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("before", [b"", b"Exif\0\0"])
def test_a_webp_is_turned_upright(orientation: int, before: bytes, path: Path) -> None:
    content = webp(chunk_of(STORED), (b"EXIF", before + exif(orientation, ">")))
    assert drawings.names(pictures.read(written(path, content))) == UPRIGHT[orientation]


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_transparent_webp_is_turned_with_its_transparency(orientation: int, path: Path) -> None:
    """The block that is stored blue is not seen."""
    opacity = np.where((STORED[..., :1] > 150) & (STORED[..., 2:] < 100), 0, 255).astype(np.uint8)
    content = webp(chunk_of(np.dstack([STORED, opacity])), (b"EXIF", exif(orientation)))
    wanted = tuple(row.replace("b", "w") for row in UPRIGHT[orientation])
    assert drawings.names(pictures.read(written(path, content))) == wanted


def chunk_of(pixels: U8) -> tuple[bytes, bytes]:
    """Pixels as the one chunk of a lossless WebP."""
    content = drawings.encoded(".webp", pixels, *LOSSLESS)
    (length,) = struct.unpack_from("<I", content, 16)
    return content[12:16], content[20 : 20 + length]


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_transparent_picture_is_turned_with_its_transparency(orientation: int, path: Path) -> None:
    """Stored in one colour; what shows of it, and where, is in its opacity alone."""
    row = b"\0\0\0\xff" * 16 + b"\0\0\0\0" * 32
    stored = png(48, 32, row, colour=RGBA, extra=[(b"eXIf", exif(orientation))])
    seen = {"r": "k", "g": "w", "b": "w", "k": "?"}
    first_row_only = [[seen[name] for name in row] for row in UPRIGHT[orientation]]
    found = drawings.names(pictures.read(written(path, stored)))
    for found_row, wanted_row in zip(found, first_row_only, strict=True):
        assert len(found_row) == len(wanted_row)
        assert all(wanted in ("?", one) for one, wanted in zip(found_row, wanted_row, strict=True))


INK = b"\x10\x20\x30"
DEEP_INK = b"\x10\0\x20\0\x30\0"
TWO_COLOURS = (b"PLTE", INK + b"\xff\0\0")
WHITE, SEEN_INK, RED, DARK = (255, 255, 255), (48, 32, 16), (0, 0, 255), (64, 64, 64)

# 16 × 16 pixels, and the colours of their left and right halves.
STORED_AS = {
    "grey": (png(16, 16, b"\x40" * 16), DARK, DARK),
    "two greys": (png(16, 16, b"\xff\x00", depth=1), WHITE, (0, 0, 0)),
    "deep grey": (png(16, 16, b"\x40\x80" * 16, depth=16), DARK, DARK),
    "deep colour": (png(16, 16, DEEP_INK * 16, depth=16, colour=RGB), SEEN_INK, SEEN_INK),
    "half transparent grey": (
        png(16, 16, b"\x40\x80" * 8 + b"\x40\xff" * 8, colour=GREY_ALPHA),
        (159, 159, 159),
        DARK,
    ),
    "transparent": (png(16, 16, (INK + b"\0") * 8 + (INK + b"\xff") * 8, colour=RGBA), WHITE, SEEN_INK),
    "deep transparent": (
        png(16, 16, (DEEP_INK + b"\0\0") * 8 + (DEEP_INK + b"\xff\xff") * 8, depth=16, colour=RGBA),
        WHITE,
        SEEN_INK,
    ),
    "palette": (png(16, 16, b"\0" * 8 + b"\1" * 8, colour=PALETTE, extra=[TWO_COLOURS]), SEEN_INK, RED),
    "transparent palette": (
        png(16, 16, b"\0" * 8 + b"\1" * 8, colour=PALETTE, extra=[TWO_COLOURS, (b"tRNS", b"\0")]),
        WHITE,
        RED,
    ),
    "grey jpeg": (drawings.encoded(".jpg", np.full((16, 16), 64, np.uint8)), DARK, DARK),
    "transparent webp": (
        drawings.encoded(".webp", np.full((16, 16, 4), (30, 20, 10, 0), np.uint8), *LOSSLESS),
        WHITE,
        WHITE,
    ),
}


@pytest.mark.parametrize("name", STORED_AS)
def test_pixels_come_as_opaque_colour_on_white(name: str, path: Path) -> None:
    content, left, right = STORED_AS[name]
    pixels = pictures.read(written(path, content))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (16, 16, 3)
    assert tuple(pixels[8, 2]) == left
    assert tuple(pixels[8, 13]) == right


# --- Whatever is sent ------------------------------------------------------------------

MAGIC = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\0\0\0\0WEBP",
    b"RIFF\0\0\0\0WEBPVP8X",
    b"RIFF\0\0\0\0WEBPVP8 ",
)


def is_read_or_refused(path: Path) -> None:
    with suppress(InvalidInput):
        assert pictures.read(path).ndim == 3


@SOME
@given(st.sampled_from(MAGIC), st.binary(max_size=200))
def test_random_bytes_are_refused_in_our_words(shared: Path, start: bytes, rest: bytes) -> None:
    is_read_or_refused(written(shared, start + rest))


WOUNDS = st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), min_size=1, max_size=4)


@SOME
@given(st.sampled_from(sorted(GOOD)), WOUNDS)
def test_damaged_files_are_read_or_refused_in_our_words(shared: Path, name: str, wounds: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD[name][0])
    for at, value in wounds:
        content[at % len(content)] = value
    is_read_or_refused(written(shared, bytes(content)))


@SOME
@given(st.binary(max_size=80), st.sampled_from([GREY, RGBA]))
def test_damaged_exif_is_read_over(shared: Path, block: bytes, colour: int) -> None:
    row = b"\x40" * (8 if colour == GREY else 32)
    content = png(8, 8, row, colour=colour, extra=[(b"eXIf", b"II*\0\x08\0\0\0" + block)])
    is_read_or_refused(written(shared, content))

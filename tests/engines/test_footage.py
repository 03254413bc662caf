"""Videos as pictures: each frame at its moment, whichever way it is played, upright and in the size asked for."""

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.engines.local.files import footage, media
from jobs.engines.local.files.footage import FEWEST_FPS, Footage, grid_fps
from jobs.engines.local.shapes import U8, Planes
from jobs.errors import InvalidInput
from tests.engines import clips, drawings, recordings, samples
from tests.engines.clips import PLAIN, WEBM, Form
from tests.engines.recordings import Format

pytestmark = pytest.mark.slow

SOME = settings(max_examples=200, deadline=None, database=None)
COUNT = 60
RATES = [Fraction(12), Fraction(15), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(50), Fraction(60)]
# Frames that are decoded in another order than they are shown in, and several places to enter the file.
REORDERED = Form(options={"preset": "veryfast", "crf": "10", "bf": "3", "g": "17"})
UNEVEN = [0.0, *np.cumsum(np.random.default_rng(3).uniform(0.01, 0.12, COUNT - 1)).round(3).tolist()]


def opened(path: Path, width: int = 64, height: int = 48) -> Footage:
    return Footage(path, footage.look_into(path), width, height)


def refusal_of(path: Path) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        footage.look_into(path)
    assert refusal.value.field == "video"
    return refusal.value


def equal(one: Planes, other: Planes) -> bool:
    return np.array_equal(one.luma, other.luma) and np.array_equal(one.chroma, other.chroma)


# --- The right frame at each moment ----------------------------------------------------


@pytest.mark.parametrize("form", [PLAIN, WEBM, REORDERED], ids=["mp4", "webm", "reordered"])
@pytest.mark.parametrize("fps", RATES, ids=lambda fps: f"{float(fps):.4g}")
def test_frame_i_is_what_is_shown_in_its_middle(form: Form, fps: Fraction, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "video", clips.numbered(COUNT), replace(form, fps=fps))
    facts = footage.look_into(path)
    shown = clips.numbers_of(opened(path).forwards())
    assert facts.seconds == pytest.approx(COUNT / fps, abs=0.002)
    assert len(shown) == round(COUNT / fps * facts.fps)
    assert shown == clips.shown_at([float(number / fps) for number in range(COUNT)], facts.fps, len(shown))


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "webm"])
@pytest.mark.parametrize("late", [0.0, 1.5])
def test_frames_of_uneven_length_are_shown_as_long_as_they_last(container: str, late: float, tmp_path: Path) -> None:
    form = WEBM if container == "webm" else replace(REORDERED, container=container)
    times = [0.0, *(begin + late for begin in UNEVEN[1:])]
    path = clips.write(tmp_path / "video", clips.numbered(COUNT), form, times)
    shown = clips.numbers_of(opened(path).forwards())
    assert shown == clips.shown_at(times, footage.look_into(path).fps, len(shown))
    assert shown[-1] == COUNT - 1


@pytest.mark.parametrize("form", [PLAIN, WEBM, REORDERED], ids=["mp4", "webm", "reordered"])
@pytest.mark.parametrize("times", [None, UNEVEN], ids=["even", "uneven"])
def test_it_can_begin_at_any_frame(form: Form, times: list[float] | None, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "video", clips.numbered(COUNT), replace(form, fps=Fraction(60)), times)
    film = opened(path)
    whole = clips.numbers_of(film.forwards())
    for first in range(len(whole) + 1):
        assert clips.numbers_of(film.forwards(first)) == whole[first:], first


@pytest.mark.parametrize("most_bytes", [1, 20 * 64 * 48 * 3 // 2, footage.BACKWARDS_BYTES])
def test_backwards_is_the_reverse_however_few_are_held(
    most_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "BACKWARDS_BYTES", most_bytes)
    film = opened(clips.write(tmp_path / "video", clips.numbered(COUNT), REORDERED, UNEVEN))
    whole = clips.numbers_of(film.forwards())
    for last in (0, 7, 8, 41, len(whole) - 1):
        assert clips.numbers_of(film.backwards(last)) == whole[: last + 1][::-1]


def test_a_frame_that_is_played_twice_is_the_same_to_the_bit(tmp_path: Path) -> None:
    film = opened(clips.write(tmp_path / "video", clips.moving(20), REORDERED), 200, 250)
    there, back = list(film.forwards()), list(film.backwards(19))
    assert all(equal(one, other) for one, other in zip(there, reversed(back), strict=True))
    assert not equal(there[0], there[10])


def test_one_frame_is_a_video_too(tmp_path: Path) -> None:
    film = opened(clips.write(tmp_path / "video", clips.numbered(1)))
    assert clips.numbers_of(film.forwards()) == clips.numbers_of(film.backwards(0)) == [0]


# --- The grid --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "fps"),
    [
        *(
            (Fraction(rate), Fraction(fps))
            for rate, fps in ((12, 24), (15, 30), (20, 20), (24, 24), (25, 25), (30, 30))
        ),
        *((Fraction(rate), Fraction(fps)) for rate, fps in ((7, 21), (1, 20), (31, 31), (48, 24), (50, 25), (60, 30))),
        *((Fraction(rate), Fraction(fps)) for rate, fps in ((90, 30), (100, 25), (120, 30), (240, 30))),
        (Fraction(24_000, 1001), Fraction(24_000, 1001)),
        (Fraction(30_000, 1001), Fraction(30_000, 1001)),
        (Fraction(60_000, 1001), Fraction(30_000, 1001)),
        (Fraction(90_000), Fraction(25)),
        (Fraction(0), Fraction(25)),
        (None, Fraction(25)),
    ],
    ids=str,
)
def test_the_grid_is_the_sources_own_or_next_to_it(rate: Fraction | None, fps: Fraction) -> None:
    assert grid_fps(rate) == fps


@SOME
@given(st.fractions(Fraction(1, 10), 1000, max_denominator=1001))
@example(Fraction(61, 2))
@example(Fraction(39))
def test_no_grid_stutters_or_wastes_and_each_fits_its_source(rate: Fraction) -> None:
    fps = grid_fps(rate)
    assert FEWEST_FPS <= fps < 2 * FEWEST_FPS
    times = fps / rate if fps >= rate else rate / fps
    assert float(times) == pytest.approx(round(times), rel=1e-3)
    assert fps.denominator <= 1001


# --- Upright, square, in size ----------------------------------------------------------


def corners(fps: int = 25) -> list[U8]:
    """Five frames of red, green and blue above and three times black below."""
    return [drawings.blocks("rgb", "kkk").repeat(4, 0).repeat(4, 1)] * 5


UPRIGHT = {0: ("rgb", "kkk"), 90: ("bk", "gk", "rk"), 180: ("kkk", "bgr"), 270: ("kr", "kg", "kb")}


@pytest.mark.parametrize("turn", UPRIGHT)
def test_a_turned_video_is_shown_upright(turn: int, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "video", corners(), replace(PLAIN, turn=turn))
    facts = footage.look_into(path)
    wide = turn in (0, 180)
    assert (facts.width, facts.height) == ((192, 128) if wide else (128, 192))
    (first, *_) = Footage(path, facts, *((48, 32) if wide else (32, 48))).forwards()
    assert drawings.names(clips.bgr(first)) == UPRIGHT[turn]


def test_pixels_that_are_not_square_are_counted_as_they_are_shown(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "video", corners(), replace(PLAIN, aspect=Fraction(2, 3)))
    facts = footage.look_into(path)
    assert (facts.width, facts.height) == (128, 128)
    (first, *_) = Footage(path, facts, 48, 32).forwards()
    assert drawings.names(clips.bgr(first)) == UPRIGHT[0]


def test_wide_pixels_of_a_turned_video_become_high(tmp_path: Path) -> None:
    facts = footage.look_into(clips.write(tmp_path / "video", corners(), replace(PLAIN, aspect=Fraction(2), turn=90)))
    assert (facts.width, facts.height) == (128, 384)


@pytest.mark.parametrize("turn", [0, 90])
@pytest.mark.parametrize("size", [(64, 48), (30, 22), (194, 130), (2, 2)])
def test_it_comes_in_the_size_asked_for(size: tuple[int, int], turn: int, tmp_path: Path) -> None:
    odd = [np.full((49, 65, 3), 90, np.uint8)] * 3
    path = clips.write(tmp_path / "video", odd, replace(PLAIN, pixels="yuv444p", turn=turn))
    facts = footage.look_into(path)
    assert sorted((facts.width, facts.height)) == [49, 65]
    width, height = size
    for planes in Footage(path, facts, width, height).forwards():
        assert (planes.luma.shape, planes.chroma.shape) == ((height, width), (height // 2, width // 2, 2))
        assert clips.number_of(planes) == round((90 - 10) / 3)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize(("grey", "luma"), [(0, 16), (255, 235), (128, 126)])
def test_black_is_16_and_white_235_whatever_the_source_calls_them(
    grey: int, luma: int, full_range: bool, tmp_path: Path
) -> None:
    plain = [np.full((48, 64, 3), grey, np.uint8)] * 3
    path = clips.write(tmp_path / "video", plain, replace(PLAIN, full_range=full_range))
    for planes in opened(path).forwards():
        assert np.abs(planes.luma.astype(int) - luma).max() <= 1
        assert np.abs(planes.chroma.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuv420p10le", "gbrp"])
@pytest.mark.parametrize("turn", [0, 90])
def test_a_glimpse_tells_light_from_dark_and_is_converted_only_when_looked_at(
    pixels: str, turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = "libx264rgb" if pixels == "gbrp" else "libx264"
    form = replace(PLAIN, codec=codec, pixels="bgr24" if pixels == "gbrp" else pixels, turn=turn, fps=Fraction(12))
    path = clips.write(tmp_path / "video", clips.numbered(20), form)
    converted: list[Planes] = []
    convert = Footage._planes

    def counted(film: Footage, frame: VideoFrame) -> Planes:
        converted.append(convert(film, frame))
        return converted[-1]

    monkeypatch.setattr(Footage, "_planes", counted)
    glimpses = list(opened(path).glimpses())
    light = [float(glimpse.brightness.mean()) for glimpse in glimpses]
    assert len(converted) == (0 if pixels in ("yuv420p", "yuv444p") else 20)
    looked = [glimpse.look() for glimpse in glimpses]
    assert len(converted) == 20  # twice as many are shown, at 24 frames a second
    assert len(looked) == 40
    assert np.corrcoef(light, [float(planes.luma.mean()) for planes in looked])[0, 1] > 0.999
    assert all(equal(one, other) for one, other in zip(looked, opened(path).forwards(), strict=True))


# --- Damaged and refused ---------------------------------------------------------------


@pytest.mark.parametrize("form", [PLAIN, WEBM, replace(REORDERED, container="matroska")], ids=lambda f: f.container)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
def test_a_file_that_was_cut_off_ends_there(form: Form, share: float, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "video", clips.moving(40), form)
    whole = list(opened(path).forwards())
    film = opened(clips.cut_off(path, share))
    left = list(film.forwards())
    assert 0 < len(left) < len(whole) == 40
    sound = slice(0, len(left) - 4)  # the last ones may lack what they are made from
    assert all(equal(one, other) for one, other in zip(left[sound], whole[sound], strict=True))
    assert len(list(film.backwards(len(left) - 1))) == len(left)


@pytest.mark.parametrize("form", [PLAIN, WEBM, replace(REORDERED, container="matroska")], ids=lambda f: f.container)
def test_one_wrong_byte_in_a_header_is_shown_or_refused(form: Form, tmp_path: Path) -> None:
    whole = clips.write(tmp_path / "video", clips.moving(3), form).read_bytes()
    path = tmp_path / "damaged"
    places = range(0, len(whole), max(1, len(whole) // 150)) if form.container == "mp4" else range(150)
    for at in places:
        content = bytearray(whole)
        content[at] = 0x80 if content[at] != 0x80 else 0xFF
        path.write_bytes(bytes(content))
        media.probe(path)
        try:
            film = opened(path)
        except InvalidInput:
            continue
        for planes in islice(film.forwards(), 50):
            assert planes.luma.shape == (48, 64)


@pytest.mark.parametrize("form", [PLAIN, WEBM, replace(REORDERED, container="matroska")], ids=lambda f: f.container)
@pytest.mark.parametrize("begin", [0.3, 0.6, 0.9])
def test_noise_in_the_middle_does_not_stop_it_early(form: Form, begin: float, tmp_path: Path) -> None:
    path = clips.scribbled_over(clips.write(tmp_path / "video", clips.moving(40), form), begin, begin + 0.05)
    assert len(list(opened(path).forwards())) >= 40 * begin / 2


def late_end(path: Path) -> Path:
    return clips.write(path, clips.numbered(2), PLAIN, [0, 601])


def too_wide(path: Path) -> Path:
    return clips.write(path, [np.zeros((1030, 4098, 3), np.uint8)])


def not_there(path: Path) -> Path:
    return path


def text(path: Path) -> Path:
    path.write_text("Not a video at all.\n" * 20)
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def without_index(path: Path) -> Path:
    """As a phone leaves it that lost its power: the index comes last."""
    return clips.cut_off(clips.write(path, clips.moving(10), replace(PLAIN, container="matroska")), 0.05)


REFUSED = {
    "too long": (late_end, "The video is 10.0 minutes long. At most 10 are allowed."),
    "too large": (too_wide, "The video is 4098 × 1030 pixels; at most 4096 a side are allowed."),
    "too narrow": (
        lambda path: clips.write(path, [np.zeros((48, 196, 3), np.uint8)]),
        "The video is too long and narrow. Crop it to the face and shoulders.",
    ),
    "a cover only": (
        lambda path: recordings.write_sound(path, Format("mp4", "aac"), 1, cover=True),
        footage.NOT_A_VIDEO,
    ),
    "sound only": (lambda path: recordings.write_sound(path, Format("mp4", "aac"), 1), footage.NOT_A_VIDEO),
    "a picture": (lambda path: samples.FACE, footage.NOT_A_VIDEO),
    "text": (text, footage.NOT_A_VIDEO),
    "empty": (empty, footage.NOT_A_VIDEO),
    "missing": (not_there, footage.NOT_A_VIDEO),
    "cut off before the first frame": (without_index, footage.NOT_A_VIDEO),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_used_is_refused(name: str, tmp_path: Path) -> None:
    make, sentence = REFUSED[name]
    assert refusal_of(make(tmp_path / "video")).sentence == sentence


def test_the_largest_and_longest_are_allowed(tmp_path: Path) -> None:
    assert footage.look_into(clips.write(tmp_path / "a", [np.zeros((1024, 4096, 3), np.uint8)])).width == 4096
    assert footage.look_into(clips.write(tmp_path / "b", clips.numbered(2), PLAIN, [0, 599.9])).seconds < 600

"""A preview is the beginning of its video, small, silent and short, and never large."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from jobs.engines.local.files import preview
from jobs.engines.local.files.preview import Previewed
from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import U8, Planes
from jobs.errors import InvalidInput
from tests.engines import clips

pytestmark = pytest.mark.slow


def facts(path: Path) -> tuple[int, int, float, int]:
    """Width, height, seconds and number of streams."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return stream.width, stream.height, float(stream.duration * stream.time_base), len(file.streams)


def made(tmp_path: Path, pictures: list[U8], form: clips.Form = clips.PLAIN) -> Path:
    preview.make(clips.write(tmp_path / "video.mp4", pictures, form), tmp_path / preview.NAME)
    return tmp_path / preview.NAME


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30), Fraction(24000, 1001)])
def test_it_is_the_first_seconds_small_and_silent(tmp_path: Path, fps: Fraction) -> None:
    pictures = list(clips.moving(120, width=480, height=640))

    width, height, seconds, streams = facts(made(tmp_path, pictures, clips.Form(fps=fps)))

    assert (width, height, streams) == (240, 320, 1)
    assert seconds == pytest.approx(3, abs=0.12)


def test_a_short_and_small_video_stays_as_long_and_as_large(tmp_path: Path) -> None:
    width, height, seconds, _ = facts(made(tmp_path, list(clips.moving(20, width=200, height=160))))

    assert (width, height) == (200, 160)
    assert seconds == pytest.approx(0.8, abs=0.05)


def test_it_begins_with_the_first_picture(tmp_path: Path) -> None:
    pictures = list(clips.moving(30, width=240, height=300))
    with av.open(str(made(tmp_path, pictures))) as file:
        first = next(file.decode(video=0)).to_ndarray(format="bgr24").astype(int)

    assert np.abs(first - pictures[0]).mean() < 6


def test_even_noise_does_not_make_it_large(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    pictures = [noise.integers(0, 255, (640, 480, 3)).astype(np.uint8) for _ in range(80)]
    preview.make(clips.write(tmp_path / "video.mp4", pictures), tmp_path / preview.NAME)

    found = tmp_path / preview.NAME
    assert not found.exists() or found.stat().st_size <= preview.MOST_BYTES


class Kept:
    """Takes frames as the encoder does, and counts them."""

    def __init__(self) -> None:
        self.frames = 0

    def write(self, planes: Planes) -> None:
        self.frames += 1


def drawn(output: Path, pictures: list[U8], fps: Fraction = Fraction(25)) -> int:
    """Hand the pictures on as the engine does when it has drawn them: how many the encoder got."""
    height, width = pictures[0].shape[:2]
    kept = Kept()
    with Previewed(kept, output, width, height, fps) as into:
        for picture in pictures:
            into.write(raster.to_planes(picture))
    return kept.frames


@pytest.mark.parametrize(("fps", "count"), [(Fraction(25), 120), (Fraction(30), 120), (Fraction(25), 20)])
def test_it_is_made_while_the_video_is_as_it_is_of_the_video(tmp_path: Path, fps: Fraction, count: int) -> None:
    pictures = list(clips.moving(count, width=480, height=640))
    of_video = facts(made(tmp_path, pictures, clips.Form(fps=fps)))

    assert drawn(tmp_path / "result.mp4", pictures, fps) == count
    assert facts(tmp_path / preview.NAME) == of_video
    with av.open(str(tmp_path / preview.NAME)) as file:
        first = next(file.decode(video=0)).to_ndarray(format="bgr24").astype(int)
    small = cv2.resize(pictures[0], (240, 320), interpolation=cv2.INTER_AREA)
    assert np.abs(first - small).mean() < 6


def test_a_preview_that_can_not_be_written_is_left_out_and_the_video_goes_on(tmp_path: Path) -> None:
    (tmp_path / preview.NAME).symlink_to("/dev/full")
    assert drawn(tmp_path / "result.mp4", list(clips.moving(90, width=480, height=640))) == 90
    assert not (tmp_path / preview.NAME).is_symlink()


def test_a_video_that_comes_to_nothing_leaves_no_preview(tmp_path: Path) -> None:
    pictures = [*clips.moving(10, width=480, height=640), np.zeros((2, 2), np.uint8)]
    with pytest.raises(cv2.error):
        drawn(tmp_path / "result.mp4", pictures)
    assert not (tmp_path / preview.NAME).exists()


def test_what_is_no_video_has_none(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_text("Dear diary")
    with pytest.raises(InvalidInput):
        preview.make(tmp_path / "video.mp4", tmp_path / preview.NAME)

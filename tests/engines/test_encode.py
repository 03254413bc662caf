"""The encoder works beside the drawing: what it makes, and what happens when one of the two fails."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from jobs.engines.local.files.encode import Encoder
from jobs.engines.local.files.soundtrack import Soundtrack, Voice
from jobs.engines.local.shapes import Planes
from tests.engines import samples


def encoder(folder: Path) -> Encoder:
    sound = Soundtrack([Voice(samples.write_voice(folder / "voice.wav", 1))])
    return Encoder(folder / "result.mp4", 64, 48, Fraction(25), sound)


def grey(level: int) -> Planes:
    return Planes(np.full((48, 64), level, np.uint8), np.full((24, 32, 2), 128, np.uint8))


def write_all(writing: Encoder, frames: int, then: type[BaseException] | None = None) -> None:
    with writing:
        for _ in range(frames):
            writing.write(grey(100))
        if then:
            raise then


def test_planes_may_be_drawn_over_once_they_are_written(tmp_path: Path) -> None:
    planes = grey(0)
    with encoder(tmp_path) as writing:
        for number in range(25):
            planes.luma[:] = 40 + 6 * number
            writing.write(planes)
    with av.open(str(tmp_path / "result.mp4")) as file:
        levels = [float(frame.to_ndarray(format="gray").mean()) for frame in file.decode(video=0)]
    assert len(levels) == 25
    assert all(earlier < later for earlier, later in pairwise(levels))


def test_what_fails_while_encoding_is_raised_to_who_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing = encoder(tmp_path)

    def fail(until_seconds: float) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(writing, "_write_sound", fail)
    with pytest.raises(OSError, match="no space left"):
        write_all(writing, 100)


def test_who_fails_while_drawing_does_not_wait_for_the_encoder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_all(encoder(tmp_path), 1, then=KeyboardInterrupt)

"""A source that is too small for the resolution that is asked for."""

from pathlib import Path

import pytest

from jobs import lifecycle
from jobs.engines.local import photo
from jobs.lifecycle import Order, sizes
from jobs.media import Draft
from jobs.media.probe import Facts
from jobs.models import MediaKind, User
from jobs.models.job import Model
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine


@pytest.mark.parametrize("resolution", [480, 720])
@pytest.mark.parametrize("size", [(300, 400), (1280, 960), (240, 240), (359, 801), (100, 3)])
def test_the_size_of_a_video_is_known_before(size: tuple[int, int], resolution: int) -> None:
    assert sizes.enlarged(*size, resolution) == photo.video_size(*size, resolution)


@pytest.mark.parametrize(
    ("size", "resolution", "warned"),
    [((300, 400), 720, "600 × 800"), ((300, 400), 480, ""), ((360, 500), 720, ""), ((200, 200), 480, "400 × 400")],
)
def test_a_small_picture_is_warned_of(size: tuple[int, int], resolution: int, warned: str) -> None:
    face = Draft(Path("x"), "face.png", "", Facts(MediaKind.IMAGE, None, *size))
    voice = Draft(Path("x"), "voice.wav", "", Facts(MediaKind.AUDIO, 3.0))

    notes = lifecycle.warnings(Order(Model.IMAGE, {"image": face, "audio": voice}, resolution))

    said = [note.message.format(**note.params) for note in notes]
    sentence = (
        f"The picture is too small for {resolution}p: the video gets {warned} pixels, at the price of {resolution}p."
    )
    assert said == ([sentence] if warned else [])


def test_a_small_result_is_said_with_the_job(alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> None:
    job = make_job(alice, resolution=720)
    fake_engine.acts = engine.succeed

    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.warnings[-1].startswith("The picture is too small for 720p: the video gets 480 × 640 pixels")

"""What a video's own mouth does: its jaw follows what the chin shows, its place does not follow the speech."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jobs.engines.local import photo
from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.faces.tracking import Landmarks, Shot, Watched
from jobs.engines.local.landmarks import CHIN_PAD, LOWER_INNER, LOWER_OUTER
from jobs.engines.local.mouths import talk
from jobs.engines.local.mouths.warp import CHIN_FALLS
from jobs.engines.local.shapes import F64
from tests.engines import samples

FRAMES, FPS = 150, 25
SECONDS = np.arange(FRAMES) / FPS
LOWER_LIP = [*LOWER_INNER[1:-1], *LOWER_OUTER[1:-1]]


Spoken = Callable[[F64, F64], talk.Talk]


@pytest.fixture
def spoken(tmp_path: Path) -> Spoken:
    """The bundled face with its lower lip and its chin so far down (S) in each frame; not seen from 60 to 64."""
    (face,) = photo.look(samples.FACE, 480).speakers
    scale = face_frame(face).axes[:, 1]
    presence = np.ones(FRAMES)
    presence[60:65] = 0

    def measured(lip: F64, chin: F64) -> talk.Talk:
        points = np.repeat(face[None], FRAMES, 0)
        points[:, LOWER_LIP, :2] += lip[:, None, None] * scale
        points[:, list(CHIN_PAD), :2] += chin[:, None, None] * scale
        points[60:65] = 0
        landmarks = Landmarks(tmp_path)
        landmarks.append(points.astype(np.float32))
        return talk.measure(Watched(landmarks, (Shot(0, FRAMES),), presence))

    return measured


def test_the_jaw_is_where_the_chin_is_whatever_the_lips_do(spoken: Spoken) -> None:
    """Syllables that the chin makes and the lips do not, and the other way round."""
    syllables = 0.03 * np.sin(2 * np.pi * 4 * SECONDS)
    chin_alone, lips_alone = spoken(np.zeros(FRAMES), syllables), spoken(0.06 + syllables, np.zeros(FRAMES))
    calm = slice(75, 120)
    expected = (1 + talk.UNDER_READ) * syllables / CHIN_FALLS
    assert np.abs(chin_alone.jaw - expected)[calm].max() < 0.01
    assert np.ptp(lips_alone.jaw[calm]) < 0.3 * np.ptp(syllables)


def test_a_mouth_that_stays_open_has_an_open_jaw(spoken: Spoken) -> None:
    """However it is held: what the chin shows slowly can be a nod."""
    held = spoken(np.full(FRAMES, 0.1), np.full(FRAMES, 0.05))
    expected = (1 + talk.UNDER_READ) * talk.CHIN_OF_GAP * held.gap / CHIN_FALLS
    seen = np.r_[5:55, 70:145]
    assert held.jaw[seen] == pytest.approx(expected[seen], abs=0.002)


def test_the_mouths_place_does_not_follow_its_speech(spoken: Spoken) -> None:
    still, speaking = (
        spoken(np.zeros(FRAMES), np.zeros(FRAMES)),
        spoken(0.05 + 0.05 * np.sin(2 * np.pi * 5 * SECONDS), np.zeros(FRAMES)),
    )
    assert np.ptp(speaking.line_y[10:140]) < 0.003
    assert speaking.centre_x == pytest.approx(still.centre_x, abs=1e-6)


def test_where_the_face_is_not_seen_nothing_is_measured_but_its_place_is_kept(spoken: Spoken) -> None:
    speaking = spoken(np.full(FRAMES, 0.1), np.full(FRAMES, 0.05))
    assert not speaking.gap[60:65].any()
    assert not speaking.jaw[60:65].any()
    assert speaking.line_y[60:65] == pytest.approx(speaking.line_y[59], abs=1e-3)

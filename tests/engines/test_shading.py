"""The light round the mouth: what each pose changes, and nothing at rest or outside the picture."""

from dataclasses import replace

import numpy as np
import pytest

from jobs.engines.local.frames import raster, shading
from jobs.engines.local.mouths import mouth
from jobs.engines.local.shapes import F64, FaceFrame, MouthPose, MouthShape, Planes
from tests.engines.mouths import landmarks

WIDTH, HEIGHT = 240, 320
FRAME = FaceFrame(np.array([120.0, 160.0]), np.eye(2) * 100, 100.0)


def shape(pose: MouthPose) -> MouthShape:
    return mouth.shape(mouth.at_rest(landmarks()), pose)


def grey(luma: int) -> Planes:
    return Planes(np.full((HEIGHT, WIDTH), luma, np.uint8), np.full((HEIGHT // 2, WIDTH // 2, 2), 128, np.uint8))


def shaded(pose: MouthPose, frame: FaceFrame = FRAME) -> tuple[Planes, Planes]:
    """An even grey picture, before and after."""
    before = grey(120)
    after = Planes(before.luma.copy(), before.chroma.copy())
    shading.shade(after, shape(pose), frame)
    return before, after


def light_at(planes: Planes, place: F64) -> int:
    x, y = FRAME.to_pixels(place).round().astype(int)
    return int(planes.luma[y, x])


@pytest.mark.parametrize("pose", [MouthPose(), MouthPose(opening=1), MouthPose(width=0.9), MouthPose(tongue=1, tuck=1)])
def test_a_pose_without_these_leaves_the_light_alone(pose: MouthPose) -> None:
    before, after = shaded(pose)
    assert shading.spots(shape(pose)) == []
    assert np.array_equal(before.luma, after.luma)


def test_rounded_lips_shine_above_a_darker_hollow() -> None:
    pose = MouthPose(opening=0.3, rounding=1, width=0.85)
    before, after = shaded(pose)
    lips = shape(pose).lips
    assert light_at(after, 0.5 * (lips.lower_inner[5] + lips.lower_outer[5])) > 124
    assert light_at(after, lips.lower_outer[5] + np.array([0, shading.HOLLOW_BELOW])) < 112
    assert np.array_equal(before.chroma, after.chroma)


def test_spread_lips_fold_the_skin_beside_both_corners() -> None:
    pose = MouthPose(opening=0.2, width=1 + shading.SPREAD)
    _, after = shaded(pose)
    lips = shape(pose).lips
    for corner, side in ((lips.upper_outer[0], -1), (lips.upper_outer[-1], 1)):
        assert light_at(after, corner + np.array([side * shading.FOLD_BESIDE, -shading.FOLD_ABOVE])) < 115


def test_shade_grows_with_the_pose_and_fades_without_an_edge() -> None:
    changes = []
    for amount in (0.25, 0.5, 1.0):
        before, after = shaded(MouthPose(rounding=amount))
        changes.append(np.abs(after.luma.astype(int) - before.luma))
    assert changes[0].sum() < changes[1].sum() < changes[2].sum()
    for axis in (0, 1):
        assert np.abs(np.diff(changes[2], axis=axis)).max() <= 4


@pytest.mark.parametrize("corner", [(0.0, 0.0), (WIDTH, HEIGHT), (-80.0, 160.0), (120.0, -300.0)])
def test_a_mouth_at_the_border_or_outside_of_the_picture_is_no_trouble(corner: tuple[float, float]) -> None:
    shaded(MouthPose(rounding=1, press=1, width=1.1), replace(FRAME, origin=np.array(corner)))


def test_black_stays_black() -> None:
    planes = Planes(
        np.full((HEIGHT, WIDTH), raster.LUMA_ZERO, np.uint8), np.zeros((HEIGHT // 2, WIDTH // 2, 2), np.uint8)
    )
    shading.shade(planes, shape(MouthPose(rounding=1)), FRAME)
    assert (planes.luma == raster.LUMA_ZERO).all()

"""Who is who: the same person from near and far, upright or leaning; another one is another."""

import cv2
import numpy as np
import pytest

from jobs.engines.local.faces import likeness
from jobs.engines.local.faces.face import FaceFinder
from jobs.engines.local.faces.likeness import KEPT_LOOKS, SAME_PERSON, Look, Person, look_at
from jobs.engines.local.shapes import U8
from tests.engines import clips

SEEN_AS = {
    "smaller": {"width": 160, "height": 200},
    "larger": {"width": 480, "height": 600},
    "nearer": {"zoom": 1.3},
    "further away": {"zoom": 0.6},
    "leaning": {"degrees": 12.0},
    "aside": {"centre": (0.6, 0.55)},
}


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def look(finder: FaceFinder, picture: U8) -> Look:
    (points,) = finder.find(picture)
    return look_at(picture, points)


@pytest.fixture(scope="module")
def known(finder: FaceFinder) -> Look:
    return look(finder, clips.placed(clips.portrait()))


@pytest.mark.parametrize("name", SEEN_AS)
def test_the_same_person_is_known_again(name: str, finder: FaceFinder, known: Look) -> None:
    seen = look(finder, clips.placed(clips.portrait(), **SEEN_AS[name]))  # type: ignore[arg-type]
    assert likeness.difference(known, seen) < SAME_PERSON / 2


@pytest.mark.parametrize("brightness", [0.8, 1.2])
def test_a_little_more_or_less_light_makes_nobody_else(brightness: float, finder: FaceFinder, known: Look) -> None:
    lit = np.asarray(cv2.convertScaleAbs(clips.placed(clips.portrait()), alpha=brightness), np.uint8)
    assert likeness.difference(known, look(finder, lit)) < SAME_PERSON


def test_another_person_is_another(finder: FaceFinder, known: Look) -> None:
    assert likeness.difference(known, look(finder, clips.another(clips.placed(clips.portrait())))) > 1.3 * SAME_PERSON


def test_a_difference_is_the_same_both_ways_and_nothing_from_itself(finder: FaceFinder, known: Look) -> None:
    other = look(finder, clips.another(clips.placed(clips.portrait())))
    assert likeness.difference(known, other) == pytest.approx(likeness.difference(other, known), rel=1e-3)
    assert likeness.difference(known, known) == pytest.approx(0, abs=1e-6)


def test_a_look_has_the_shapes_that_it_says(known: Look) -> None:
    assert (known.bones.shape, known.edges.shape, known.colours.shape) == ((47, 3), (1764,), (8, 8, 3))
    assert np.sqrt((known.bones**2).sum()) == pytest.approx(1)
    assert np.linalg.norm(known.edges) == pytest.approx(1, abs=1e-5)


def test_a_face_at_the_border_can_be_looked_at(finder: FaceFinder, known: Look) -> None:
    half_out = clips.placed(clips.portrait(), (0.2, 0.3))
    (points,) = finder.find(half_out)
    assert np.isfinite(likeness.difference(known, look_at(half_out, points)))


def changed(known: Look, amount: float) -> Look:
    return Look(known.bones, known.edges, (known.colours + likeness.COLOURS_SCALE * amount).astype(np.float32))


def test_the_nearest_of_all_remembered_looks_counts(known: Look) -> None:
    person = Person(known)
    dusk = changed(known, 3)
    assert person.difference(dusk) == pytest.approx(3, abs=1e-3)
    person.remember(dusk)
    assert person.difference(dusk) == pytest.approx(0, abs=1e-5)
    assert person.difference(known) == pytest.approx(0, abs=1e-5)
    assert person.difference(changed(known, 2)) == pytest.approx(1, abs=1e-3)


def test_what_is_known_already_takes_no_place(known: Look) -> None:
    """Many looks alike, then as many new ones as there are places."""
    person = Person(known)
    for _ in range(3 * KEPT_LOOKS):
        person.remember(changed(known, SAME_PERSON / 8))
    for number in range(1, 2 * KEPT_LOOKS):
        person.remember(changed(known, number))
    assert person.difference(changed(known, KEPT_LOOKS - 1)) == pytest.approx(0, abs=1e-3)
    assert person.difference(changed(known, KEPT_LOOKS + 1)) == pytest.approx(2, abs=1e-3)

"""The proof: what it calls late, open or missing is so."""

from pathlib import Path

import numpy as np
import pytest

from jobs.engines.local import measure
from jobs.engines.local.shapes import F64, Phone
from tests.engines import samples

FPS = 25
RANDOM = np.random.default_rng(9)


def opening(frames: int = 200) -> F64:
    """A mouth that opens and closes irregularly; closed at 50 to 54."""
    speaking = np.convolve(RANDOM.uniform(0, 1, frames + 4), np.ones(5) / 5, "valid")
    speaking[50:55] = 0
    return np.asarray(speaking)


def test_a_mouth_that_follows_correlates() -> None:
    intended = opening()
    report = measure.compare(0.01 + 0.2 * intended, intended, (), FPS)
    assert report.correlation == pytest.approx(1)
    assert (report.lag_frames, report.frames, report.missing, report.closures) == (0, 200, 0, ())
    assert report.gap_when_closed == pytest.approx(0.01)
    assert report.wide_gap == pytest.approx(float(np.percentile(0.01 + 0.2 * intended, 90)))


@pytest.mark.parametrize("lag", [-3, 2])
def test_lips_that_are_late_are_found_out(lag: int) -> None:
    intended = opening()
    report = measure.compare(np.roll(intended, lag), intended, (), FPS)
    assert report.lag_frames == lag
    assert report.best_correlation > report.correlation + 0.1


def test_a_mouth_that_does_not_follow_does_not_correlate() -> None:
    intended = opening()
    assert abs(measure.compare(opening(), intended, (), FPS).correlation) < 0.5


def test_frames_without_a_face_are_counted_and_left_out() -> None:
    intended = opening()
    measured = intended.copy()
    measured[100:110] = np.nan
    report = measure.compare(measured, intended, (), FPS)
    assert (report.frames, report.missing) == (200, 10)
    assert report.correlation == pytest.approx(1)


def test_the_shorter_of_both_counts() -> None:
    assert measure.compare(opening(190), opening(200), (), FPS).frames == 190


def test_closures_are_measured_within_two_frames() -> None:
    measured = np.full(100, 0.1)
    measured[52] = 0.005
    phones = tuple(
        Phone(name, start, start + 0.04) for name, start in (("M", 2.0), ("P", 1.0), ("AA", 2.0), ("B", 2.15))
    )
    closures = measure.compare(measured, opening(100), phones, FPS).closures
    assert [(one.phone.name, one.closed) for one in closures] == [("M", True), ("P", False), ("B", True)]
    assert [one.gap for one in closures] == pytest.approx([0.005, 0.1, 0.005])


def test_a_closure_that_was_not_seen_is_none() -> None:
    (closure,) = measure.compare(
        np.r_[np.full(20, np.nan), opening(80)], opening(100), (Phone("M", 0.3, 0.4),), FPS
    ).closures
    assert not closure.closed


def test_phone_times_are_read(tmp_path: Path) -> None:
    path = tmp_path / "phones.txt"
    path.write_text("0.000 0.150 SIL\n\n0.150 0.243 hh\n")
    assert measure.read_phones(path) == (Phone("SIL", 0, 0.15), Phone("HH", 0.15, 0.243))
    assert len(measure.read_phones(samples.PHONES)) == 75

"""The proof: what it calls late, open, trembling, changed or missing is so."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from jobs.engines.local import photo
from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.landmarks import LOWER_INNER
from jobs.engines.local.measuring import closures, expected, following, jitter, mesh, offset, result, sheet, untouched
from jobs.engines.local.measuring.expected import Speaker
from jobs.engines.local.shapes import F64, Bools, MouthTrack, Phone, Planes
from tests.engines import samples

FPS = 25


def opening(frames: int = 200, seed: int = 9) -> F64:
    """A mouth that opens and closes irregularly; closed at 50 to 54."""
    speaking = np.convolve(np.random.default_rng(seed).uniform(0, 1, frames + 4), np.ones(5) / 5, "valid")
    speaking[50:55] = 0
    return np.asarray(speaking)


# --- Following -------------------------------------------------------------------------


def test_a_mouth_that_follows_correlates() -> None:
    intended = opening()
    followed = following.follow(0.01 + 0.2 * intended, intended)
    assert followed.correlation == pytest.approx(1)
    assert followed.lag_frames == 0


@pytest.mark.parametrize("lag", [-3, 2])
def test_lips_that_are_late_are_found_out(lag: int) -> None:
    intended = opening()
    followed = following.follow(np.roll(intended, lag), intended)
    assert followed.lag_frames == lag
    assert followed.best_correlation > followed.correlation + 0.1


def test_a_mouth_that_does_not_follow_does_not_correlate() -> None:
    assert abs(following.follow(opening(), opening(seed=10)).correlation) < 0.5


def test_frames_without_a_face_are_left_out() -> None:
    intended = opening()
    measured = intended.copy()
    measured[100:110] = np.nan
    assert following.follow(measured, intended).correlation == pytest.approx(1)


def test_the_shorter_of_both_counts() -> None:
    intended = opening()
    assert following.follow(intended[:190], intended).correlation == pytest.approx(1)


@pytest.mark.parametrize("gap", [np.full(200, np.nan), np.full(200, 0.1)])
def test_a_mouth_never_seen_or_never_moving_follows_nothing(gap: F64) -> None:
    followed = following.follow(gap, opening())
    assert np.isnan(followed.correlation)
    assert followed.lag_frames == 0


# --- Closures --------------------------------------------------------------------------


def test_only_frames_meant_to_be_closed_count() -> None:
    intended, gap = opening(), np.full(200, 0.2)
    gap[50:55] = (0.01, 0.01, 0.01, 0.05, np.nan)
    closed = closures.when_intended(gap, intended)
    assert closed.frames == 4
    assert closed.median == pytest.approx(0.01)
    assert 0.01 < closed.p95 < 0.05
    assert closures.when_intended(gap, intended + 1).frames == 0


def test_a_sources_own_closed_lips_are_its_least_open_ones() -> None:
    talking = np.r_[np.full(90, 0.1), np.linspace(0.004, 0.012, 11), np.full(9, np.nan)]
    assert closures.own(talking) == pytest.approx(0.0076, abs=0.0005)
    assert closures.own(np.array([0.009])) == pytest.approx(0.009)


@pytest.mark.parametrize("gap", [np.full(80, 0.05), np.array([0.11]), np.full(80, np.nan), np.array([])])
def test_lips_that_never_touch_or_are_never_seen_have_no_closed_reading(gap: F64) -> None:
    assert np.isnan(closures.own(gap))


def test_closures_are_measured_within_two_frames() -> None:
    measured = np.full(100, 0.1)
    measured[52] = 0.005
    phones = tuple(
        Phone(name, start, start + 0.04) for name, start in (("M", 2.0), ("P", 1.0), ("AA", 2.0), ("B", 2.15))
    )
    found = closures.at_phones(measured, phones, FPS)
    assert [(one.phone.name, one.closed) for one in found] == [("M", True), ("P", False), ("B", True)]
    assert [one.gap for one in found] == pytest.approx([0.005, 0.1, 0.005])
    assert closures.by_chance(measured) == pytest.approx(0.05)


def test_a_closure_that_was_not_seen_is_none() -> None:
    (closure,) = closures.at_phones(np.r_[np.full(20, np.nan), opening(80)], (Phone("M", 0.3, 0.4),), FPS)
    assert not closure.closed


def test_phone_times_are_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "voice.phones.txt"
    path.write_text("0.000 0.150 SIL\n\n0.150 0.243 hh\n")
    known = (Phone("SIL", 0, 0.15), Phone("HH", 0.15, 0.243))
    assert closures.read_phones(path) == known
    closures.write_phones(path, known)
    assert closures.phones_beside(tmp_path / "voice.wav") == known
    assert closures.phones_beside(tmp_path / "other.wav") == ()
    assert len(closures.read_phones(samples.PHONES)) == 75


# --- Trembling -------------------------------------------------------------------------


def moving_face(frames: int = 60) -> F64:
    """(frames, 478, 2) gliding evenly: no trembling at all."""
    return np.zeros((frames, 478, 2)) + np.arange(frames)[:, None, None] * 0.01


def resting(frames: int = 60) -> Bools:
    return np.ones(frames, bool)


def test_a_face_that_glides_does_not_tremble_and_one_that_hops_does() -> None:
    assert jitter.jitter(moving_face(), resting()).lips == pytest.approx(0)
    hopping = moving_face()
    hopping[::2, :, 1] += 0.01
    trembles = jitter.jitter(hopping, resting())
    assert [trembles.lips, trembles.chin] == pytest.approx([0.02, 0.02])


def test_trembling_counts_only_at_rest() -> None:
    hopping, rests = moving_face(), resting()
    hopping[20:40:2, :, 1] += 0.01
    rests[17:43] = False
    assert jitter.jitter(hopping, rests).lips == pytest.approx(0)
    assert np.isnan(jitter.jitter(hopping, ~resting()).lips)


def test_one_hop_of_the_mesh_is_no_trembling() -> None:
    hopping = moving_face()
    hopping[30, :, 1] += 0.1
    assert jitter.jitter(hopping, resting()).lips == pytest.approx(0)


def test_a_source_rests_where_it_hardly_moves() -> None:
    gap = np.r_[np.full(30, 0.01), 0.1 + 0.1 * np.sin(np.arange(30) / 3), np.full(30, 0.2)]
    gap[80:] = np.nan
    rests = jitter.rests_by_itself(gap)
    assert rests[5:25].all()
    assert rests[66:80].all()
    assert rests[35:55].mean() < 0.4
    assert not rests[80:].any()


def test_a_rest_after_the_voice_counts_for_the_trembling_alone() -> None:
    """A mouth that does as it should while it speaks, and gapes and trembles in the rest."""
    spoken, rest = 60, 40
    intended = np.concatenate([np.tile([0.6, 0.5, 0.4, 0.3, 0.2, 0.1], spoken // 6), np.zeros(rest)])
    gap = np.where(np.arange(spoken + rest) < spoken, 0.2 * intended, 0.1 + 0.02 * (np.arange(spoken + rest) % 2))
    (face,) = photo.look(samples.FACE, 240).speakers
    points = np.repeat(face[None], len(gap), 0)
    points[:, list(LOWER_INNER[1:-1]), 1] += gap[:, None] * face_frame(face).scale
    poses = np.zeros((len(gap), 8))
    poses[:, 0] = intended
    speaker = Speaker("audio", MouthTrack(poses, np.zeros(len(gap))), list(points))
    apart, together = (result.numbers(speaker, points, face[None], frames) for frames in (rest, 0))
    assert apart["correlation"] > 0.99 > together["correlation"]
    assert np.isnan(apart["closed_median"])
    assert together["closed_median"] > 0.05
    assert apart["lips_jitter"] == together["lips_jitter"] > 0.01


# --- Lips and sound --------------------------------------------------------------------


@pytest.mark.parametrize("late", [-0.08, 0.0, 0.05])
def test_how_late_lips_are_is_told_in_seconds(late: float) -> None:
    wanted = np.convolve(np.random.default_rng(9).uniform(0, 1, 840), np.ones(41) / 41, "valid")
    gap = np.interp((np.arange(200) + 0.5) / FPS - late, np.arange(800) / 100, wanted)
    assert offset.lips_late_by(gap, FPS, wanted) == pytest.approx(late, abs=0.012)


def test_lips_never_seen_are_not_late() -> None:
    assert np.isnan(offset.lips_late_by(np.full(200, np.nan), FPS, np.ones(800)))


def write_clip(path: Path, sound_starts: float) -> Path:
    """A second of grey with a tone that begins later than the picture by the file's timestamps."""
    with av.open(str(path), "w", format="matroska") as file:
        picture: Any = file.add_stream("libx264", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound: Any = file.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for number in range(FPS):
            frame = VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(picture.encode(frame))
        file.mux(picture.encode(None))
        tone = AudioFrame.from_ndarray(np.full((1, 8000), 900, np.int16), format="s16", layout="mono")
        tone.sample_rate, tone.pts, tone.time_base = 16_000, round(sound_starts * 16_000), Fraction(1, 16_000)
        file.mux(sound.encode(tone))
        file.mux(sound.encode(None))
    return path


def test_the_files_own_timestamps_are_believed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip", 0.2)
    assert offset.sound_begins(clip) == pytest.approx(0.2, abs=0.002)
    wanted = offset.opening_by_phones((Phone("SIL", 0, 0.3), Phone("AA", 0.3, 0.5), Phone("SIL", 0.5, 1)), clip)
    assert np.isnan(wanted[:20]).all()
    assert int(np.nanargmax(wanted)) == pytest.approx(60, abs=2)


# --- What is left alone ----------------------------------------------------------------


def planes(width: int = 40, height: int = 30) -> Planes:
    return Planes(np.full((height, width), 90, np.uint8), np.full((height // 2, width // 2, 2), 128, np.uint8))


def test_a_changed_pixel_out_of_reach_is_found_and_one_within_is_not() -> None:
    outside = np.ones((30, 40), bool)
    outside[10:20, 10:20] = False
    one, other = planes(), planes()
    other.luma[12, 12], other.chroma[6, 6] = 0, 0
    assert untouched.compare([(one, other, outside)]).changed == 0
    other.luma[9, 12] = 97
    found = untouched.compare([(one, other, outside)])
    assert (found.changed > 0, found.most) == (True, 7)
    other.chroma[0, 0, 1] = 0
    assert untouched.compare([(one, other, outside)]).most == 128


def test_the_mouths_reach_is_an_ellipse_round_it() -> None:
    (points,) = photo.look(samples.FACE, 240).speakers
    outside = untouched.out_of_reach([points], 240, 300)
    frame = face_frame(points)

    def is_out(x: float, y: float) -> bool:
        column, row = frame.to_pixels(np.array([x, y])).round().astype(int)
        return bool(outside[row, column])

    assert not is_out(0, 0.3)
    assert not is_out(0.8, 0.3)
    assert is_out(0, -0.6)
    assert outside[0].all()
    assert outside[:, 0].all()


def test_the_widest_poses_are_taken_in_order() -> None:
    poses = np.zeros((5, 7))
    poses[:, 0] = (0.1, 0.9, 0.2, 0.8, 0)
    track = untouched.most_open(MouthTrack(poses, np.arange(5.0)), 2)
    assert track.opening.tolist() == [0.9, 0.8]
    assert track.loudness.tolist() == [1, 3]


# --- Looking ---------------------------------------------------------------------------


def test_a_face_is_measured_where_it_is_expected_and_nowhere_else() -> None:
    scene = photo.look(samples.FACE, 240)
    (points,) = scene.speakers
    elsewhere = points + np.array([0, -140, 0])
    landmarks = mesh.watch([scene.picture] * 3, [[points, None, points], [elsewhere] * 3])
    assert landmarks.shape == (2, 3, 478, 3)
    assert [mesh.known(found) for found in landmarks[0]] == [True, False, True]
    assert not any(mesh.known(found) for found in landmarks[1])
    gap = mesh.gaps(landmarks[0])
    assert gap[0] == pytest.approx(0, abs=closures.CLOSED_GAP)
    assert np.isnan(gap[1])


def test_a_neighbours_face_is_not_taken_for_it() -> None:
    (points,) = photo.look(samples.FACE, 240).speakers
    width = float(np.ptp(points[:, 0]))
    assert mesh.same_face(points + np.array([0.2 * width, 0, 0]), points)
    assert not mesh.same_face(points + np.array([width, 0, 0]), points)
    assert not mesh.same_face((points - points.mean(0)) * 2 + points.mean(0), points)


def test_two_speakers_have_a_track_each(tmp_path: Path) -> None:
    voice = samples.write_voice(tmp_path / "voice.wav", 1.0)
    picture = photo.look(samples.FACE, 240).picture
    two = tmp_path / "two.png"
    cv2.imwrite(str(two), np.concatenate([picture, picture], 1))
    sources = {"image": two, "left_audio": voice, "right_audio": voice}
    _, (left, right) = expected.in_picture(sources, 240, "right_left")
    assert (left.side, right.side) == ("left", "right")
    assert (right.starts, left.starts > 0.9) == (0, True)
    assert len(left.track) == len(right.track) == len(left.anchors)
    assert left.track.opening[:20].max() == 0


# --- The sheet -------------------------------------------------------------------------


def test_peaks_are_the_highest_and_some_frames_apart() -> None:
    values = np.zeros(40)
    values[[5, 6, 20, 30]] = (0.8, 0.9, 0.5, 0.7)
    assert sheet.peaks(values, 2, 0.1) == [6, 30]
    assert sheet.peaks(values, 9, 0.1) == [6, 20, 30]
    assert sheet.peaks(values, 2, 0.95) == []


def test_a_sheet_shows_what_was_chosen() -> None:
    scene = photo.look(samples.FACE, 240)
    (points,) = scene.speakers
    poses = np.zeros((30, 7))
    poses[10, 0], poses[20, 6], poses[25, 5] = 0.9, 1, 1
    chosen = sheet.tiles(MouthTrack(poses, np.zeros(30)), poses[:, 0] * 0.2)
    close = [tile for tile in chosen if tile.close]
    assert len(chosen) - len(close) == sheet.EVEN
    assert [tile.frame for tile in close if "widest" in tile.caption] == [10]
    assert [tile.frame for tile in close if "M B P" in tile.caption] == [20]
    assert [tile.frame for tile in close if "F V" in tile.caption] == [25]
    landmarks = np.repeat(points[None], 30, 0)
    landmarks[5:] = np.nan  # an absent face is cut where it was last
    drawn = sheet.draw([scene.picture] * 30, landmarks, chosen)
    rows = -(-len(chosen) // sheet.ACROSS)
    assert drawn.shape == (rows * (sheet.TILE + sheet.CAPTION), sheet.ACROSS * sheet.TILE, 3)

"""The movement: whatever is heard, the mouth stays possible, closes for M, B and P, and is shut in silence."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jobs.engines.local.shapes import F64, FEATURE_RATE_HZ, MouthPose, MouthTrack, Phone, VoiceFeatures
from jobs.engines.local.voice import timing
from jobs.engines.local.voice.timing import CLOSED_OPENING, MAX_OPENING, Movement, frame_count, mouth_track
from jobs.engines.local.voice.visemes import BILABIALS, SILENCE, VISEMES

SOME = settings(max_examples=80, deadline=None, database=None)
RATES = st.sampled_from([10.0, 12.0, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 60.0])
OPENING, WIDTH = timing.OPENING, timing.WIDTH

Heard = tuple[tuple[Phone, ...], VoiceFeatures, float]


def steady(seconds: float, loudness: float = 1.0, jaw: float = 0.5, spread: float = 0.0) -> VoiceFeatures:
    count = int(seconds * FEATURE_RATE_HZ) + 1
    return VoiceFeatures(np.full(count, loudness), np.full(count, jaw), np.full(count, spread))


def in_a_row(*spoken: tuple[str, float]) -> tuple[Phone, ...]:
    """Phones of these lengths in seconds, one after the other."""
    ends = np.cumsum([length for _, length in spoken])
    return tuple(Phone(name, float(end - length), float(end)) for (name, length), end in zip(spoken, ends, strict=True))


@st.composite
def heard(draw: st.DrawFn) -> Heard:
    """Any phones (some of no known name), on whole decoder frames, with any features."""
    names = st.sampled_from([*VISEMES, "SIL", "M", "P", "+SPN+"])
    steps = draw(st.lists(st.tuples(names, st.integers(1, 40)), min_size=1, max_size=25))
    phones = []
    at = 0
    for name, length in steps:
        phones.append(Phone(name, at / FEATURE_RATE_HZ, (at + length) / FEATURE_RATE_HZ))
        at += length
    tail = draw(st.floats(0, 0.0099))
    seconds = max(0.3, at / FEATURE_RATE_HZ + tail)
    count = int(seconds * FEATURE_RATE_HZ) + 1

    def values(low: float, high: float) -> F64:
        return draw(arrays(np.float64, count, elements=st.floats(low, high), fill=st.floats(low, high)))

    return tuple(phones), VoiceFeatures(values(0, 1.15), values(0, 1), values(-1, 1)), seconds


def frames_near(phone: Phone, track: MouthTrack) -> slice:
    """The frames that show some of the phone, and one more on each side."""
    first, last = int(phone.start_seconds * track.fps) - 1, int(phone.end_seconds * track.fps) + 1
    return slice(max(0, first), last + 1)


# --- Whatever is heard -----------------------------------------------------------------


@SOME
@given(heard(), RATES)
def test_a_track_is_a_possible_mouth_in_each_frame(given: Heard, fps: float) -> None:
    phones, voice, seconds = given
    track = mouth_track(phones, voice, seconds, fps)
    assert len(track) == frame_count(seconds, fps) == max(1, round(seconds * fps))
    assert track.poses.shape == (len(track), 7)
    assert track.loudness.shape == (len(track),)
    assert np.isfinite(track.poses).all()
    opening, width, *others = track.poses.T
    assert 0 <= opening.min() <= opening.max() <= MAX_OPENING
    assert 0.6 <= width.min() <= width.max() <= 1.25
    assert -1e-9 <= np.min(others) <= np.max(others) <= 1 + 1e-9
    assert 0 <= track.loudness.min() <= track.loudness.max() <= 1.15 + 1e-9


@SOME
@given(heard(), RATES)
def test_every_m_b_and_p_closes_the_lips(given: Heard, fps: float) -> None:
    phones, voice, seconds = given
    track = mouth_track(phones, voice, seconds, fps)
    for phone in phones:
        if phone.name in BILABIALS:
            near = frames_near(phone, track)
            assert track.opening[near].min() <= CLOSED_OPENING
            if fps >= 20:
                assert track.poses[near, -1].max() > 0.3  # and presses them


@SOME
@given(heard())
def test_the_same_is_heard_the_same(given: Heard) -> None:
    phones, voice, seconds = given
    kept = [voice.loudness.copy(), voice.jaw.copy(), voice.spread.copy()]
    first, second = mouth_track(phones, voice, seconds), mouth_track(phones, voice, seconds)
    assert np.array_equal(first.poses, second.poses)
    assert all(map(np.array_equal, kept, (voice.loudness, voice.jaw, voice.spread)))


@SOME
@given(heard())
def test_a_silent_signal_closes_the_mouth(given: Heard) -> None:
    phones, voice, seconds = given
    silent = VoiceFeatures(np.zeros(len(voice)), voice.jaw, voice.spread)
    assert mouth_track(phones, silent, seconds).opening.max() == 0


# --- What is known ---------------------------------------------------------------------


def test_a_pause_closes_the_mouth() -> None:
    """Even in noise too loud to be silence."""
    phones = in_a_row(("AA", 0.4), (SILENCE, 0.6), ("AA", 0.4))
    voice = steady(1.4, loudness=0.2)
    voice.loudness[:40] = voice.loudness[100:] = 1
    opening = mouth_track(phones, voice, 1.4).opening
    assert opening[12:23].max() < 0.01
    assert opening[3:7].min() > 0.5
    assert opening[28:32].min() > 0.5


def test_a_loud_sound_that_is_no_phone_opens_it_all_the_same() -> None:
    assert mouth_track((Phone(SILENCE, 0, 1),), steady(1, loudness=1), 1).opening[5:20].min() > 0.2


def test_without_phones_the_signal_still_moves_the_mouth() -> None:
    assert mouth_track((), steady(1, jaw=1), 1).opening[5:20].min() > 0.3


@pytest.mark.parametrize(("wide", "narrow"), [("AA", "IY"), ("AE", "UW"), ("AH", "S")])
def test_open_vowels_are_more_open(wide: str, narrow: str) -> None:
    a, b = (mouth_track((Phone(name, 0, 1),), steady(1), 1).opening[12] for name in (wide, narrow))
    assert a > b + 0.1


def test_lips_are_round_for_uw_and_wide_for_iy() -> None:
    round_, spread = (mouth_track((Phone(name, 0, 1),), steady(1), 1)[12] for name in ("UW", "IY"))
    assert round_.rounding > 0.95
    assert spread.rounding < 0.05
    assert round_.width < 0.8 < 1.1 < spread.width


def test_the_lower_lip_tucks_under_the_teeth_for_f_and_the_tongue_shows_for_th() -> None:
    phones = in_a_row(("AA", 0.3), ("F", 0.12), ("AA", 0.3), ("TH", 0.12), ("AA", 0.3))
    tuck, tongue = mouth_track(phones, steady(1.14), 1.14).poses[:, [timing.TUCK, timing.TONGUE]].T
    assert abs(int(tuck.argmax()) - 0.36 * 25) <= 1.5
    assert abs(int(tongue.argmax()) - 0.78 * 25) <= 1.5
    assert tuck.max() > 0.7
    assert tongue.max() > 0.6


@pytest.mark.parametrize("hundredths", range(1, 100))
def test_a_phone_begins_in_its_own_step(hundredths: int) -> None:
    """Times are hundredths of a second, of which binary fractions fall a little short: 0.29 × 100 is less than 29."""
    phone = Phone("AA", hundredths / 100, (hundredths + 1) / 100)
    assert timing._steps(phone, 200) == slice(hundredths, hundredths + 1)


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.001, 25, 1), (0.3, 25, 8), (7.488, 25, 187), (2, 30, 60)])
def test_a_voice_gets_so_many_frames(seconds: float, fps: float, frames: int) -> None:
    assert frame_count(seconds, fps) == frames


# --- While the voice is still listened to --------------------------------------------------


@SOME
@given(heard(), RATES, st.lists(st.floats(0, 1), max_size=3))
def test_a_voice_heard_in_pieces_moves_the_mouth_as_heard_at_once(given: Heard, fps: float, cuts: list[float]) -> None:
    """Each pose from when it is known on."""
    phones, voice, seconds = given
    whole = mouth_track(phones, voice, seconds, fps).poses
    movement = Movement(voice, seconds, fps)
    at = [0, *sorted(round(cut * len(phones)) for cut in cuts), len(phones)]
    for first, last in pairwise(at):
        until = math.inf if last == len(phones) else (phones[last].start_seconds)
        movement.hear(phones[first:last], until)
        np.testing.assert_allclose(movement.poses[: movement.known], whole[: movement.known], atol=1e-9)
        assert movement.known >= min(len(whole), int((until - 0.3) * fps) if until < math.inf else len(whole))
    assert movement.known == len(whole)


@pytest.mark.parametrize(("fps", "starts"), [(30, 0.82), (30, 1.18), (50, 1.10), (60, 1.17)])
def test_a_closure_at_a_frames_edge_is_the_same_in_pieces(fps: float, starts: float) -> None:
    phones, voice = in_a_row(("AA", 0.63), ("AA", starts - 0.63), ("M", 0.1), ("AA", 2.9 - starts)), steady(3)
    movement = Movement(voice, 3, fps)
    movement.hear(phones[:1], 0.63)
    movement.hear(phones[1:], math.inf)
    np.testing.assert_allclose(movement.poses, mouth_track(phones, voice, 3, fps).poses, atol=1e-9)


def test_a_frame_as_long_as_a_second_keeps_the_closure_at_its_beginning() -> None:
    """Though the frame is known only from the next piece on."""
    phones, voice = in_a_row(("AA", 4.05), ("M", 0.15), ("AA", 3.8)), steady(8)
    movement = Movement(voice, 8, fps=1)
    movement.hear((*phones[:2], Phone("AA", 4.2, 5)), 5)
    assert movement.known == 4
    movement.hear((Phone("AA", 5, 8),), math.inf)
    np.testing.assert_allclose(movement.poses, mouth_track(phones, voice, 8, fps=1).poses, atol=1e-9)
    assert movement.poses[4, OPENING] <= CLOSED_OPENING


def growing(frames: int, by: int, asked: list[int]) -> MouthTrack:
    """A track of which `by` more frames are known each time that more are asked for; the opening counts them."""
    poses = np.zeros((frames, 7))

    def hear(frame: int) -> int:
        asked.append(frame)
        known = min(frames, (frame // by + 1) * by)
        poses[:known, 0] = np.arange(known) / frames
        return known

    return MouthTrack(poses, np.linspace(0, 1, frames), hear=hear)


def test_a_track_waits_for_the_frame_that_is_asked_for() -> None:
    asked: list[int] = []
    track = growing(20, 5, asked)
    assert track[7].opening == 7 / 20
    assert asked == [7]
    assert track.known(3) == 5
    assert track.whole().opening.tolist() == [frame / 20 for frame in range(20)]
    assert asked[-1] == 19


def test_a_track_put_into_a_longer_one_is_waited_for_in_its_time_only() -> None:
    asked: list[int] = []
    track = timing.placed(growing(20, 5, asked), start=10, total=40)
    assert len(track) == 40
    assert track.loudness[10:30].tolist() == np.linspace(0, 1, 20).tolist()
    assert track.known(0) == 10
    assert not asked
    assert track.known(12) == 15
    assert track[12].opening == 2 / 20
    assert track.known(29) == 40
    assert track[35] == MouthPose()
    assert max(asked) == 19

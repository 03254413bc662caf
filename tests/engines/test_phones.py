"""The ear, on the bundled voice: what it hears is what was said, when it was said."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local import measure
from jobs.engines.local.shapes import SPEECH_RATE_HZ, Phone
from jobs.engines.local.voice import phones
from jobs.engines.local.voice.phones import PIECE_SECONDS, STEP
from jobs.engines.local.voice.visemes import BILABIALS, SILENCE, VISEMES
from tests.engines import samples

SOME = settings(max_examples=30, deadline=None, database=None)
SAME = {"AX": "AH"}  # flite's schwa; the acoustic model knows but one

LEAST_AGREEMENT = 0.75  # of the time .82 was measured
LEAST_PIECEWISE = 0.70


@pytest.fixture(scope="module")
def said() -> list[Phone]:
    """What the voice was made from."""
    known = measure.read_phones(samples.PHONES)
    return [Phone(SAME.get(one.name, one.name), one.start_seconds, one.end_seconds) for one in known]


@pytest.fixture(scope="module")
def shares() -> list[float]:
    return []


@pytest.fixture(scope="module")
def heard(shares: list[float]) -> list[Phone]:
    return list(phones.hear(samples.voice(), shares.append))


def follow_one_another(some: list[Phone], seconds: float) -> bool:
    """In order, without gaps or overlaps, from the beginning to the last whole decoder frames."""
    starts, ends = [one.start_seconds for one in some], [one.end_seconds for one in some]
    assert starts[0] == 0
    assert seconds - 0.05 <= ends[-1] <= seconds
    assert all(one.end_seconds > one.start_seconds for one in some)
    return bool(np.allclose(starts[1:], ends[:-1], atol=1e-9))


def test_the_right_phones_are_heard_at_the_right_time(heard: list[Phone], said: list[Phone]) -> None:
    assert phones.agreement(heard, said) > LEAST_AGREEMENT


def test_shifted_by_a_tenth_of_a_second_they_would_not_agree(heard: list[Phone], said: list[Phone]) -> None:
    late = [Phone(one.name, one.start_seconds + 0.1, one.end_seconds + 0.1) for one in heard]
    assert phones.agreement(late, said) < 0.4


def test_every_closing_of_the_lips_is_heard(heard: list[Phone], said: list[Phone]) -> None:
    closings = [one for one in said if one.name in BILABIALS]
    found = [
        one
        for one in closings
        if any(
            other.name in BILABIALS
            and min(one.end_seconds, other.end_seconds) > max(one.start_seconds, other.start_seconds)
            for other in heard
        )
    ]
    assert len(closings) == 11
    assert len(found) >= 10


def test_phones_follow_one_another(heard: list[Phone]) -> None:
    assert follow_one_another(heard, len(samples.voice()) / SPEECH_RATE_HZ)


def test_each_phone_has_a_viseme(heard: list[Phone]) -> None:
    assert {one.name for one in heard} <= set(VISEMES)


def test_the_listener_is_told_when_all_is_heard(heard: list[Phone], shares: list[float]) -> None:
    assert heard
    assert shares == [1.0]


def test_a_long_voice_is_heard_in_pieces(said: list[Phone], monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of minutes would be; each cut costs some of the words around it."""
    monkeypatch.setattr(phones, "PIECE_SECONDS", (2, 3))
    told: list[float] = []
    heard = list(phones.hear(samples.voice(), told.append))
    assert phones.agreement(heard, said) > LEAST_PIECEWISE
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == 1
    between = [after.start_seconds - before.end_seconds for before, after in pairwise(heard)]
    assert min(between) >= -1e-9
    assert max(between) < 0.05


def test_the_shortest_recording_is_heard() -> None:
    """What it says of silence counts for nothing: the signal is not loud there."""
    assert follow_one_another(list(phones.hear(np.zeros(4800, np.int16))), 0.3)


# --- Pieces ----------------------------------------------------------------------------


@SOME
@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_pieces_cover_the_voice(tenths: int, seed: int) -> None:
    length = tenths * SPEECH_RATE_HZ // 2 + seed % 1000
    pcm = np.random.default_rng(seed).integers(-3000, 3000, length, np.int16)
    spans = list(phones.pieces(pcm))
    assert [start for start, _ in spans] == [0, *(stop for _, stop in spans[:-1])]
    assert spans[-1][1] == length
    assert all(stop - start <= PIECE_SECONDS[1] * SPEECH_RATE_HZ for start, stop in spans)
    assert all(start % STEP == 0 for start, _ in spans)


def test_a_cut_is_made_in_a_pause() -> None:
    pcm = np.random.default_rng(6).integers(-3000, 3000, 40 * SPEECH_RATE_HZ, np.int16)
    pcm[25 * SPEECH_RATE_HZ : 26 * SPEECH_RATE_HZ] = 0
    (_, cut), _ = phones.pieces(pcm)
    assert 25 <= cut / SPEECH_RATE_HZ <= 26


# --- Agreement -------------------------------------------------------------------------


def test_agreement_is_the_share_of_spoken_time() -> None:
    one = [Phone("AA", 0.0, 0.3), Phone(SILENCE, 0.3, 1.0)]
    assert phones.agreement(one, one) == 1
    assert phones.agreement(one, [Phone("AA", 0.0, 0.2), Phone("B", 0.2, 0.4)]) == pytest.approx(0.5)
    assert phones.agreement(one, []) == phones.agreement([], []) == 0
    assert phones.agreement([Phone(SILENCE, 0, 1)], [Phone(SILENCE, 0, 1)]) == 0

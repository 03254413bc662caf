"""The ear, on the bundled voice, which it did not learn from: what it hears is what was said, when it was said."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.measuring import closures
from jobs.engines.local.shapes import F32, FEATURE_RATE_HZ, SPEECH_RATE_HZ, Phone
from jobs.engines.local.voice import ear, listening, phones
from jobs.engines.local.voice.ear import BLOCK
from jobs.engines.local.voice.listening import FIRST_PIECE_SECONDS, PIECE_SECONDS
from jobs.engines.local.voice.phones import STEP
from jobs.engines.local.voice.visemes import BILABIALS, SILENCE, VISEMES
from jobs.engines.local.voice.words import Word
from tests.engines import samples
from tests.engines.samples import whole

SOME = settings(max_examples=30, deadline=None, database=None)
SAME = {"AX": "AH"}  # flite's schwa; the acoustic model knows but one

LEAST_AGREEMENT = 0.75  # of the time .80 was measured
LEAST_PIECEWISE = 0.65
LEAST_EAR_AGREEMENT = 0.55  # .62 was measured
LEAST_CLOSINGS, MOST_FALSE_CLOSINGS = 10, 2


@pytest.fixture(scope="module")
def said() -> list[Phone]:
    """What the voice was made from."""
    known = closures.read_phones(samples.PHONES)
    return [Phone(SAME.get(one.name, one.name), one.start_seconds, one.end_seconds) for one in known]


@pytest.fixture(scope="module")
def heard() -> list[Phone]:
    return list(listening.hear(samples.voice()))


def cut(monkeypatch: pytest.MonkeyPatch, *seconds: int) -> None:
    """Into pieces of these lengths, shortest and longest."""
    monkeypatch.setattr(listening, "FIRST_PIECE_SECONDS", seconds)
    monkeypatch.setattr(listening, "PIECE_SECONDS", seconds)


def agreement(some: list[Phone], others: list[Phone]) -> float:
    """The share of time, of that in which either hears a phone, for which both hear the same; 0 if neither does."""
    count = round(max((phone.end_seconds for phone in (*some, *others)), default=0) * FEATURE_RATE_HZ)
    names = np.full((2, count), SILENCE, dtype="U8")
    for row, spoken in zip(names, (some, others), strict=True):
        for phone in spoken:
            row[round(phone.start_seconds * FEATURE_RATE_HZ) : round(phone.end_seconds * FEATURE_RATE_HZ)] = phone.name
    anything = (names != SILENCE).any(0)
    return float((names[0] == names[1])[anything].mean()) if anything.any() else 0.0


def meets(one: Phone, others: list[Phone]) -> bool:
    """Whether the lips close in any of `others` at some time of this."""
    return any(
        other.name in BILABIALS
        and min(one.end_seconds, other.end_seconds) > max(one.start_seconds, other.start_seconds)
        for other in others
    )


def follow_one_another(some: list[Phone], seconds: float) -> bool:
    """In order, without gaps or overlaps, from the beginning to the last whole decoder frames."""
    starts, ends = [one.start_seconds for one in some], [one.end_seconds for one in some]
    assert starts[0] == 0
    assert seconds - 0.05 <= ends[-1] <= seconds
    assert all(one.end_seconds > one.start_seconds for one in some)
    return bool(np.allclose(starts[1:], ends[:-1], atol=1e-9))


def test_the_right_phones_are_heard_at_the_right_time(heard: list[Phone], said: list[Phone]) -> None:
    assert agreement(heard, said) > LEAST_AGREEMENT


def test_shifted_by_a_tenth_of_a_second_they_would_not_agree(heard: list[Phone], said: list[Phone]) -> None:
    late = [Phone(one.name, one.start_seconds + 0.1, one.end_seconds + 0.1) for one in heard]
    assert agreement(late, said) < 0.4


def test_closings_of_the_lips_are_heard_and_few_others(heard: list[Phone], said: list[Phone]) -> None:
    closings, claimed = ([one for one in some if one.name in BILABIALS] for some in (said, heard))
    assert len(closings) == 11
    assert sum(meets(one, heard) for one in closings) >= LEAST_CLOSINGS
    assert sum(not meets(one, said) for one in claimed) <= MOST_FALSE_CLOSINGS


def test_phones_follow_one_another(heard: list[Phone]) -> None:
    assert follow_one_another(heard, len(samples.voice()) / SPEECH_RATE_HZ)


def test_each_phone_has_a_viseme(heard: list[Phone]) -> None:
    assert {one.name for one in heard} <= set(VISEMES)


def test_a_long_voice_is_heard_in_pieces(said: list[Phone], monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of minutes would be; each cut costs some of the words around it."""
    cut(monkeypatch, 2, 3)
    with listening.Listeners() as listeners:
        heard = [piece.result() for piece in listeners.begin(samples.voice())]
    ends = [piece.until_seconds for piece in heard]
    assert len(heard) > 2
    assert ends == sorted(ends)
    assert ends[-1] == math.inf
    assert all(piece.phones[-1].end_seconds == pytest.approx(piece.until_seconds) for piece in heard[:-1])
    together = [phone for piece in heard for phone in piece.phones]
    assert agreement(together, said) > LEAST_PIECEWISE
    between = [after.start_seconds - before.end_seconds for before, after in pairwise(together)]
    assert min(between) >= -1e-9
    assert max(between) < 0.05


def test_what_is_heard_depends_on_no_threads_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two voices at once, in pieces: each as if it were alone."""
    cut(monkeypatch, 1, 2)
    voices = [samples.voice(), samples.voice()[: len(samples.voice()) // 2]]
    alone = [listening.hear(voice) for voice in voices]
    with listening.Listeners() as listeners:
        begun = [listeners.begin(voice) for voice in voices]
        both = [tuple(phone for piece in pieces for phone in piece.result().phones) for pieces in reversed(begun)]
    assert both == alone[::-1]


def test_nobody_listens_on_to_what_nobody_waits_for() -> None:
    with listening.Listeners() as listeners:
        begun = listeners.begin(np.zeros(10 * PIECE_SECONDS[1] * SPEECH_RATE_HZ, np.int16))
    assert sum(piece.cancelled() for piece in begun) >= len(begun) - 1


def test_the_shortest_recording_is_heard() -> None:
    """What it says of silence counts for nothing: the signal is not loud there."""
    assert follow_one_another(list(listening.hear(np.zeros(4800, np.int16))), 0.3)


# --- Pieces ----------------------------------------------------------------------------


@SOME
@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_pieces_cover_the_voice(tenths: int, seed: int) -> None:
    length = tenths * SPEECH_RATE_HZ // 2 + seed % 1000
    pcm = np.random.default_rng(seed).integers(-3000, 3000, length, np.int16)
    spans = list(listening.pieces(pcm))
    assert [start for start, _ in spans] == [0, *(stop for _, stop in spans[:-1])]
    assert spans[-1][1] == length
    assert all(stop - start <= PIECE_SECONDS[1] * SPEECH_RATE_HZ for start, stop in spans)
    assert spans[0][1] <= FIRST_PIECE_SECONDS[1] * SPEECH_RATE_HZ
    assert all(start % STEP == 0 for start, _ in spans)


def test_a_cut_is_made_in_a_pause() -> None:
    pcm = np.random.default_rng(6).integers(-3000, 3000, 24 * SPEECH_RATE_HZ, np.int16)
    pcm[6 * SPEECH_RATE_HZ : 7 * SPEECH_RATE_HZ] = 0
    pcm[18 * SPEECH_RATE_HZ : 19 * SPEECH_RATE_HZ] = 0
    (_, first), (_, second), _ = listening.pieces(pcm)
    assert 6 <= first / SPEECH_RATE_HZ <= 7
    assert 18 <= second / SPEECH_RATE_HZ <= 19


# --- Paths -----------------------------------------------------------------------------


def certain(*spoken: tuple[str, int]) -> F32:
    """Logarithms of an ear that is all but sure of these phones, each for so many steps."""
    kinds = np.repeat([ear.PHONES.index(name) for name, _ in spoken], [steps for _, steps in spoken])
    logs = np.full((len(kinds), len(ear.PHONES)), np.log(0.01 / len(ear.PHONES)), np.float32)
    logs[np.arange(len(kinds)), kinds] = np.log(0.99)
    return logs


def names(path: list[int]) -> list[tuple[str, int]]:
    return [
        (one.name, round((one.end_seconds - one.start_seconds) * FEATURE_RATE_HZ)) for one in phones.phones(path, 0)
    ]


@SOME
@given(st.lists(st.sampled_from(ear.PHONES), min_size=1, max_size=12, unique=True), st.integers(1, 9))
def test_what_the_ear_is_sure_of_is_heard(spoken: list[str], steps: int) -> None:
    row = [(name, steps) for name in spoken]
    assert names(phones.likeliest(certain(*row))) == row


def test_a_doubtful_moment_is_no_phone() -> None:
    logs = certain(("AA", 10), ("M", 1), ("AA", 10))
    logs[10] = np.log(1 / len(ear.PHONES))
    logs[10, ear.PHONES.index("M")] += 1.5
    assert names(phones.likeliest(logs)) == [("AA", 21)]


@SOME
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_phones_of_a_word_follow_one_another(lengths: list[int], seed: int) -> None:
    logs = np.random.default_rng(seed).normal(-4, 1, (sum(lengths), len(lengths))).astype(np.float32)
    said = np.repeat(np.arange(len(lengths)), lengths)
    places = phones.aligned(logs)
    assert places[0] == 0
    assert places[-1] == len(lengths) - 1
    assert set(np.diff(places)) <= {0, 1}
    logs[np.arange(len(said)), said] += 20
    assert phones.aligned(logs) == list(said)


@pytest.mark.parametrize(("share", "heard"), [(0.5, [("AA", 10), ("T", 5), ("AA", 10)]), (0.8, None)])
def test_an_unsure_closing_is_heard_as_the_next_likeliest(share: float, heard: list[tuple[str, int]] | None) -> None:
    spoken = [("AA", 10), ("P", 5), ("AA", 10)]
    logs = certain(*spoken)
    logs[10:15] = np.log(0.01 / len(ear.PHONES))
    logs[10:15, ear.PHONES.index("P")] = np.log(share)
    logs[10:15, ear.PHONES.index("T")] = np.log(0.99 - share)
    path = phones.likeliest(certain(*spoken))
    assert names(phones.certain(path, logs)) == (heard or spoken)


def test_what_the_ear_takes_now_for_m_and_now_for_b_is_closed_all_the_same() -> None:
    spoken = [("AA", 10), ("M", 5), ("AA", 10)]
    logs = certain(*spoken)
    logs[10:15] = np.log(0.1 / len(ear.PHONES))
    logs[10:15, [ear.PHONES.index("M"), ear.PHONES.index("B")]] = np.log(0.45)
    assert names(phones.certain(phones.likeliest(certain(*spoken)), logs)) == spoken


def test_a_word_is_taken_unless_the_ear_contradicts_it() -> None:
    logs = certain(("M", 5), ("AA", 10))
    path = phones.likeliest(logs)
    logs[:5, ear.PHONES.index("B")] = np.log(0.01)
    assert names(phones.with_words(path, [Word(("B", "AA"), 0, 15)], logs)) == [("B", 5), ("AA", 10)]
    assert phones.with_words(path, [Word(("S", "IY"), 0, 15)], logs) == path
    assert phones.with_words(path, [Word(("B", "AA"), 0, 1)], logs) == path  # too short for its phones


# --- The network -----------------------------------------------------------------------


@pytest.mark.parametrize("samples_count", [1, 159, 160, 4800, 160 * BLOCK, 160 * BLOCK + 1])
def test_the_ear_speaks_every_ten_milliseconds(samples_count: int) -> None:
    pcm = np.random.default_rng(1).integers(-3000, 3000, samples_count, np.int16)
    logs = ear.impression(pcm).logs
    assert logs.shape == (samples_count // STEP + 1, len(ear.PHONES))
    assert np.allclose(np.exp(logs).sum(1), 1, atol=1e-4)


def test_the_ear_knows_every_phone_that_has_a_viseme() -> None:
    assert set(ear.PHONES) == set(VISEMES)
    assert len(ear.PHONES) == len(VISEMES)


@pytest.mark.parametrize(("factor", "offset"), [(0.1, 0), (0.5, 0), (0.5, 9000)])
def test_level_and_offset_mean_nothing_to_the_ear(factor: float, offset: float) -> None:
    """Rounding to whole numbers apart."""
    pcm = samples.voice()
    here, there = (ear.impression(one).logs.argmax(1) for one in (pcm, whole(pcm * factor + offset)))
    assert (here == there).mean() > 0.95


def test_the_ear_alone_tells_phones_of_a_voice_it_never_heard(said: list[Phone]) -> None:
    heard = phones.phones(phones.likeliest(ear.impression(samples.voice()).logs), 0)
    assert agreement(heard, said) > LEAST_EAR_AGREEMENT


# --- Agreement -------------------------------------------------------------------------


def test_agreement_is_the_share_of_spoken_time() -> None:
    one = [Phone("AA", 0.0, 0.3), Phone(SILENCE, 0.3, 1.0)]
    assert agreement(one, one) == 1
    assert agreement(one, [Phone("AA", 0.0, 0.2), Phone("B", 0.2, 0.4)]) == pytest.approx(0.5)
    assert agreement(one, []) == agreement([], []) == 0
    assert agreement([Phone(SILENCE, 0, 1)], [Phone(SILENCE, 0, 1)]) == 0

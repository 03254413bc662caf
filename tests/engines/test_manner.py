"""The prompt: the documented words, in two languages, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.manner import VOCABULARY, Manner, understand

SAID = [
    ("no blinking", Manner(blinks=False), ("no blinking",)),
    ("Please, without blinking!", Manner(blinks=False), ("no blinking",)),
    ("bitte nicht blinzeln", Manner(blinks=False), ("no blinking",)),
    ("ohne zu blinzeln", Manner(blinks=False), ("no blinking",)),
    ("Hold still", Manner(head=0), ("still",)),
    ("reglos", Manner(head=0), ("still",)),
    ("calm", Manner(head=0.5, opening=0.9), ("calm",)),
    ("She speaks QUIETLY.", Manner(head=0.5, opening=0.9), ("calm",)),
    ("ganz ruhig", Manner(head=0.5, opening=0.9), ("calm",)),
    ("livelier", Manner(head=1.5, opening=1.1), ("lively",)),
    ("lebhaft", Manner(head=1.5, opening=1.1), ("lively",)),
    ("he whispers", Manner(opening=0.75), ("whisper",)),
    ("flüsternd", Manner(opening=0.75), ("whisper",)),
    ("FLÜSTERN", Manner(opening=0.75), ("whisper",)),
    ("shouting", Manner(opening=1.2), ("shout",)),
    ("sie schreit", Manner(opening=1.2), ("shout",)),
]


@pytest.mark.parametrize(("prompt", "manner", "used"), SAID)
def test_these_words_are_understood(prompt: str, manner: Manner, used: tuple[str, ...]) -> None:
    assert understand(prompt) == (manner, used)


@pytest.mark.parametrize(
    "prompt",
    ["", "a woman in a red coat", "stillness", "distill", "calming", "Unruhigkeit", "shouted", "blinking", "😀"],
)
def test_other_words_change_nothing(prompt: str) -> None:
    assert understand(prompt) == (Manner(), ())


def test_words_add_up() -> None:
    asked = Manner(head=0, opening=0.75, blinks=False)
    assert understand("still, whispering, no blinks") == (asked, ("no blinking", "still", "whisper"))


def test_a_smile_is_understood_in_both_languages() -> None:
    assert understand("Bitte lächeln")[0] == understand("with a smile")[0] == Manner(smile=1)
    assert understand("serious, no smile, please")[1] == ("smile",)  # it does not read sentences


def test_of_words_that_contradict_the_first_in_the_table_counts_and_is_named() -> None:
    assert understand("lively but calm") == (Manner(head=0.5, opening=0.9), ("calm",))


def test_a_word_that_changes_something_else_too_is_named_for_that() -> None:
    assert understand("calm, but hold still") == (Manner(head=0, opening=0.9), ("still", "calm"))


@settings(deadline=None, database=None)
@given(st.text("abcehilmnoqrstuwyzäöüß -,.!?\n0😀", max_size=60))
def test_any_text_is_taken(prompt: str) -> None:
    manner, used = understand(prompt)
    assert set(used) <= {word for word, _, _ in VOCABULARY}
    assert used or manner == Manner()

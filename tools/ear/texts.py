"""What the voices say: English of every combination of sounds, and short texts in other languages."""

from __future__ import annotations

import random
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

SENTENCE_WORDS = (4, 16)
LONGEST = 140  # characters of a text in another language


def dictionary() -> list[str]:
    """The words that pocketsphinx can pronounce."""
    import pocketsphinx

    path = Path(pocketsphinx.__file__).parent / "model" / "en-us" / "cmudict-en-us.dict"
    words = {line.split()[0] for line in path.read_text().splitlines()}
    return sorted(word for word in words if re.fullmatch(r"[a-z']+", word))


def sentences(words: set[str]) -> list[str]:
    """From the documentation in Python's own library, of words from the dictionary only."""
    library = Path(sysconfig.get_path("stdlib"))
    found: set[str] = set()
    for path in (*library.glob("*.py"), *library.glob("[a-rt-z]*/*.py")):
        for text in re.findall(r'"""(.*?)"""', path.read_text(errors="ignore"), re.DOTALL):
            found.update(_plain(text, words))
    return sorted(found)


def english(count: int, seed: int) -> list[str]:
    """By turns a sentence and a row of words by chance."""
    draw = random.Random(seed)  # noqa: S311
    words = dictionary()
    whole = sentences(set(words))
    return [
        " ".join(draw.choices(words, k=draw.randint(3, 9))) if number % 2 else draw.choice(whole)
        for number in range(count)
    ]


def translations(django: Path, language: str, count: int, seed: int) -> list[str]:
    """From Django's own catalogue in this language."""
    found: list[str] = []
    for path in sorted(django.glob(f"**/locale/{language}/LC_MESSAGES/*.po")):
        for message in re.findall(r'^msgstr(?:\[\d\])? ((?:".*"\n?)+)', path.read_text(), re.MULTILINE):
            text = "".join(re.findall(r'"(.*)"', message))
            text = re.sub(r"%\(\w+\)\w|%\w|\\n|&\w+;|[{}<>\"\\/()\[\]_0-9]", " ", text)
            text = " ".join(text.split())[:LONGEST]
            if len(text) > 8:
                found.append(text)
    random.Random(seed).shuffle(found)  # noqa: S311
    return found[:count]


def _plain(text: str, words: set[str]) -> Iterator[str]:
    for sentence in re.split(r"[.:;!?]\s", " ".join(text.split())):
        spoken = re.findall(r"[a-z']+", sentence.lower())
        known = all(word in words for word in spoken) and re.fullmatch(r"[A-Za-z', -]+", sentence.strip())
        if known and SENTENCE_WORDS[0] <= len(spoken) <= SENTENCE_WORDS[1]:
            yield " ".join(spoken)

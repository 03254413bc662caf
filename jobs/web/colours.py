"""Light colouring of code: comments, strings, numbers and the words of a language; the rest stays as it is."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

HASH, SLASHES = r"(?:^|(?<=\s))\#.*", r"//.*"
# By file ending: how a comment begins, and the words that are a language's own.
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "sh": (HASH, "curl|set|for|in|do|done|while|if|then|fi|exit|echo|openssl"),
    "py": (HASH, "import|from|def|class|return|if|while|for|in|with|as|not|or|and|raise|True|False|None"),
    "mjs": (SLASHES, "import|from|const|let|function|async|await|return|if|while|for|of|throw|new|true|false|null"),
    "php": (
        rf"{SLASHES}|<\?php",
        "const|function|return|if|while|foreach|as|throw|new|true|false|null|echo|exit|string|array|bool|int",
    ),
    "go": (SLASHES, "package|import|const|type|struct|func|return|if|for|range|defer|var|map|string|nil"),
    "json": (r"(?!)", "true|false|null"),
}
STRING = r'"(?:\\.|[^"\\])*"|(?<!\w)\'(?:\\.|[^\'\\])*\'|`[^`]*`'
NUMBER = r"\b\d[\d_.]*\b"


class Piece(NamedTuple):
    """A stretch of code. `kind` is the class that colours it (`c`, `s`, `n` or `k`), or empty."""

    kind: str
    text: str


@cache
def _pattern(language: str) -> re.Pattern[str]:
    comment, own = LANGUAGES[language]
    return re.compile(rf"(?P<c>{comment})|(?P<s>{STRING})|(?P<n>{NUMBER})|(?P<k>(?<![\w$.-])(?:{own})(?![\w-]))", re.M)


def pieces(text: str, language: str) -> list[Piece]:
    """`text` cut up; joined, the pieces are `text` again."""
    found, end = [], 0
    for match in _pattern(language).finditer(text):
        found += [Piece("", text[end : match.start()]), Piece(match.lastgroup or "", match[0])]
        end = match.end()
    return [piece for piece in [*found, Piece("", text[end:])] if piece.text]

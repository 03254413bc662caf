"""Reading pages as a person or a script does."""

import html
import re
from html.parser import HTMLParser
from typing import Any

HTMX = {"HX-Request": "true"}
GERMAN = {"Accept-Language": "de"}
# Attributes that are shown or read out.
SPOKEN = ("alt", "aria-label", "content", "placeholder", "title")


def source(answer: Any) -> str:
    """The HTML of an answer."""
    return str(answer.content, "utf-8")


def whole(answer: Any) -> bytes:
    """Every byte of an answer; the file that it came from is closed then, as after a real request."""
    return bytes(answer.getvalue())


class _Words(HTMLParser):
    def __init__(self, with_code: bool) -> None:
        super().__init__()
        self.said: list[str] = []
        self._with_code = with_code
        self._in_code = 0

    def handle_data(self, data: str) -> None:
        if self._with_code or not self._in_code:
            self.said.append(" ".join(data.split()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_code += tag == "code"
        self.said += [value or "" for name, value in attrs if name in SPOKEN or name.startswith("data-text")]

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"


def said(answer: Any, *, with_code: bool = True) -> list[str]:
    """Every piece of text of an answer that a person sees or hears."""
    reader = _Words(with_code)
    reader.feed(source(answer))
    return [text for text in reader.said if text]


def words(answer: Any) -> str:
    """All text of an answer, in one line."""
    return " ".join(said(answer))


def element(answer: Any, element_id: str) -> str:
    """The opening tag of the element called `element_id`, entities resolved."""
    found = re.search(rf'<[^>]*\bid="{re.escape(element_id)}"[^>]*>', source(answer))
    assert found, element_id
    return html.unescape(found[0])


def problem(answer: Any, field: str) -> str:
    """What is said beside `field`; empty if nothing is."""
    found = re.search(
        rf'<p class="field__error" id="problem-{field}"([^>]*)>.*?<span>(.*?)</span></p>', source(answer), re.DOTALL
    )
    assert found, field
    sentence = html.unescape(found[2]).strip()
    assert ("hidden" in found[1]) == (not sentence)
    return sentence

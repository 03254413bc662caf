"""Where the gallery is, and where its older videos are."""

import re
from typing import Any

from tests.web.reading import source

GALLERY = "/gallery/"


def next_address(answer: Any) -> str:
    """Where the older ones are; empty at the end."""
    found = re.search(r'id="more"><a class="button" href="([^"]*)" hx-get="([^"]*)"', source(answer))
    if found is None:
        return ""
    assert found[1] == found[2]
    return found[1]

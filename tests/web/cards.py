"""Reading the cards of a page, and what the page learns when it looks again."""

import re
from typing import Any
from uuid import UUID

from django.test import Client

from tests.web.reading import HTMX, element, source


def shown(answer: Any) -> list[UUID]:
    """The jobs of the cards, in their order."""
    return [UUID(found) for found in re.findall(r'<li class="card [^>]*id="job-([0-9a-f-]{36})"', source(answer))]


def look(client: Client, answer: Any, **headers: str) -> Any:
    """What the page `answer` gets when it looks for changes."""
    asked = re.search(r'hx-get="([^"]*)"', element(answer, "watch"))
    assert asked
    return client.get(asked[1], headers=HTMX | headers)

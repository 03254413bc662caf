"""The form for several videos: filled in, sent, and what it answers."""

import re
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Batch, Media
from tests.web.reading import source, words

NEW = "/batches/new/"


def upload(path: Path, name: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name or path.name, path.read_bytes())


def table(text: str | bytes, *attached: SimpleUploadedFile, **fields: str) -> dict[str, object]:
    """A complete form with a table."""
    content = text if isinstance(text, bytes) else text.encode()
    sent = SimpleUploadedFile("greetings.csv", content, "text/csv")
    return {"way": "table", "table": sent, "attached": list(attached), "consent": "on", **fields}


def the_batch(answer: Any) -> Batch:
    """Where the answer sends the reader."""
    assert answer.status_code == 303, words(answer)
    found = re.fullmatch(r"/batches/([0-9a-f-]{36})/", answer["Location"])
    assert found
    return Batch.objects.get(pk=found[1])


def faults(answer: Any) -> list[tuple[str, str, str]]:
    """The rows of what is wrong; nothing was made or kept then."""
    assert answer.status_code == 422
    assert not Batch.objects.exists()
    assert not Media.objects.exists()
    body = source(answer).partition('id="faults"')[2].partition("</table>")[0].partition("<tbody>")[2]
    cells = re.findall(r"<tr><th[^>]*>(.*?)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td></tr>", body, re.DOTALL)
    return [
        (row, re.sub(r"<[^>]*>", "", column), sentence.replace("&#x27;", "'").replace("&quot;", '"'))
        for row, column, sentence in cells
    ]

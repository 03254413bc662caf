"""The archive that is written while it is read: other programs can read it, and it needs no memory to speak of."""

import io
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime
from typing import BinaryIO, cast

import pytest

from jobs.media import ZipStream, archive

NOW = datetime(2026, 11, 23, 10, 42, tzinfo=UTC)
MEGA = 1 << 20


class Endless(io.RawIOBase):
    """A file of `size` bytes that is nowhere."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, count: int = -1) -> bytes:
        given = min(count, self._left)
        self._left -= given
        return bytes(given)


def test_documents_lists_and_files_are_there_unharmed() -> None:
    stream = ZipStream(NOW)
    picture = bytes(range(256)) * 3000
    rows = [{"name": "Grüße", "n": n} for n in range(2000)]

    whole = b"".join(
        [
            *stream.document("one.json", {"a": 1}),
            *stream.documents("many.json", iter(rows)),
            *stream.documents("none.json", []),
            *stream.file("files/a.png", io.BytesIO(picture)),
            *stream.end(),
        ]
    )

    with zipfile.ZipFile(io.BytesIO(whole)) as read:
        assert read.testzip() is None
        assert read.namelist() == ["one.json", "many.json", "none.json", "files/a.png"]
        assert json.loads(read.read("one.json")) == {"a": 1}
        assert json.loads(read.read("many.json")) == rows
        assert json.loads(read.read("none.json")) == []
        assert read.read("files/a.png") == picture
        assert read.getinfo("one.json").date_time == (2026, 11, 23, 10, 42, 0)


def test_the_size_of_a_file_does_not_matter() -> None:
    stream = ZipStream(NOW)
    tracemalloc.start()
    try:
        sent = 0
        for piece in stream.file("files/film.mp4", cast(BinaryIO, Endless(200 * MEGA))):
            sent += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sent >= 200 * MEGA
    assert peak < MEGA


@pytest.mark.parametrize(
    ("names", "plain"),
    [
        (["a", "A", "a"], ["a", "A (2)", "a (3)"]),
        (["../../etc/passwd", 'a\\b:c*?"<>|\n'], ["_.._etc_passwd", "a_b_c_______"]),
        (["", " . ", "x" * 300], ["_", "_ (2)", "x" * 100]),
        (["Größe ✓"], ["Größe ✓"]),
    ],
)
def test_names_in_an_archive_are_plain_and_distinct(names: list[str], plain: list[str]) -> None:
    assert list(archive.distinct(names)) == plain

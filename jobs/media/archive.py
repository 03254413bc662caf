"""Zip archives that are written while they are read: never more of one in memory than a few chunks."""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO

from jobs.errors import Unavailable
from jobs.media.storage import local_path
from jobs.media.uploads import incoming_folder
from jobs.models import Media

CHUNK_BYTES = 1 << 17
# Of the chunks that the archive's own headers and footers come in.
SMALL_BYTES = 1 << 14
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
MISSING = "missing.txt"


def distinct(names: Iterable[str]) -> Iterator[str]:
    """The names as a file system of any kind takes them, each another one: of equal ones, the later are numbered."""
    seen: set[str] = set()
    for wanted in names:
        plain = UNSAFE.sub("_", wanted).strip(" .")[:100] or "_"
        name, number = plain, 1
        while name.casefold() in seen:
            number += 1
            name = f"{plain} ({number})"
        seen.add(name.casefold())
        yield name


class _Sink(io.RawIOBase):
    """Takes what the archive writes, until it is fetched. It can not be sought in, so no header is written twice."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]  # whatever holds bytes
        self._parts.append(part)
        self.size += len(part)
        return len(part)

    def fetch(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        self.size = 0
        return whole


class ZipStream:
    """Each method yields the bytes of the archive that are ready; `end` yields the last ones."""

    def __init__(self, at: datetime) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", allowZip64=True)
        self._at = at.timetuple()[:6]

    def kept(self, files: Iterable[tuple[str, Media, datetime | None]], sentence: str) -> Iterator[bytes]:
        """Add files of ours, each with its name and when it was made, from wherever they are kept.

        One may be removed while others are on their way, or its storage stop answering: what is not to be had is
        named in the text `MISSING`, below `sentence`. So nobody knows beforehand how long the archive will be.
        """
        missing: list[str] = []
        answers = True
        for name, media, at in files:
            with ExitStack() as stack:
                try:
                    if not answers:  # each would take as long again
                        raise FileNotFoundError(media.name)
                    file = stack.enter_context(local_path(media, stack.enter_context(incoming_folder())).open("rb"))
                except FileNotFoundError:
                    missing.append(name)
                except Unavailable:
                    missing.append(name)
                    answers = False
                else:
                    yield from self.file(name, file, at)
        if missing:
            with self._entry(MISSING, zipfile.ZIP_DEFLATED) as entry:
                entry.write("\n".join([sentence, "", *missing, ""]).encode())
            yield self._sink.fetch()

    def file(self, name: str, file: BinaryIO, at: datetime | None = None) -> Iterator[bytes]:
        """Add a file that is packed already: a picture, a recording, a video."""
        with self._entry(name, zipfile.ZIP_STORED, at) as entry:
            while chunk := file.read(CHUNK_BYTES):
                entry.write(chunk)
                yield self._sink.fetch()
        yield self._sink.fetch()

    def document(self, name: str, value: object) -> Iterator[bytes]:
        """Add one JSON document."""
        with self._entry(name, zipfile.ZIP_DEFLATED) as entry:
            entry.write(_json(value))
        yield self._sink.fetch()

    def documents(self, name: str, values: Iterable[object]) -> Iterator[bytes]:
        """Add a JSON list of any length."""
        with self._entry(name, zipfile.ZIP_DEFLATED) as entry:
            before = b"[\n"
            for value in values:
                entry.write(before + _json(value))
                before = b",\n"
                if self._sink.size >= SMALL_BYTES:
                    yield self._sink.fetch()
            entry.write(b"\n]\n" if before != b"[\n" else b"[]\n")
        yield self._sink.fetch()

    def end(self) -> Iterator[bytes]:
        self._zip.close()
        yield self._sink.fetch()

    def _entry(self, name: str, method: int, at: datetime | None = None) -> io.BufferedIOBase:
        info = zipfile.ZipInfo(name, at.timetuple()[:6] if at else self._at)
        info.compress_type = method
        info.external_attr = 0o600 << 16
        # 64 bit, because nobody knows the size before the end.
        return self._zip.open(info, "w", force_zip64=True)  # type: ignore[return-value]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()

"""A zip archive that is written while it is read: never more of it in memory than a few chunks."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

CHUNK_BYTES = 1 << 17
# Of the chunks that the archive's own headers and footers come in.
SMALL_BYTES = 1 << 14


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

    def file(self, name: str, file: BinaryIO) -> Iterator[bytes]:
        """Add a file that is packed already: a picture, a recording, a video."""
        with self._entry(name, zipfile.ZIP_STORED) as entry:
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

    def _entry(self, name: str, method: int) -> io.BufferedIOBase:
        info = zipfile.ZipInfo(name, self._at)
        info.compress_type = method
        info.external_attr = 0o600 << 16
        # 64 bit, because nobody knows the size before the end.
        return self._zip.open(info, "w", force_zip64=True)  # type: ignore[return-value]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()

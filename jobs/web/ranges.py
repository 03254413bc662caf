"""Answering with a file, whole or the range that a player asks for (RFC 9110, section 14)."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

CHUNK_BYTES = 1 << 17
# No file has more bytes than 18 digits can count, and Python refuses to read numbers of thousands of them.
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def answer_file(request: HttpRequest, file: BinaryIO, size: int) -> HttpResponseBase:
    """200 with the file, 206 with the part asked for, or 416. Closes `file` when it was sent."""
    # A range is for GET alone; HEAD tells of the whole.
    asked = _asked(request.headers.get("Range", ""), size) if request.method == "GET" else None
    if asked is None:
        response: HttpResponseBase = FileResponse(file)
        response["Content-Length"] = str(size)
    elif not asked:
        file.close()
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
    else:
        file.seek(asked.start)
        part = StreamingHttpResponse(_read(file, len(asked)), status=206)
        # Django closes what an answer was made from; a generator that nobody began would leave the file open.
        part._resource_closers.append(file.close)  # type: ignore[attr-defined]
        part["Content-Length"] = str(len(asked))
        part["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{size}"
        response = part
    response["Accept-Ranges"] = "bytes"
    return response


def _asked(header: str, size: int) -> range | None:
    """The bytes asked for: None for all of them, an empty range for one that the file does not have.

    Several ranges at once are answered with the whole file, which the standard allows.
    """
    match = ONE_RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return range(max(size - int(last), 0), size) if int(last) else range(0)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _read(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count and (chunk := file.read(min(count, CHUNK_BYTES))):
        count -= len(chunk)
        yield chunk

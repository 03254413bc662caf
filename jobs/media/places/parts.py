"""Uploads in parts, for files so large that nobody wants to send them twice: what has come stays, and the rest follows.

Which parts have come the bucket knows, and nobody else keeps count.
"""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from jobs.errors import InvalidInput
from jobs.media.places.base import WRONG_SIZE, Part
from jobs.media.places.server import client, code_of, presigned
from jobs.models import Media

ABOVE_BYTES = 16 << 20
PART_BYTES = 8 << 20  # no server takes less than 5 MB, or more than 10,000 parts
GONE = "NoSuchUpload"


def is_large(media: Media) -> bool:
    """Whether the file is large enough to be sent in parts."""
    return media.size > ABOVE_BYTES


def begin(media: Media) -> tuple[Part, ...]:
    """Await the file in parts: leave to send all of them."""
    upload = client().create_multipart_upload(Bucket=settings.S3_BUCKET, Key=media.name)["UploadId"]
    return _leave(media, upload, come={})


def left(media: Media) -> tuple[Part, ...] | None:
    """Leave to send those that have not come; None if none are awaited."""
    found = _fullest(media)
    return None if found is None else _leave(media, *found)


def join(media: Media) -> None:
    """Make the parts one file, if all have come.

    Raises InvalidInput, and forgets all parts, if one has not its size or was not announced.
    """
    found = _fullest(media)
    if found is None:
        return
    upload, come = found
    sizes = {number: end - start for number, (start, end) in _stretches(media).items()}
    if any(one["Size"] != sizes.get(number) for number, one in come.items()):
        abort(media.name)
        raise InvalidInput(WRONG_SIZE, announced=media.size)
    if come.keys() != sizes.keys():
        return
    listed = [{"PartNumber": number, "ETag": come[number]["ETag"]} for number in sorted(come)]
    try:
        client().complete_multipart_upload(
            Bucket=settings.S3_BUCKET, Key=media.name, UploadId=upload, MultipartUpload={"Parts": listed}
        )
    except ClientError as error:
        if code_of(error) != GONE:  # somebody else has joined them meanwhile
            raise


def abort(name: str) -> None:
    """Forget the parts of the file of this name, if there are any."""
    for upload in _uploads(name):
        try:
            client().abort_multipart_upload(Bucket=settings.S3_BUCKET, Key=name, UploadId=upload)
        except ClientError as error:
            if code_of(error) != GONE:
                raise


def _stretches(media: Media) -> dict[int, tuple[int, int]]:
    """Where each part begins and ends, by its number."""
    starts = range(0, media.size, PART_BYTES)
    return {number: (start, min(start + PART_BYTES, media.size)) for number, start in enumerate(starts, 1)}


def _leave(media: Media, upload: str, come: dict[int, Any]) -> tuple[Part, ...]:
    now = datetime.now(UTC)

    def part(number: int, start: int, end: int) -> Part:
        params = {"partNumber": str(number), "uploadId": upload}
        length = {"Content-Length": str(end - start)}  # signed, so a part of another size is refused at once
        url = presigned("PUT", media.name, params, now, settings.UPLOAD_TICKET_SECONDS, length)
        return Part(start, end, url)

    return tuple(part(number, *ends) for number, ends in _stretches(media).items() if number not in come)


def _uploads(name: str) -> list[str]:
    """The ids under which parts of this name are awaited."""
    # One row, one name: what begins with it is it.
    listed = client().list_multipart_uploads(Bucket=settings.S3_BUCKET, Prefix=name).get("Uploads", [])
    return [str(one["UploadId"]) for one in listed]


def _fullest(media: Media) -> tuple[str, dict[int, Any]] | None:
    """The id and what has come, by number. A beginning that was repeated, its answer lost, left an empty one beside."""
    found = [(upload, come) for upload in _uploads(media.name) if (come := _come(media.name, upload)) is not None]
    return max(found, key=lambda one: len(one[1]), default=None)


def _come(name: str, upload: str) -> dict[int, Any] | None:
    try:
        pages = client().get_paginator("list_parts").paginate(Bucket=settings.S3_BUCKET, Key=name, UploadId=upload)
        return {one["PartNumber"]: one for page in pages for one in page.get("Parts", [])}
    except ClientError as error:
        if code_of(error) == GONE:
            return None
        raise

"""Setting up a bucket: that it is there and private, that our pages may use it, that left-overs go."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from jobs.media.places.base import INCOMING
from jobs.media.places.server import client, code_of

# A file may come at the end of a ticket's hour and wait a day for its submission; the sweep is first, usually.
KEEP_INCOMING_DAYS = 2
PROBE = f"{INCOMING}is-this-private"


class BucketProblem(Exception):
    """The bucket can not be used as it is; the text says why."""


def set_up(*, create: bool) -> Iterator[str]:
    """Do what is needed, and tell of each step. Raises BucketProblem."""
    try:
        if create:
            yield _create()
        yield from (_allow_pages(), _clear_left_overs(), _check_private())
    except ClientError as error:
        raise BucketProblem(f"{settings.S3_BUCKET}: {error.operation_name} was refused: {code_of(error)}") from error
    except BotoCoreError as error:
        raise BucketProblem(f"{settings.S3_ENDPOINT or 'Amazon'}: {error}") from error


def _create() -> str:
    # Amazon's first region is the one that must not be named.
    where: dict[str, Any] = {}
    if not settings.S3_ENDPOINT and settings.S3_REGION != "us-east-1":
        where = {"CreateBucketConfiguration": {"LocationConstraint": settings.S3_REGION}}
    try:
        client().head_bucket(Bucket=settings.S3_BUCKET)  # making it once more succeeds with some servers
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        return f"{settings.S3_BUCKET} is there already."
    client().create_bucket(Bucket=settings.S3_BUCKET, **where)
    return f"{settings.S3_BUCKET} was created."


def _allow_pages() -> str:
    page = urlsplit(settings.PUBLIC_BASE_URL)
    origin = f"{page.scheme}://{page.netloc}"
    rule = {
        "AllowedOrigins": [origin],
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "Content-Range", "Accept-Ranges"],
        "MaxAgeSeconds": 3600,
    }
    client().put_bucket_cors(Bucket=settings.S3_BUCKET, CORSConfiguration={"CORSRules": [rule]})
    return f"Pages of {origin} may read and send files."


def _clear_left_overs() -> str:
    days = KEEP_INCOMING_DAYS
    rules = [
        {
            "ID": "uploads-that-nobody-submitted",
            "Status": "Enabled",
            "Filter": {"Prefix": INCOMING},
            "Expiration": {"Days": days},
        },
        {
            "ID": "unfinished-parts",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
        },
    ]
    client().put_bucket_lifecycle_configuration(Bucket=settings.S3_BUCKET, LifecycleConfiguration={"Rules": rules})
    return f"Uploads that nobody submits, and parts of unfinished ones, go after {days} days."


def _check_private() -> str:
    """Put a file there and try to read it, and the list, without a key."""
    anybody = boto3.session.Session().client(
        "s3",
        endpoint_url=settings.S3_ENDPOINT or None,
        region_name=settings.S3_REGION,
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": settings.S3_ADDRESSING}, connect_timeout=5),
    )
    client().put_object(Bucket=settings.S3_BUCKET, Key=PROBE, Body=b"private?")
    try:
        tries: dict[str, Callable[[], object]] = {
            "read its files": lambda: anybody.get_object(Bucket=settings.S3_BUCKET, Key=PROBE),
            "list its files": lambda: anybody.list_objects_v2(Bucket=settings.S3_BUCKET, MaxKeys=1),
        }
        if can := [what for what, attempt in tries.items() if not _refused(attempt)]:
            raise BucketProblem(f"{settings.S3_BUCKET} is not private: anybody can {' and '.join(can)}.")
    finally:
        client().delete_object(Bucket=settings.S3_BUCKET, Key=PROBE)
    return f"{settings.S3_BUCKET} is private."


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (401, 403):
            raise
        return True
    return False

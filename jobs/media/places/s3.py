"""A bucket in S3, or in anything that speaks like it. Links and uploads are presigned, so that bytes go past us."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4PostAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from jobs.errors import Unavailable, gettext_noop
from jobs.media.places.base import STEP_SECONDS, Beat, Target, no_beat
from jobs.media.serving import content_type_of, disposition
from jobs.models import Media

NO_ANSWER = gettext_noop("The storage of files does not answer right now. Try again in a moment.")
# The protocol gives no link a longer life.
MOST_SECONDS = 7 * 86_400
MISSING = ("404", "NoSuchKey", "NotFound")
CHUNK_BYTES = 1 << 20
# In the calling thread, so that a beat may use its database connection; a part is all that is in memory.
TRANSFER = TransferConfig(use_threads=False, multipart_threshold=16 << 20, multipart_chunksize=16 << 20)


class Bucket:
    """Files in the bucket that the settings name."""

    def put(self, path: Path, name: str, content_type: str, beat: Beat) -> None:
        with _answering():
            client().upload_file(
                str(path),
                settings.S3_BUCKET,
                name,
                ExtraArgs={"ContentType": content_type},
                Config=TRANSFER,
                Callback=lambda _: beat(),
            )

    def has(self, name: str) -> bool:
        with _answering():
            try:
                client().head_object(Bucket=settings.S3_BUCKET, Key=name)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return False
                raise
        return True

    def remove(self, name: str) -> None:
        with _answering():
            client().delete_object(Bucket=settings.S3_BUCKET, Key=name)

    def local(self, name: str, folder: Path, beat: Beat) -> Path:
        with _answering():
            try:
                body = client().get_object(Bucket=settings.S3_BUCKET, Key=name)["Body"]
            except ClientError as error:
                if code_of(error) in MISSING:
                    raise FileNotFoundError(name) from error
                raise
            path = folder / name.replace("/", "-")
            with path.open("wb") as target:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    target.write(chunk)
                    beat()
        return path

    def address(self, media: Media, filename: str, *, save: bool) -> str:
        content_type = content_type_of(media)
        answer = {
            "response-content-type": content_type,
            "response-content-disposition": disposition(filename, content_type, save=save),
            "response-cache-control": "private, max-age=21600, immutable",
        }
        # Signed as of the step's beginning, so that all links of a step are the same.
        begun = int(time.time()) // STEP_SECONDS * STEP_SECONDS
        seconds = min(STEP_SECONDS + settings.MEDIA_LINK_SECONDS, MOST_SECONDS)
        return _presigned(media.name, answer, datetime.fromtimestamp(begun, UTC), seconds)

    def target(self, media: Media) -> Target:
        fields = {"key": media.name, "Content-Type": media.content_type, "success_action_status": "204"}
        conditions: list[object] = [
            {"bucket": settings.S3_BUCKET},
            *({name: value} for name, value in fields.items()),
            ["content-length-range", media.size, media.size],
        ]
        expires = datetime.now(UTC) + timedelta(seconds=settings.UPLOAD_TICKET_SECONDS)
        request = AWSRequest(method="POST", url=settings.S3_BUCKET_URL)
        request.context["s3-presign-post-fields"] = fields
        request.context["s3-presign-post-policy"] = {
            "expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            "conditions": conditions,
        }
        S3SigV4PostAuth(_credentials(), "s3", settings.S3_REGION).add_auth(request)
        return Target("POST", f"{settings.S3_BUCKET_URL}/", fields=request.context["s3-presign-post-fields"])

    def arrived(self, media: Media, folder: Path) -> Path | None:
        try:
            return self.local(media.name, folder, no_beat)
        except FileNotFoundError:
            return None


def client() -> Any:
    """boto3's client for the bucket's server, one for all threads."""
    return _client(
        settings.S3_ENDPOINT, settings.S3_REGION, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY, settings.S3_ADDRESSING
    )


@lru_cache(maxsize=1)
def _client(endpoint: str, region: str, access_key: str, secret_key: str, addressing: str) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": addressing},
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 3},
            # Newer checksums are not understood by every server that speaks S3.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def code_of(error: ClientError) -> str:
    """What the server calls its error: `NoSuchKey`, or the status where it sent no words."""
    return str(error.response.get("Error", {}).get("Code", ""))


class _AsOf(S3SigV4QueryAuth):  # type: ignore[misc]  # boto's classes have no types
    """Signs a link as of a moment instead of now."""

    def __init__(self, moment: datetime, seconds: int) -> None:
        super().__init__(_credentials(), "s3", settings.S3_REGION, seconds)
        self._moment = moment

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = f"{self._moment:%Y%m%dT%H%M%SZ}"
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def _presigned(name: str, params: Mapping[str, str], moment: datetime, seconds: int) -> str:
    """A link to read the file with, signed as of `moment` and valid for so many seconds from then on."""
    request = AWSRequest(method="GET", url=f"{settings.S3_BUCKET_URL}/{quote(name)}", params=dict(params))
    _AsOf(moment, max(math.ceil(seconds), 1)).add_auth(request)
    return str(request.url)


def _credentials() -> Credentials:
    return Credentials(settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY)


@contextmanager
def _answering() -> Iterator[None]:
    """Whatever the server or the way to it refuses is Unavailable: nothing that a person sent is to blame."""
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise Unavailable(NO_ANSWER) from error

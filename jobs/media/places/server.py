"""The bucket's server: the client that speaks with it, what it signs for others, and what its refusals mean."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from jobs.errors import Unavailable, gettext_noop

NO_ANSWER = gettext_noop("The storage of files does not answer right now. Try again in a moment.")


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
        super().__init__(credentials(), "s3", settings.S3_REGION, seconds)
        self._moment = moment

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = f"{self._moment:%Y%m%dT%H%M%SZ}"
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def presigned(
    method: str,
    name: str,
    params: Mapping[str, str],
    moment: datetime,
    seconds: float,
    headers: Mapping[str, str] | None = None,
) -> str:
    """A link to do `method` to the file with, signed as of `moment` and valid for so many seconds from then on.

    Whoever uses it has to send just these `headers`.
    """
    url = f"{settings.S3_BUCKET_URL}/{quote(name)}"
    request = AWSRequest(method=method, url=url, params=dict(params), headers=dict(headers or {}))
    _AsOf(moment, max(math.ceil(seconds), 1)).add_auth(request)
    return str(request.url)


def credentials() -> Credentials:
    return Credentials(settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY)


@contextmanager
def answering() -> Iterator[None]:
    """Whatever the server or the way to it refuses is Unavailable: nothing that a person sent is to blame."""
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise Unavailable(NO_ANSWER) from error

"""Misconfiguration of the place of files is found and named."""

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from jobs.checks import media_has_its_place
from lipsync_site.bucket import bucket_url

GOOD = {
    "MEDIA": "s3",
    "S3_BUCKET": "files",
    "S3_ACCESS_KEY": "key",
    "S3_SECRET_KEY": "secret",
    "S3_ENDPOINT": "https://s3.example.org",
    "S3_PUBLIC_ENDPOINT": "https://s3.example.org",
    "S3_BUCKET_URL": "https://s3.example.org/files",
    "S3_ADDRESSING": "path",
    "HTTPS": True,
}


def found(settings: Settings, **changed: object) -> list[CheckMessage]:
    for name, value in (GOOD | changed).items():
        setattr(settings, name, value)
    return media_has_its_place()


def test_the_disk_and_a_whole_bucket_are_right(settings: Settings) -> None:
    assert media_has_its_place() == []
    assert found(settings) == []


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"MEDIA": "tape"}, ["jobs.E020"]),
        ({"S3_BUCKET": "", "S3_SECRET_KEY": ""}, ["jobs.E021", "jobs.E021"]),
        ({"S3_ENDPOINT": "s3.example.org"}, ["jobs.E022"]),
        ({"S3_PUBLIC_ENDPOINT": "https://s3.example.org/files"}, ["jobs.E022"]),
        ({"S3_ADDRESSING": "auto"}, ["jobs.E023"]),
        ({"S3_BUCKET_URL": "http://10.0.0.3/files"}, ["jobs.W020"]),
        ({"MEDIA_LINK_SECONDS": 8 * 86_400}, ["jobs.W021"]),
    ],
)
def test_what_does_not_fit_is_named_with_a_hint(settings: Settings, changed: dict[str, object], ids: list[str]) -> None:
    messages = found(settings, **changed)

    assert [message.id for message in messages] == ids
    assert all(message.hint for message in messages)
    assert not any("secret" in f"{message.msg} {message.hint}" for message in messages)


@pytest.mark.parametrize(
    ("endpoint", "addressing", "address"),
    [
        ("https://s3.example.org:9000", "path", "https://s3.example.org:9000/files"),
        ("https://s3.example.org", "virtual", "https://files.s3.example.org"),
        ("", "virtual", "https://files.s3.eu-central-1.amazonaws.com"),
        ("", "path", "https://s3.eu-central-1.amazonaws.com/files"),
    ],
)
def test_where_browsers_find_a_bucket(endpoint: str, addressing: str, address: str) -> None:
    assert bucket_url(endpoint, "eu-central-1", "files", addressing) == address

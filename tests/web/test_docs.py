"""The API's pages: everything the OpenAPI document knows is said, for this installation, with or without script."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from jobs.api.errors import CODES
from jobs.api.schemas import SubmitImage, SubmitMulti, SubmitVideo
from jobs.api.urls import api
from jobs.web.colours import pieces
from jobs.web.docs import BASE, ERRORS, EXAMPLES, LANGUAGES
from jobs.webhooks.delivery import SCHEDULE
from tests.web.reading import GERMAN, source, words

OWN = "https://lips.example"
FILES = sorted(EXAMPLES.iterdir())
DOCUMENT: Any = api.get_openapi_schema()
# Sent by us or named otherwise: a file's own address, and the words of the list's address.
SHOWN = {"{job_id}": "{id}", "/estimate/lipsync-image-multi": "/estimate/{model}",
         "/estimate/lipsync-image": "/estimate/{model}", "/estimate/lipsync-video": "/estimate/{model}"}  # fmt: skip


@pytest.fixture
def page(anybody: Client, settings: Settings) -> Any:
    settings.PUBLIC_BASE_URL = OWN
    return anybody.get("/docs/")


def test_every_example_is_there_in_every_language_without_script(page: Any) -> None:
    markup = source(page)
    for task in ("submit", "upload", "webhook"):
        for ending in LANGUAGES:
            assert f'id="{task}-{ending}"' in markup
            assert f'aria-controls="panel-{task}-{ending}"' in markup
    assert markup.count('role="tabpanel"') == 3 * len(LANGUAGES)
    assert markup.count('role="tablist"') == 3
    assert all(f'data-lang="{name}"' in markup for name in (*LANGUAGES.values(), "Shell"))


def test_the_examples_have_the_readers_own_address(page: Any) -> None:
    text = words(page)
    assert BASE not in text
    assert f"{OWN}/api/v1" in text
    for ending in LANGUAGES:
        code = _code(page, f"submit-{ending}")
        assert f"{OWN}/api/v1" in code
        assert f"{OWN}/samples/face.jpg" in code


def test_an_example_is_shown_as_it_is_in_its_file(page: Any) -> None:
    for path in FILES:
        if path.suffix != ".json":
            expected = path.read_text().replace(BASE, OWN).rstrip("\n")
            assert _code(page, path.name.replace(".", "-")) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_colouring_changes_no_character(path: Any) -> None:
    text = path.read_text()
    cut = pieces(text, path.suffix[1:])
    assert "".join(piece.text for piece in cut) == text
    assert {"s"} <= {piece.kind for piece in cut}


def test_every_error_code_is_explained(page: Any) -> None:
    statuses = {
        int(status)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
        if int(status) >= 400
    } | {405}
    assert {(error.status, error.code) for error in ERRORS} == {(status, CODES[status]) for status in statuses} | {
        (422, "idempotency_mismatch")
    }
    text = words(page)
    assert all(error.code in text for error in ERRORS)


def test_every_field_of_every_schema_is_mentioned(page: Any) -> None:
    names = {name for schema in DOCUMENT["components"]["schemas"].values() for name in schema.get("properties", {})} | {
        parameter["name"] for parameter in DOCUMENT["webhooks"]["jobEnded"]["post"]["parameters"]
    }
    text = words(page)
    assert len(names) > 40
    assert [name for name in sorted(names) if not re.search(rf"(?<![\w]){re.escape(name)}(?!\w)", text)] == []


def test_every_required_field_is_marked(page: Any) -> None:
    markup = source(page)
    for form in ("VideoForm", "ImageForm", "MultiForm"):
        for name in DOCUMENT["components"]["schemas"][form]["required"]:
            assert re.search(rf'class="name">formState\.{name}</code>[^\n]*class="req"', markup), name


def test_every_endpoint_is_listed(page: Any) -> None:
    listed = set(re.findall(r'<span class="verb">(\w+)</span> (/[^<]*)<', source(page)))
    for path, methods in DOCUMENT["paths"].items():
        shown = path.removeprefix("/api/v1")
        for old, new in SHOWN.items():
            shown = shown.replace(old, new)
        if shown != "/uploads/{ticket}":
            assert {(method.upper(), shown) for method in methods} <= listed


def test_the_answers_shown_have_the_fields_of_the_document() -> None:
    shown = {path.stem: json.loads(path.read_text()) for path in EXAMPLES.glob("*.json")}
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in {
        "accepted": "Submitted", "job": "JobAnswer", "list": "JobList", "ticket": "Upload",
        "estimate": "Estimate", "balance": "Balance", "error": "ErrorAnswer",
    }.items():  # fmt: skip
        assert list(shown[name]) == list(schemas[schema]["properties"])
    assert shown["ticket"]["upload"].keys() == schemas["UploadTarget"]["properties"].keys()
    SubmitImage.model_validate(shown["body"])
    SubmitImage.model_validate(shown["body-image"])
    SubmitVideo.model_validate(shown["body-video"])
    SubmitMulti.model_validate(shown["body-two"])


def test_limits_and_prices_are_those_of_the_installation(anybody: Client, settings: Settings) -> None:
    settings.RATE_LIMITS = {"submissions": 7, "requests": 71}
    settings.MAX_OPEN_JOBS = 9
    settings.MAX_MEDIA_BYTES = 3_000_000
    text = words(anybody.get("/docs/"))
    assert "7 submissions and 71 other requests a minute, and have 9 unfinished jobs" in text
    assert "at most 3 MB" in text
    assert "3 s at 720p: 20 credits" in text
    assert "10 s at 480p: 20 credits" in text


def test_the_attempts_of_a_webhook_are_those_that_are_made(page: Any) -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    said = words(page).partition("at once, then after")[2].partition(".")[0]
    waits = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", said)]
    assert (0, *waits) == SCHEDULE


def test_the_page_is_there_in_german(anybody: Client) -> None:
    german = anybody.get("/docs/", headers=GERMAN)
    assert german.status_code == 200
    assert '<html lang="de"' in source(german)


def test_the_interactive_page_asks_our_own_server_only(anybody: Client) -> None:
    answer = anybody.get("/api/v1/docs")
    markup = source(answer)
    assert 'data-document="/api/v1/openapi.json"' in markup
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", markup)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', markup)
    assert anybody.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")


def _code(answer: Any, element_id: str) -> str:
    """The text of one piece of code."""
    found = re.search(rf'<code id="{element_id}">(.*?)</code>', source(answer), re.DOTALL)
    assert found, element_id
    return html.unescape(re.sub(r"</?span[^>]*>", "", found[1]))

"""Errors of every layer have one form."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from jobs.api import views
from jobs.models import User
from tests.api.conftest import Program
from tests.conftest import MakeJob


def in_form(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    return (
        (answer.status_code, body["code"]) == (status, code)
        and isinstance(body["error"], str)
        and bool(body["error"])
        and body["requestId"] == answer["X-Request-Id"]
    )


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["{", "", "[1", '{"formState": NaN}', "[" * 100_000, b"\xff\xfe"])
def test_a_body_that_is_not_json(program: Program, body: Any) -> None:
    assert in_form(program.post("lipsync-image", body), 400, "invalid_json")


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["[]", "3", "null", '"x"', "{}", '{"formState": []}'])
def test_json_that_is_not_a_submission(program: Program, body: str) -> None:
    assert in_form(program.post("lipsync-image", body), 422, "invalid_request")


@pytest.mark.django_db
def test_a_form_instead_of_json() -> None:
    answer = Client().post("/api/v1/lipsync-image", {"image": "x"})
    assert in_form(answer, 401, "unauthorized")


@pytest.mark.django_db
def test_json_sent_as_something_else(program: Program) -> None:
    answer = Client().post(
        "/api/v1/lipsync-image", "{}", content_type="text/plain", headers={"Authorization": f"Bearer {program.key}"}
    )
    assert in_form(answer, 415, "unsupported_media_type")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer sk_x", "Basic abc", "Bearer " + "é" * 40, "sk_mwaaaaaaaaaa_" + "0" * 38]
)
def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(sent: str) -> None:
    answer = Client().get("/api/v1/jobs/x", headers={"Authorization": sent.encode().decode("latin-1")} if sent else {})
    assert in_form(answer, 401, "unauthorized")
    assert answer["WWW-Authenticate"] == "Bearer"
    reference = Client().get("/api/v1/jobs/x").json()
    assert answer.json() | {"requestId": ""} == reference | {"requestId": ""}


@pytest.mark.django_db
def test_nothing_there_and_not_that_method(program: Program) -> None:
    assert in_form(program.get("nothing/here"), 404, "not_found")
    answer = program.get("lipsync-image")
    assert in_form(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "POST"


@pytest.mark.django_db
def test_a_body_too_large(program: Program, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert in_form(program.post("lipsync-image", {"x": "y" * 200}), 413, "payload_too_large")


@pytest.mark.django_db
def test_a_fault_of_ours_tells_nothing(
    program: Program, alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(views, "job_object", broken)
    answer = program.get(f"jobs/{make_job(alice).pk}")
    assert in_form(answer, 500, "internal")
    assert "secret" not in answer.content.decode()


@pytest.mark.django_db
def test_every_mistake_of_a_body_is_listed(program: Program) -> None:
    body = program.post("lipsync-image", {"formState": {"seed": "x", "resolution": 1}, "hook": ""}).json()
    assert {error["field"] for error in body["errors"]} == {
        "formState.image", "formState.audio", "formState.seed", "formState.resolution", "hook",
    }  # fmt: skip

"""Idempotency-Key and the limits of a key, exact under parallel requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from jobs import idempotency, keys
from jobs.models import Claim, Job, Movement, MovementKind, User
from jobs.models.limit import Window
from tests.api.conftest import Program
from tests.api.test_submit import form
from tests.conftest import MakeJob

PARALLEL = 16


def at_once(count: int, what: Callable[[], Any]) -> list[Any]:
    """The results of so many calls, as parallel as the web server's threads."""

    def one(_: int) -> Any:
        try:
            return what()
        finally:
            connection.close()

    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(one, range(count)))


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands, so that no window ends within a test."""
    monkeypatch.setattr("jobs.limits.time.time", lambda: 1_800_000_000.0)


# --- The same request again --------------------------------------------------------------


@pytest.mark.django_db
def test_a_repeat_is_answered_with_the_same_bytes_and_makes_nothing(program: Program, media_at: str) -> None:
    first, again = (program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"}) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_for_another_request_is_a_mismatch(program: Program, media_at: str) -> None:
    program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    for path, body in (("lipsync-image", form(media_at, seed=3)), ("uploads", form(media_at))):
        answer = program.post(path, body, **{"Idempotency-Key": "a"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_a_refusal_is_not_kept(program: Program, media_at: str) -> None:
    refused = program.post("lipsync-image", form(media_at, resolution="1080p"), **{"Idempotency-Key": "a"})
    assert refused.status_code == 422
    answer = program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer


@pytest.mark.django_db
def test_somebody_elses_key_is_another_one(program: Program, stranger: Program, media_at: str) -> None:
    mine, theirs = (
        one.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"}) for one in (program, stranger)
    )
    assert mine.json()["id"] != theirs.json()["id"]


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_of_a_wrong_length_is_refused(key: str, program: Program, media_at: str) -> None:
    answer = program.post("lipsync-image", form(media_at), **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


@pytest.mark.django_db
def test_an_upload_ticket_can_be_asked_for_again_too(program: Program) -> None:
    asked = {"filename": "a.png", "contentType": "image/png", "size": 3}
    first, again = (program.post("uploads", asked, **{"Idempotency-Key": "u"}) for _ in range(2))
    assert first.content == again.content


@pytest.mark.django_db
def test_a_key_is_free_again_after_a_day(program: Program, media_at: str) -> None:
    first = program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    Claim.objects.update(created=timezone.now() - timedelta(hours=25))
    assert program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"}).json() != first.json()


@pytest.mark.django_db
def test_an_answer_that_was_lost_with_its_process_is_given_after_all(program: Program, media_at: str) -> None:
    """The job is made, the process killed before it could say so."""
    first = program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    Claim.objects.update(status=None, body=b"", created=timezone.now() - 2 * idempotency.DEAD_AFTER)
    again = program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    assert again.content == first.content
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_one_that_died_before_it_made_anything_is_done_by_the_next(
    program: Program, alice: User, media_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    Job.objects.update(removed=timezone.now())
    Claim.objects.update(status=None, job=None)
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.0)
    early = program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"})
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    Claim.objects.update(created=timezone.now() - 2 * idempotency.DEAD_AFTER)
    assert program.post("lipsync-image", form(media_at), **{"Idempotency-Key": "a"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_hundred_equal_ones_at_once_make_one_job_and_one_hold(program: Program, media_at: str) -> None:
    body = form(media_at)
    key = program.key
    answers = at_once(100, lambda: Program(key).post("lipsync-image", body, **{"Idempotency-Key": "a"}))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Job.objects.count() == 1
    assert Movement.objects.filter(kind=MovementKind.HOLD).count() == 1


# --- Limits ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_hundred_at_once_exactly_the_limit_passes(program: Program, steady: None, settings: Settings) -> None:
    settings.RATE_LIMITS = {"submissions": 60, "requests": 10}
    key = program.key
    answers = at_once(200, lambda: Program(key).get("credits"))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 190
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert int(refused["Retry-After"]) in range(1, 61)
    assert refused["RateLimit"].startswith('"requests";r=0;t=')


@pytest.mark.django_db
def test_every_answer_says_what_is_left(program: Program, steady: None, media_at: str) -> None:
    left = [program.get("credits")["RateLimit"] for _ in range(3)]
    assert [entry.split(";")[1] for entry in left] == ["r=599", "r=598", "r=597"]
    submitted = program.post("lipsync-image", form(media_at))
    assert submitted["RateLimit-Policy"] == '"submissions";q=60;w=60'
    assert submitted["RateLimit"].startswith('"submissions";r=59;t=')


@pytest.mark.django_db
def test_a_new_window_begins_anew_and_keys_do_not_share(program: Program, alice: User, settings: Settings) -> None:
    settings.RATE_LIMITS = {"submissions": 60, "requests": 1}
    assert [program.get("credits").status_code for _ in range(2)] == [200, 429]
    assert Program(keys.create(alice)[1]).get("credits").status_code == 200
    Window.objects.update(began=0)
    assert program.get("credits").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_key_has_no_more_unfinished_jobs_than_it_may(
    program: Program, alice: User, make_job: MakeJob, media_at: str, settings: Settings
) -> None:
    settings.MAX_OPEN_JOBS = 3
    settings.RATE_LIMITS = {"submissions": 600, "requests": 600}
    make_job(alice)  # made in the browser: it does not count
    key, body = program.key, form(media_at)
    answers = at_once(20, lambda: Program(key).post("lipsync-image", body))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 17
    assert Job.objects.exclude(api_key=None).count() == 3
    assert Movement.objects.filter(kind=MovementKind.HOLD).count() == 4

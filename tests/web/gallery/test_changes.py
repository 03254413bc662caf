"""What has changed comes alone, and that nothing has costs next to nothing."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from jobs import lifecycle
from jobs.models import Job, Status, User
from jobs.web import changes
from jobs.web.changes import QUICK
from tests.conftest import MakeJob
from tests.plans import plans_of
from tests.web.cards import look, shown
from tests.web.conftest import JobIn
from tests.web.gallery.addresses import GALLERY
from tests.web.reading import HTMX, element, source, words

OPEN = (Status.QUEUED, Status.RUNNING)


def test_nothing_has_changed_costs_one_question_and_reads_neither_session_nor_account(
    alices: Client, alice: User, bob: User, make_job: MakeJob
) -> None:
    for status in (Status.DONE, Status.FAILED, Status.CANCELLED):
        Job.objects.filter(pk=make_job(alice).pk).update(status=status, finished=timezone.now())
    page = alices.get(GALLERY)
    make_job(bob)

    with CaptureQueriesContext(connection) as asked:
        answer = look(alices, page)

    assert (answer.status_code, answer.content) == (204, b"")
    assert len(asked) == 1
    assert "session" not in asked.captured_queries[0]["sql"]


def test_it_is_found_in_an_index(alices: Client, alice: User, make_job: MakeJob) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's plans")
    make_job(alice)
    page = alices.get(GALLERY)

    with plans_of() as plans:
        assert look(alices, page).status_code == 204

    steps = [step for plan in plans.values() for step in plan]
    assert steps
    assert not any(step.startswith("SCAN jobs_job") and "job_queued" not in step for step in steps), steps
    assert any("job_own_changed" in step for step in steps)


@pytest.mark.parametrize("status", list(Status))
def test_a_page_looks_more_often_while_something_is_open(
    alices: Client, alice: User, job_in: JobIn, status: Status
) -> None:
    job_in(status, alice)

    tag = element(alices.get(GALLERY), "watch")

    assert (f"every {QUICK}," in tag) == (status in OPEN)
    assert ("waiting=1" in tag) == (status == Status.QUEUED)


def test_what_has_changed_comes_alone(alices: Client, alice: User, bob: User, make_job: MakeJob) -> None:
    still, going = make_job(alice), make_job(alice)
    foreign = make_job(bob)
    Job.objects.filter(pk=still.pk).update(
        status=Status.DONE, finished=timezone.now(), updated=timezone.now() - timedelta(minutes=1)
    )
    page = alices.get(GALLERY)
    lifecycle.cancel(alice, going.pk)
    lifecycle.cancel(bob, foreign.pk)

    first = look(alices, page)
    second = look(alices, first)

    assert shown(first) == [going.pk]
    assert f'hx-swap-oob="morph:#job-{going.pk}"' in source(first)
    assert "Cancelled" in words(first)
    assert str(still.pk) not in source(first)
    assert second.status_code == 204


def test_the_line_moving_up_is_a_change_for_those_who_wait(
    alices: Client, alice: User, bob: User, make_job: MakeJob
) -> None:
    foreign, own, other = make_job(bob), make_job(alice), make_job(alice)
    Job.objects.filter(pk=own.pk).update(updated=timezone.now() - timedelta(minutes=1))
    lifecycle.cancel(alice, other.pk)
    page = alices.get(GALLERY)
    assert "Number 2 in line" in words(page)
    assert look(alices, page).status_code == 204

    lifecycle.cancel(bob, foreign.pk)

    answer = look(alices, page)
    assert own.pk in shown(answer)
    assert "Next in line" in words(answer)


def test_a_new_video_belongs_on_the_page_if_it_is_of_those_asked_for(
    alices: Client, alice: User, make_job: MakeJob
) -> None:
    everything, evening = alices.get(GALLERY), alices.get(GALLERY, {"q": "evening"})
    make_job(alice, name="Good morning")

    assert [("data-fits" in source(look(alices, page))) for page in (everything, evening)] == [True, False]
    assert "1 video" in words(look(alices, everything))


def test_a_renamed_and_a_removed_video_are_changes(alices: Client, alice: User, job_in: JobIn) -> None:
    renamed, removed = job_in(Status.DONE, alice), job_in(Status.DONE, alice)
    page = alices.get(GALLERY)

    lifecycle.rename(alice, renamed.pk, "Good evening")
    answer = look(alices, page)
    assert "Good evening" in words(answer)
    lifecycle.remove(alice, removed.pk)
    answer = look(alices, answer)

    assert f'<li id="job-{removed.pk}" hx-swap-oob="delete">' in source(answer)
    assert removed.pk not in shown(answer)
    assert "1 video" in words(answer)


def test_a_word_that_is_not_ours_or_too_old_lets_nobody_ask(
    alices: Client, charlies: Client, anybody: Client, alice: User, make_job: MakeJob, settings: Settings
) -> None:
    make_job(alice)
    address = html.unescape(str(re.findall(r'hx-get="([^"]*)"', element(alices.get(GALLERY), "watch"))[0]))

    for wrong in (address.replace("of=", "of=x"), address.replace("of=", "of=&x="), "/gallery/changes/"):
        assert "HX-Redirect" in anybody.get(wrong, headers=HTMX).headers
    # The word of somebody else tells that something has changed, never what.
    lifecycle.cancel(alice, Job.objects.get().pk)
    assert shown(charlies.get(address, headers=HTMX)) == []
    assert "HX-Redirect" in anybody.get(address, headers=HTMX).headers


@pytest.mark.parametrize("mark", ["", "x", "9" * 40, "-1-", "²"])
def test_a_mark_that_is_none_loads_the_page_anew(alices: Client, mark: str) -> None:
    assert alices.get("/gallery/changes/", {"since": mark}, headers=HTMX).headers.get("HX-Refresh") == "true"


def test_after_too_many_changes_the_page_is_loaded_anew(
    alices: Client, alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = alices.get(GALLERY)
    for _ in range(3):
        make_job(alice)

    assert len(shown(look(alices, page))) == 3
    monkeypatch.setattr(changes, "MOST_CHANGES", 2)
    assert look(alices, page).headers["HX-Refresh"] == "true"

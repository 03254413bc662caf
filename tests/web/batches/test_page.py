"""The page of a batch: how far it is, cancelled or tried again as a whole."""

from pathlib import Path

import pytest
from django.test import Client

from jobs import batches, lifecycle
from jobs.lifecycle import Order
from jobs.models import Job, Status, User
from jobs.models.job import Model
from tests import engine, files
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.web.batches.conftest import Plan
from tests.web.batches.making import made, work
from tests.web.cards import look, shown
from tests.web.reading import HTMX, element, source, words


def test_the_page_says_how_far_it_is_and_learns_what_has_changed(
    alices: Client, alice: User, plan: Plan, fake_engine: type[FakeEngine]
) -> None:
    batch = made(plan())
    page = alices.get(f"/batches/{batch.pk}/")
    assert "0 of 3 done" in words(page)
    assert look(alices, page).status_code == 204

    jobs = work(batch, fake_engine, engine.succeed, engine.fail)
    part = look(alices, page)
    assert "1 of 3 done" in words(part)
    assert "1 failed" in words(part)
    assert "The recording holds 0 voices." in words(part)
    assert "Cancel 1 video" in words(part)
    assert "<html" not in source(part)
    assert set(shown(part)) == {job.pk for job in jobs}
    assert 'hx-swap-oob="morph:#batch-live"' in element(part, "batch-live")
    assert "data-fits" not in source(part)

    batches.cancel(alice, batch.pk)
    assert "1 cancelled" in words(look(alices, part))
    page = alices.get(f"/batches/{batch.pk}/")
    assert "1 cancelled" in words(page)
    assert 'id="cancel"' not in source(page)
    assert len(shown(page)) == 3


def test_of_its_page_only_its_own_videos_change(
    alices: Client, alice: User, plan: Plan, fake_engine: type[FakeEngine], make_job: MakeJob
) -> None:
    batch = made(plan())
    jobs = work(batch, fake_engine, engine.fail, engine.fail)
    page = alices.get(f"/batches/{batch.pk}/")

    other = make_job(alice)
    lifecycle.hide(alice, [jobs[0].pk])
    new = lifecycle.again(jobs[1].pk)
    part = look(alices, page)

    assert "0 of 2 done" in words(part)
    assert {new.pk, jobs[2].pk} == set(shown(part))
    for left in jobs[:2]:
        assert f'<li id="job-{left.pk}" hx-swap-oob="delete">' in source(part)
    assert str(other.pk) not in source(part)  # it never was on this page


@pytest.mark.parametrize("mark", ["", "x"])
def test_a_mark_that_is_none_loads_the_page_anew(alices: Client, plan: Plan, mark: str) -> None:
    answer = alices.get(f"/batches/{made(plan()).pk}/changes/", {"since": mark}, headers=HTMX)

    assert answer["HX-Refresh"] == "true"


def test_many_cards_are_on_numbered_pages(alices: Client, alice: User, png: Path, wav: Path) -> None:
    face, voice = files.picture_draft(png), files.voice_draft(wav, 3)
    orders = [Order(Model.IMAGE, {"image": face, "audio": voice}, name=str(n)) for n in range(30)]
    batch = batches.submit(alice, batches.plan(alice, "Many", orders).pk)

    first, second = (shown(alices.get(f"/batches/{batch.pk}/?page={page}")) for page in (1, 2))

    assert (len(first), len(second)) == (24, 6)
    assert first + second == [job.pk for job in batches.jobs_in(batch)]


def test_what_is_open_is_cancelled_by_one_press(alices: Client, plan: Plan, fake_engine: type[FakeEngine]) -> None:
    batch = made(plan())
    work(batch, fake_engine, engine.succeed)

    answer = alices.post(f"/batches/{batch.pk}/cancel/")

    assert (answer.status_code, answer["Location"]) == (303, f"/batches/{batch.pk}/")
    assert [job.status for job in batches.jobs_in(batch)] == [Status.DONE, Status.CANCELLED, Status.CANCELLED]


def test_what_failed_is_tried_again_by_one_press(alices: Client, plan: Plan, fake_engine: type[FakeEngine]) -> None:
    batch = made(plan())
    work(batch, fake_engine, engine.fail, engine.succeed, engine.fail)

    for _ in range(2):  # a double click
        assert alices.post(f"/batches/{batch.pk}/retry/").status_code == 303

    assert [job.status for job in batches.jobs_in(batch)] == [Status.DONE, Status.QUEUED, Status.QUEUED]
    assert Job.objects.count() == 5

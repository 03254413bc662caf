"""A list, a search and the front page read through indexes, and no more rows than are shown or counted so far."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from jobs import health, lifecycle
from jobs.admin import paging
from jobs.models import Job, User
from tests import people
from tests.admin.desk import LISTS, Fill, page, url
from tests.plans import plans_of

# The plans are SQLite's, which has no statistics here: it plans for few rows as it does for many.
pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")

# A walk through all of a table, and through all of an index that holds little of it.
WHOLE = re.compile(r"SCAN (jobs_(?!beat|complaint)\w+)$")
SMALL = ("job_queued", "job_running", "job_looks", "delivery_due", "one_shared_page_a_job", "media_size")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_in_the_order_of_an_index_and_counted_so_far(
    desk: Client, name: str, fill: Fill, alice: User
) -> None:
    fill(alice)

    with plans_of() as plans:
        page(desk, url(f"{name}_changelist"))

    table = f'FROM "jobs_{name}"'
    asked = {query: plan for query, plan in plans.items() if table in query}
    counts = [query for query in asked if query.startswith("SELECT COUNT(*)")]
    assert counts
    assert all(f"LIMIT {paging.MOST_COUNTED + 1})" in query for query in counts)
    if name in ("beat", "wallet", "enginestate"):  # few rows; and in the order of the table itself
        return
    for query, plan in asked.items():
        if query not in counts:
            assert not any(WHOLE.search(step) for step in plan), (query, plan)
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, (query, plan)


@pytest.mark.parametrize(
    ("name", "words", "through"),
    [
        ("job", lambda job: str(job.pk), "jobs_job"),
        ("job", lambda job: str(job.pk)[:8], "jobs_job"),
        ("job", lambda job: job.user.email, "jobs_job"),
        ("movement", lambda job: str(job.pk), "jobs_movement"),
        ("movement", lambda job: job.user.email, "jobs_movement"),
        ("media", lambda job: job.user.email, "jobs_media"),
        ("delivery", lambda job: job.delivery.pk, "jobs_delivery"),
        ("delivery", lambda job: str(job.pk), "jobs_delivery"),
        ("apikey", lambda job: job.api_key.public_id, "jobs_apikey"),
        ("share", lambda job: job.shares.get().token, "jobs_share"),
    ],
)
def test_what_is_looked_for_by_a_key_is_found_through_an_index(
    desk: Client, fill: Fill, alice: User, name: str, words: Callable[[Job], str], through: str
) -> None:
    job = fill(alice)

    with plans_of() as plans:
        html = page(desk, url(f"{name}_changelist", q=words(job)))

    assert "0 results" not in html
    steps = [step for query, plan in plans.items() if f'FROM "{through}"' in query for step in plan]
    assert any(step.startswith(f"SEARCH {through} ") for step in steps)
    assert not any(step.startswith(f"SCAN {through}") for step in steps), steps


def test_the_front_page_and_the_sweep_read_no_table_as_a_whole(desk: Client, fill: Fill, alice: User) -> None:
    fill(alice)

    with plans_of() as plans:
        page(desk, reverse("admin:index"))
        lifecycle.sweep()
        health.report()

    steps = [step for plan in plans.values() for step in plan if step.startswith("SCAN jobs_")]
    assert steps
    walked = [step for step in steps if not any(step.endswith(f"INDEX {index}") for index in SMALL)]
    assert [step for step in walked if WHOLE.search(step) or "INDEX" in step] == []


def test_rows_are_counted_only_so_far(desk: Client, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    for number in range(5):
        people.person(f"user{number}@example.org")
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)

    html = page(desk, url("user_changelist"))

    assert "more than 3 users" in html
    assert "4 users" not in html
    assert "3 users" in page(
        desk,
        url("user_changelist", is_staff__exact=0, email__in="user1@example.org,user2@example.org,user3@example.org"),
    )

"""The operator's pages show, link and find everything."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Task

from jobs.admin.base import link_to
from jobs.models import (
    ApiKey,
    Attempt,
    Delivery,
    Job,
    Media,
    User,
)
from tests.admin.desk import HOOK, LISTS, Fill, act, page, url
from tests.people import PASSWORD


def test_the_operator_logs_in_with_the_email_address(operator: User, client: Client) -> None:
    form: Any = client.get(reverse("admin:index"), follow=True)
    assert form.request["PATH_INFO"] == reverse("account_login")
    login = {"login": operator.email, "password": PASSWORD, "next": reverse("admin:index")}
    answer = client.post(reverse("account_login"), login, follow=True)

    assert answer.context["user"] == operator
    assert "Mundwerk" in str(answer.content, "utf-8")


def test_the_front_page_lists_what_is_of_use(desk: Client) -> None:
    html = page(desk, reverse("admin:index"))

    for name in (*(f"{name}_changelist" for name in LISTS), "ormq_changelist", "failure_changelist"):
        assert url(name) in html
    for name in ("schedule", "success"):
        assert f"/django_q/{name}/" not in html


def test_nobody_else_gets_in(alice: User, client: Client, fill: Fill) -> None:
    job = fill(alice)
    client.force_login(alice)

    for address in (reverse("admin:index"), url("job_changelist"), url("job_change", job.pk)):
        assert client.get(address).status_code == 302


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_as_many_questions_for_many_rows_as_for_few(
    desk: Client, name: str, fill: Fill, alice: User, bob: User, charlie: User
) -> None:
    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(desk, url(f"{name}_changelist"))
        return len(asked)

    fill(alice)
    few = questions()
    for user in (alice, bob, charlie):
        for _ in range(2):
            fill(user)

    assert questions() == few


@pytest.mark.parametrize("name", LISTS)
def test_every_row_has_a_page(desk: Client, name: str, fill: Fill, alice: User) -> None:
    fill(alice)
    model = next(model for model in admin.site._registry if model._meta.label_lower == f"jobs.{name}")

    rows = list(model._default_manager.all())
    assert rows
    for row in rows:
        page(desk, url(f"{name}_change", row.pk))


def test_a_delivery_is_found_whatever_its_id(desk: Client, alice: User) -> None:
    """Some ids hold what the admin would read as a sign: msg_25… as msg%…"""
    delivery = Delivery.objects.create(id="msg_2540", user=alice, url=HOOK, body="{}")

    (address,) = re.findall(r'href="([^"]*)"', str(link_to(delivery)))

    assert delivery.pk in page(desk, address)


def test_a_test_event_has_no_job(desk: Client, alice: User) -> None:
    delivery = Delivery.objects.create(user=alice, url=HOOK, body="{}")

    assert "test event" in page(desk, url("delivery_changelist"))
    assert alice.email in page(desk, url("delivery_change", delivery.pk))


def test_a_job_links_to_all_that_belongs_to_it(desk: Client, fill: Fill, alice: User) -> None:
    job = fill(alice)
    job.refresh_from_db()

    html = page(desk, url("job_change", job.pk))

    assert url("user_change", alice.pk) in html
    assert url("wallet_change", job.wallet_id) in html
    assert url("movement_changelist", job__id__exact=job.pk) in html
    assert url("delivery_change", job.delivery.pk) in html
    assert url("apikey_change", job.api_key_id) in html
    for media in Media.objects.all():
        assert url("media_change", media.pk) in html
    movements = page(desk, url("movement_changelist", job__id__exact=job.pk))
    assert "2 movements" in movements


def test_an_account_links_to_all_that_belongs_to_it(desk: Client, fill: Fill, alice: User, bob: User) -> None:
    fill(alice)
    fill(bob)

    html = page(desk, url("user_change", alice.pk))

    for name in ("job_changelist", "apikey_changelist"):
        address = url(name, user__id__exact=alice.pk)
        assert address in html
        assert bob.email not in page(desk, address)
    assert url("wallet_change", alice.wallets.get().pk) in html


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("user", lambda job: "alice@"),
        ("apikey", lambda job: "alice@"),
        ("apikey", lambda job: job.api_key.public_id),
        ("job", lambda job: str(job.pk)),
        ("job", lambda job: str(job.pk)[:8]),
        ("job", lambda job: "alice@"),
        ("wallet", lambda job: "alice@"),
        ("movement", lambda job: str(job.pk)),
        ("media", lambda job: "alice@"),
        ("delivery", lambda job: job.delivery.pk),
        ("delivery", lambda job: str(job.pk)),
    ],
)
def test_the_search_finds_by_what_one_knows(
    desk: Client, fill: Fill, alice: User, bob: User, name: str, words: Callable[[Job], str]
) -> None:
    job = fill(alice)
    fill(bob)

    html = page(desk, url(f"{name}_changelist", q=words(job)))

    assert "alice@example.org" in html
    assert "bob@example.org" not in html


def test_the_digest_of_a_key_is_nowhere(desk: Client, fill: Fill, alice: User) -> None:
    job = fill(alice)
    key = ApiKey.objects.get(jobs=job)

    html = page(desk, url("apikey_change", key.pk)) + page(desk, url("apikey_changelist"))

    assert "digest" not in html
    assert bytes(key.digest).hex() not in html
    assert key.public_id in html


def test_deliveries_are_filtered_by_their_last_answer(desk: Client, fill: Fill, alice: User) -> None:
    delivery = Delivery.objects.get(job=fill(alice))

    assert delivery.pk in page(desk, url("delivery_changelist", answer="2"))
    assert delivery.pk not in page(desk, url("delivery_changelist", answer="5"))
    Attempt.objects.create(delivery=delivery, number=3, milliseconds=1, error="this URL's host name is not known.")
    Delivery.objects.update(tries=3)
    assert delivery.pk in page(desk, url("delivery_changelist", answer="none"))
    html = page(desk, url("delivery_change", delivery.pk))
    assert "this URL&#x27;s host name is not known." in html
    assert "<b>hm</b>" not in html


def test_a_file_can_be_opened(desk: Client, fill: Fill, alice: User) -> None:
    job = fill(alice)
    job.refresh_from_db()
    assert job.result is not None

    html = page(desk, url("media_change", job.result.pk))

    assert '<a href="/media/' in html
    assert url("job_change", job.pk) in html


def test_what_failed_in_the_queue_can_be_seen_and_repeated(desk: Client, db: None) -> None:
    now = timezone.now()
    Task.objects.create(
        id="f" * 32,
        name="a-failed-task",
        func="jobs.tasks.deliver",
        args=("msg_1",),
        result="Traceback",
        started=now - timedelta(seconds=1),
        stopped=now,
        success=False,
        cluster="default",
    )

    assert "a-failed-task" in page(desk, url("failure_changelist"))
    page(desk, url("failure_change", "f" * 32))
    act(desk, "failure", "resubmit_task", "f" * 32)

    (entry,) = OrmQ.objects.all()
    assert (entry.key, entry.task["func"], entry.task["args"]) == ("default", "jobs.tasks.deliver", ("msg_1",))
    assert "jobs.tasks.deliver" in page(desk, url("ormq_changelist"))


@pytest.mark.parametrize("address", ["/admin/", "/admin/jobs/job/", "/admin/login/"])
def test_the_operators_pages_are_in_english_and_nothing_else_is(desk: Client, address: str) -> None:
    german = desk.get(address, headers={"accept-language": "de"})
    assert german.headers["Content-Language"] == "en"
    assert desk.get("/pricing/", headers={"accept-language": "de"}).headers["Content-Language"] == "de"

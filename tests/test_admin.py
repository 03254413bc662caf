"""The operator's pages: they show and link everything, change only through the story, and ask few questions."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Task

from jobs import credits, health, keys, lifecycle
from jobs.admin.base import link_to
from jobs.models import (
    ApiKey,
    Attempt,
    Complaint,
    Delivery,
    DeliveryStatus,
    Job,
    Media,
    Movement,
    MovementKind,
    Status,
    User,
    Wallet,
    WalletKind,
)
from tests.conftest import MakeJob
from tests.engine import FakeEngine, fail, succeed
from tests.people import PASSWORD

HOOK = "http://example.org/hook"
LISTS = ("user", "apikey", "job", "wallet", "movement", "media", "delivery", "beat")
READ_ONLY = ("movement", "media", "beat")


def url(page: str, *args: object, **query: object) -> str:
    app = "django_q" if page.startswith(("ormq", "failure")) else "jobs"
    return reverse(f"admin:{app}_{page}", args=[quote(str(one)) for one in args]) + (
        f"?{urlencode(query)}" if query else ""
    )


@pytest.fixture
def desk(operator: User, client: Client) -> Client:
    """The operator's browser."""
    client.force_login(operator)
    return client


Fill = Callable[[User], Job]


@pytest.fixture
def fill(make_job: MakeJob, fake_engine: type[FakeEngine]) -> Fill:
    """Gives an account one of everything; the job is done and its delivery was tried twice."""

    def everything(user: User) -> Job:
        key, _ = keys.create(user, "laptop")
        job = make_job(user, webhook=HOOK, api_key=key, name="Good morning")
        lifecycle.start(str(job.pk))
        delivery = Delivery.objects.get(job=job)
        for number, code in ((1, 500), (2, 200)):
            Attempt.objects.create(delivery=delivery, number=number, code=code, milliseconds=5, answer="<b>hm</b>")
        Delivery.objects.filter(pk=delivery.pk).update(tries=2)
        health.ask()
        return job

    return everything


WHY = "Asked for by mail"


def act(desk: Client, page: str, action: str, *rows: object, **more: object) -> str:
    """Choose rows of a list and do `action`, with a reason: the page that follows."""
    chosen = {"action": action, "_selected_action": [str(row) for row in rows]}
    answer = desk.post(url(f"{page}_changelist"), chosen | {"reason": WHY} | more, follow=True)
    assert answer.status_code in (200, 422)
    return str(answer.content, "utf-8")


def page(desk: Client, address: str) -> str:
    answer = desk.get(address)
    assert answer.status_code == 200, address
    return str(answer.content, "utf-8")


# --- Getting in --------------------------------------------------------------------------


def test_the_operator_logs_in_with_the_email_address(operator: User, client: Client) -> None:
    answer = client.post(reverse("admin:login"), {"username": operator.email, "password": PASSWORD}, follow=True)

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


# --- Lists and pages ---------------------------------------------------------------------


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


# --- What can be changed -----------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in LISTS if name != "user"])
def test_nothing_is_added_or_removed_by_hand(desk: Client, name: str, fill: Fill, alice: User) -> None:
    fill(alice)
    model = next(model for model in admin.site._registry if model._meta.label_lower == f"jobs.{name}")
    row = model._default_manager.first()
    assert row is not None

    assert desk.post(url(f"{name}_add")).status_code == 403
    assert desk.post(url(f"{name}_delete", row.pk), {"post": "yes"}).status_code == 403
    act(desk, name, "delete_selected", row.pk)
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_kept_is_not_edited(desk: Client, name: str, fill: Fill, alice: User) -> None:
    fill(alice)
    model = next(model for model in admin.site._registry if model._meta.label_lower == f"jobs.{name}")
    row = model._default_manager.first()
    assert row is not None

    assert desk.post(url(f"{name}_change", row.pk), {"amount": 1, "name": "x", "queue": "x"}).status_code == 403


def test_a_job_can_be_renamed_while_it_moves_on(desk: Client, make_job: MakeJob, alice: User) -> None:
    """The form writes the name alone, so it takes nothing back that a worker wrote meanwhile."""
    job = make_job(alice)
    form = {"name": "Hello", "status": "done", "price": 0, "progress": 1}
    moved: list[str] = []

    def move_on(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
        if sql.startswith('UPDATE "jobs_job"') and not moved:
            moved.append(sql)
            Job.objects.filter(pk=job.pk).update(status=Status.RUNNING, progress=0.5)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(move_on):
        assert desk.post(url("job_change", job.pk), form).status_code == 302

    assert moved
    job.refresh_from_db()
    assert (job.name, job.status, job.progress, job.price) == ("Hello", Status.RUNNING, 0.5, 10)


def test_a_delivery_is_not_edited(desk: Client, fill: Fill, alice: User) -> None:
    delivery = Delivery.objects.get(job=fill(alice))
    inline = {"attempts-TOTAL_FORMS": 0, "attempts-INITIAL_FORMS": 0}

    desk.post(url("delivery_change", delivery.pk), {"url": "http://evil.example/", "body": "{}"} | inline)

    delivery.refresh_from_db()
    assert delivery.url == HOOK


def test_cancelling_goes_through_the_story(desk: Client, make_job: MakeJob, fill: Fill, alice: User) -> None:
    done, waiting = fill(alice), make_job(alice, webhook=HOOK)

    html = act(desk, "job", "cancel", done.pk, waiting.pk)

    assert "Cancelled: 1." in html
    assert "Good morning: It has ended already." in html
    done.refresh_from_db()
    waiting.refresh_from_db()
    assert (done.status, waiting.status) == (Status.DONE, Status.CANCELLED)
    assert waiting.movements.filter(kind=MovementKind.RELEASE).count() == 1
    assert Delivery.objects.filter(job=waiting).exists()


def test_a_revoked_key_stops_working(desk: Client, alice: User, bob: User) -> None:
    (row, key), (_, others) = keys.create(alice), keys.create(bob)

    assert "Revoked: 1." in act(desk, "apikey", "revoke", row.pk)

    assert keys.recognise(key) is None
    assert keys.recognise(others) is not None
    html = act(desk, "apikey", "revoke", row.pk)
    assert "Revoked: 0." in html
    assert "It was revoked before." in html


def test_an_edited_key_stays_revoked(desk: Client, alice: User) -> None:
    row, key = keys.create(alice, "laptop")
    keys.revoke(alice, row.public_id)

    desk.post(url("apikey_change", row.pk), {"name": "old laptop", "revoked": "", "expires_0": "", "expires_1": ""})

    row.refresh_from_db()
    assert row.name == "old laptop"
    assert keys.recognise(key) is None


def test_a_grant_is_a_movement_with_its_reason(desk: Client, alice: User) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)

    answer = desk.post(url("wallet_change", wallet.pk), {"amount": 50, "reason": "For the workshop"}, follow=True)

    assert "Granted 50 credits: For the workshop" in str(answer.content, "utf-8")
    assert Wallet.objects.get(pk=wallet.pk).available == 550
    newest = Movement.objects.filter(wallet=wallet).first()
    assert newest is not None
    assert (newest.kind, newest.amount, newest.note) == (MovementKind.GRANT, 50, "For the workshop")
    assert "50 credits" in page(desk, reverse("admin:jobs_wallet_history", args=[wallet.pk]))
    assert list(credits.wrong_wallets()) == []


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"amount": 50, "reason": ""}, "Say why"),
        ({"amount": "", "reason": "For the workshop"}, "Say how many"),
        ({"amount": -5, "reason": "Back"}, "greater than or equal to 1"),
        ({"amount": 10**9, "reason": "Much"}, "less than or equal to"),
        ({"amount": 5, "reason": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_grant_needs_an_amount_and_a_reason(
    desk: Client, alice: User, form: dict[str, object], sentence: str
) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)

    answer = desk.post(url("wallet_change", wallet.pk), form)

    assert answer.status_code == 200
    assert sentence in str(answer.content, "utf-8")
    assert Movement.objects.count() == 1


def test_a_balance_is_not_edited(desk: Client, alice: User) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)

    desk.post(url("wallet_change", wallet.pk), {"available": 9999, "held": 9999, "amount": "", "reason": ""})

    wallet.refresh_from_db()
    assert (wallet.available, wallet.held) == (500, 0)


def test_a_delivery_is_sent_again(desk: Client, fill: Fill, alice: User) -> None:
    delivery = Delivery.objects.get(job=fill(alice))
    Delivery.objects.update(status=DeliveryStatus.GIVEN_UP, due=None, tries=2)
    OrmQ.objects.all().delete()

    assert "To be sent: 1." in act(desk, "delivery", "send_again", delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, OrmQ.objects.get().key) == (DeliveryStatus.PENDING, "default")
    assert "It is being sent already." in act(desk, "delivery", "send_again", delivery.pk)
    Delivery.objects.update(created=timezone.now() - timedelta(days=31), status=DeliveryStatus.GIVEN_UP)
    assert "It is too old to be sent again." in act(desk, "delivery", "send_again", delivery.pk)


def test_an_account_is_made_with_a_lower_case_address(desk: Client) -> None:
    form = {"email": "New@Example.org", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    assert desk.post(url("user_add"), form).status_code == 302
    made = User.objects.get(email="new@example.org")
    assert made.check_password(PASSWORD)
    assert not made.is_staff

    answer = desk.post(url("user_add"), form | {"email": "NEW@example.org"})
    assert "already exists" in str(answer.content, "utf-8")


def test_an_account_is_not_removed_and_not_switched_off_in_passing(desk: Client, alice: User) -> None:
    assert desk.post(url("user_delete", alice.pk), {"post": "yes"}).status_code == 403
    assert desk.post(url("user_change", alice.pk), {"email": alice.email}).status_code == 302

    alice.refresh_from_db()
    assert alice.is_active


def test_a_suspended_account_is_out_until_it_is_let_in_again(
    desk: Client, alice: User, make_job: MakeJob, fill: Fill
) -> None:
    _, key = keys.create(alice)
    done, waiting = fill(alice), make_job(alice)
    alices = Client()
    alices.force_login(alice)

    html = act(desk, "user", "suspend", alice.pk)

    assert "Suspended: 1." in html
    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (waiting.status, done.status) == (Status.CANCELLED, Status.DONE)
    assert keys.recognise(key) is None
    assert alices.get("/gallery/").status_code in (302, 303)
    assert alices.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})["Location"].endswith(
        "/inactive/"
    )
    assert f"{WHY} (1 jobs cancelled)" in page(desk, reverse("admin:jobs_user_history", args=[alice.pk]))

    assert "Let in: 1." in act(desk, "user", "readmit", alice.pk)
    assert keys.recognise(key) is not None
    alices.force_login(alice)
    assert alices.get("/gallery/").status_code == 200


def test_nobody_suspends_the_operator_or_themselves(client: Client, alice: User, operator: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.user_permissions.add(*Permission.objects.filter(content_type__app_label="jobs"))
    client.force_login(alice)

    html = act(client, "user", "suspend", alice.pk, operator.pk)

    assert html.count("This account is not yours to suspend.") == 2
    assert User.objects.filter(is_active=True, pk__in=[alice.pk, operator.pk]).count() == 2


# --- Reasons ------------------------------------------------------------------------------


def test_a_reason_is_asked_for_first_and_nothing_done_without(desk: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    chosen = {"action": "cancel", "_selected_action": [str(job.pk)]}

    asked = desk.post(url("job_changelist"), chosen)
    empty = desk.post(url("job_changelist"), chosen | {"reason": " "})

    assert (asked.status_code, empty.status_code) == (200, 422)
    assert str(job.pk) in str(asked.content, "utf-8")
    assert "Say why" not in str(asked.content, "utf-8")
    assert "Say why: the reason is kept." in str(empty.content, "utf-8")
    job.refresh_from_db()
    assert job.status == Status.QUEUED


def test_a_reason_is_kept_with_each_row(desk: Client, alice: User, make_job: MakeJob) -> None:
    jobs = [make_job(alice), make_job(alice)]

    act(desk, "job", "cancel", *(job.pk for job in jobs))

    for job in jobs:
        assert f"Cancel, credits back: {WHY}" in page(desk, reverse("admin:jobs_job_history", args=[job.pk]))


def test_a_row_has_its_lists_actions_on_its_own_page(desk: Client, alice: User, fill: Fill) -> None:
    job = fill(alice)
    for name, row, action in (
        ("job", job.pk, "refund"),
        ("user", alice.pk, "suspend"),
        ("delivery", Delivery.objects.get(job=job).pk, "send_again"),
    ):
        html = page(desk, url(f"{name}_change", row))
        assert f'name="action" value="{action}"' in html
        assert f'name="_selected_action" value="{row}"' in html


def test_who_may_only_look_is_offered_no_action(client: Client, alice: User, fill: Fill) -> None:
    job = fill(alice)
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(alice)

    assert "desk-acts" not in page(client, url("job_change", job.pk))
    act(client, "job", "refund", job.pk)
    assert not Movement.objects.filter(kind=MovementKind.REFUND).exists()


def test_a_refund_goes_back_once_to_the_wallet_it_came_from(
    desk: Client, alice: User, fill: Fill, make_job: MakeJob
) -> None:
    job, waiting = fill(alice), make_job(alice)
    before = Wallet.objects.get(pk=job.wallet_id).available

    html = act(desk, "job", "refund", job.pk, waiting.pk)

    assert "Refunded: 1." in html
    assert "Only a finished job has cost anything." in html
    moved = Movement.objects.get(kind=MovementKind.REFUND)
    assert (moved.job_id, moved.amount, moved.note) == (job.pk, job.price, WHY)
    assert Wallet.objects.get(pk=job.wallet_id).available == before + job.price
    assert "has been refunded already" in act(desk, "job", "refund", job.pk)
    assert list(credits.wrong_wallets()) + list(credits.wrong_jobs()) == []


def test_a_failed_job_is_tried_again_as_a_new_one(
    desk: Client, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    fake_engine.acts = fail
    failed = make_job(alice, webhook=HOOK, name="Good morning")
    lifecycle.start(str(failed.pk))

    html = act(desk, "job", "retry", failed.pk)

    assert "Tried again: 1." in html
    new = Job.objects.exclude(pk=failed.pk).get()
    same = ("user_id", "model", "resolution", "seed", "prompt", "webhook", "name", "wallet_id", "price")
    assert [getattr(new, name) for name in same] == [getattr(failed, name) for name in same]
    assert {one.field: one.media_id for one in new.inputs.all()} == {
        one.field: one.media_id for one in failed.inputs.all()
    }
    assert new.status == Status.QUEUED
    fake_engine.acts = succeed
    lifecycle.start(str(new.pk))
    new.refresh_from_db()
    assert new.status == Status.DONE
    assert f"as {new.pk}" in page(desk, reverse("admin:jobs_job_history", args=[failed.pk]))
    assert "Only a job that failed" in act(desk, "job", "retry", new.pk)
    assert list(credits.wrong_wallets()) + list(credits.wrong_jobs()) == []


def test_a_shared_page_is_taken_down_for_good_and_its_complaints_are_settled(
    desk: Client, alice: User, fill: Fill
) -> None:
    job = fill(alice)
    share = lifecycle.share(alice, job.pk)
    complaint = Complaint.objects.create(share=share, text="That is not me.")
    html = page(desk, reverse("admin:index"))
    assert 'class="is-bad"><dt>Complaints to look at' in html
    assert "That is not me." in page(desk, url("complaint_changelist", settled__isempty=1))
    assert url("share_change", share.pk) in page(desk, url("complaint_change", complaint.pk))
    for words in (share.token, str(job.pk), "alice@"):
        assert share.token in page(desk, url("share_changelist", q=words))

    assert "Taken down: 1." in act(desk, "share", "take_down", share.pk)

    share.refresh_from_db()
    complaint.refresh_from_db()
    assert (share.is_open, complaint.settled is None) == (False, False)
    assert "It is down already." in act(desk, "share", "take_down", share.pk)
    assert "It was settled before." in act(desk, "complaint", "settle", complaint.pk)


def test_a_complaint_may_be_settled_and_the_page_stay(desk: Client, alice: User, fill: Fill) -> None:
    share = lifecycle.share(alice, fill(alice).pk)
    complaint = Complaint.objects.create(share=share, text="Boring.")

    assert "Settled: 1." in act(desk, "complaint", "settle", complaint.pk)

    share.refresh_from_db()
    assert share.is_open


# --- The front page -----------------------------------------------------------------------


def figures(html: str) -> dict[str, str]:
    """The figures of the front page by name."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(?:<a [^>]*>)?(.*?)(?:</a>)?(?: <span|</dd>)", html)
    return dict(found)


def test_the_front_page_counts(
    desk: Client, alice: User, fill: Fill, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    done, waiting = fill(alice), make_job(alice)
    fake_engine.acts = fail
    failed = make_job(alice)
    lifecycle.start(str(failed.pk))
    Job.objects.filter(pk=waiting.pk).update(created=timezone.now() - timedelta(hours=2))
    now = timezone.now()
    Job.objects.filter(pk=done.pk).update(started=now - timedelta(seconds=6), finished=now)
    old = make_job(alice)
    lifecycle.cancel(alice, old.pk)
    Job.objects.filter(pk=old.pk).update(finished=now - timedelta(days=2))

    html = page(desk, reverse("admin:index"))

    counted = figures(html)
    expected = {
        "Queued": "1",
        "Longest wait": "2.0 h",
        "Running": "0",
        "Done": "1",
        "Failed": "1",
        "Cancelled": "0",
        "Work for a second of video": "2.00 s",
        "The recording holds {count} voices.": "1",
        "Last day: used": str(done.price),
        "Last day: granted": "500",
        "Database": "works",
    }
    assert expected.items() <= counted.items()
    assert 'class="is-bad"><dt>Longest wait' in html
    for address in set(re.findall(r'<dd><a href="([^"]+)"', html)):
        page(desk, address.replace("&amp;", "&"))


def test_the_front_page_asks_as_many_questions_for_many_rows_as_for_few(
    desk: Client, alice: User, make_job: MakeJob
) -> None:
    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(desk, reverse("admin:index"))
        return len(asked)

    few = questions()
    for _ in range(5):
        make_job(alice, webhook=HOOK)
    assert questions() == few <= 20


def test_who_may_not_see_jobs_sees_no_figures(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    client.force_login(alice)

    assert "desk-panel" not in page(client, reverse("admin:index"))


def test_a_helper_can_not_become_an_operator(client: Client, alice: User, operator: User) -> None:
    """Whoever may edit accounts may not for that reason do everything."""
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.user_permissions.add(*Permission.objects.filter(content_type__app_label="jobs"))
    client.force_login(alice)

    form = {"email": alice.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(url("user_change", alice.pk), form).status_code == 302

    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser) == (True, False)
    new = {"usable_password": "true", "password1": "let me in, please", "password2": "let me in, please"}
    assert client.post(reverse("admin:auth_user_password_change", args=[operator.pk]), new).status_code == 403
    assert client.post(url("user_change", operator.pk), {"email": alice.email}).status_code == 403


# --- The queue ---------------------------------------------------------------------------


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

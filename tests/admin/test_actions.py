"""What the operator changes goes through the story, for a reason that is kept; nothing else can be changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from jobs import credits, keys, lifecycle, roster, sharing
from jobs.admin import reasons
from jobs.errors import Conflict
from jobs.models import (
    Complaint,
    Delivery,
    DeliveryStatus,
    Job,
    Movement,
    MovementKind,
    Status,
    User,
    Wallet,
    WalletKind,
)
from tests.admin.desk import HOOK, LISTS, READ_ONLY, WHY, Fill, act, page, url
from tests.conftest import MakeJob
from tests.engine import FakeEngine, FarEngine, fail, succeed
from tests.people import PASSWORD


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


def test_a_grant_is_a_movement_of_each_wallet_with_its_reason(desk: Client, alice: User, bob: User) -> None:
    wallets = [credits.wallet_of(user, WalletKind.API) for user in (alice, bob)]

    html = act(desk, "wallet", "grant", *(wallet.pk for wallet in wallets), amount=50)

    assert "Granted: 2." in html
    for wallet in wallets:
        assert Wallet.objects.get(pk=wallet.pk).available == 550
        newest = Movement.objects.filter(wallet=wallet).latest("pk")
        assert (newest.kind, newest.amount, newest.note) == (MovementKind.GRANT, 50, WHY)
        assert f"{WHY} (50 credits)" in page(desk, reverse("admin:jobs_wallet_history", args=[wallet.pk]))
    assert list(credits.wrong_wallets()) == []


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"amount": 50, "reason": ""}, "Say why"),
        ({"amount": ""}, "This field is required."),
        ({"amount": -5}, "greater than or equal to 1"),
        ({"amount": 10**9}, "less than or equal to"),
        ({"amount": 5, "reason": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_grant_needs_an_amount_and_a_reason(
    desk: Client, alice: User, form: dict[str, object], sentence: str
) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)

    assert sentence in act(desk, "wallet", "grant", wallet.pk, **form)
    assert Movement.objects.count() == 1


def test_an_account_is_granted_credits_before_it_has_a_wallet(desk: Client, alice: User, bob: User) -> None:
    html = act(desk, "user", "grant", alice.pk, bob.pk, amount=50, kind="api")

    assert "Granted: 2." in html
    for user in (alice, bob):
        wallet = user.wallets.get()
        assert (wallet.kind, wallet.available) == (WalletKind.API, 550)
    assert list(credits.wrong_wallets()) == []


def test_who_may_edit_accounts_may_not_pay_them(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.user_permissions.add(*Permission.objects.filter(codename__in=("view_user", "change_user")))
    client.force_login(alice)

    assert 'value="grant"' not in page(client, url("user_change", alice.pk))
    act(client, "user", "grant", alice.pk, amount=50, kind="api")
    assert not Movement.objects.exists()


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


def test_nothing_is_tried_again_for_a_suspended_account(desk: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.suspend(alice)

    html = act(desk, "job", "retry", job.pk)

    assert "Tried again: 0." in html
    assert "This account is suspended." in html
    with pytest.raises(Conflict, match="suspended"):
        make_job(alice)  # a request that came in just before
    assert Job.objects.count() == 1
    assert list(credits.wrong_wallets()) + list(credits.wrong_jobs()) == []


def test_nothing_is_done_whose_reason_can_not_be_kept(
    desk: Client, alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(alice)

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(admin.ModelAdmin, "log_change", full)
    with pytest.raises(OSError, match="disk full"):
        act(desk, "job", "cancel", job.pk)

    job.refresh_from_db()
    assert job.status == Status.QUEUED


def test_too_many_rows_are_done_in_parts(
    desk: Client, alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "MOST_ROWS", 2)
    rows = [make_job(alice).pk for _ in range(3)]

    assert "Only the first 2 of those chosen" in act(desk, "job", "cancel", *rows, reason="")
    assert "Cancelled: 2." in act(desk, "job", "cancel", *rows)
    assert Job.objects.filter(status=Status.QUEUED).count() == 1


@pytest.mark.parametrize("back", ["http://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_one_comes_back_to_where_one_was_and_nowhere_else(
    desk: Client, alice: User, make_job: MakeJob, back: str
) -> None:
    job = make_job(alice)
    filtered = url("job_changelist", status__exact="queued")
    chosen = {"action": "cancel", "_selected_action": [str(job.pk)]}

    asked = desk.post(filtered, chosen)
    assert f'name="back" value="{filtered}"' in str(asked.content, "utf-8")
    done = desk.post(url("job_changelist"), chosen | {"reason": WHY, "back": filtered})
    led = desk.post(url("job_changelist"), chosen | {"reason": WHY, "back": back})

    assert done["Location"] == filtered
    assert led["Location"] == url("job_changelist")


def test_a_shared_page_is_taken_down_for_good_and_its_complaints_are_settled(
    desk: Client, alice: User, fill: Fill
) -> None:
    job = fill(alice)
    share = sharing.share(alice, job.pk)
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
    share = sharing.share(alice, fill(alice).pk)
    complaint = Complaint.objects.create(share=share, text="Boring.")

    assert "Settled: 1." in act(desk, "complaint", "settle", complaint.pk)

    share.refresh_from_db()
    assert share.is_open


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


def test_an_engine_that_is_left_alone_is_let_in_again(desk: Client, far_engine: type[FarEngine]) -> None:
    for _ in range(roster.FAILURES_IN_A_ROW):
        roster.gave_out("far", "Nobody there.")
    assert roster.choose(["far"]) is None

    answer = act(desk, "enginestate", "reopen", "far")

    assert "Opened" in answer
    assert roster.choose(["far"]) == "far"
    assert "Jobs go there." in act(desk, "enginestate", "reopen", "far")

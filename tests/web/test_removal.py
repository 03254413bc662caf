"""Deleting one's account: asked, confirmed, done; nothing of the person stays and the ledger still adds up."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from jobs import credits, keys, lifecycle, sharing, tasks, webhooks
from jobs.engines.base import Outcome, Report, Work
from jobs.media import media_path
from jobs.models import ApiKey, Batch, Complaint, Delivery, Job, Media, Movement, Status, User, Wallet, WalletKind
from tests.conftest import MakeJob
from tests.engine import RESULT, FakeEngine, succeed
from tests.people import PASSWORD
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, problem, source, whole, words
from tests.web.test_accounts import LOG_IN, is_in, log_in, sign_up

REMOVE = "/account/delete/"
HOOK = "https://alice.example.org/hook"


def remove(client: Client, password: str = PASSWORD, **headers: str) -> Any:
    """Press the button, and give the password that is asked for then."""
    asked = client.post(REMOVE, {"sure": "1"}, headers=headers)
    assert asked.status_code == 302
    assert asked["Location"] == f"/accounts/reauthenticate/?next={REMOVE.replace('/', '%2F')}"
    return client.post(asked["Location"], {"password": password, "next": REMOVE}, follow=True, headers=headers)


def everything_stored() -> str:
    """Every value of every row."""
    with connection.cursor() as cursor:
        rows = []
        for model in apps.get_models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            rows += cursor.fetchall()
    return str(rows)


def test_it_says_what_goes_and_asks(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    sharing.share(alice, job.pk)
    keys.create(alice)
    keys.create(alice)

    page = words(alices.get(REMOVE))

    assert "1 video, with the files it was made of" in page
    assert "1 shared page" in page
    assert "2 API keys" in page
    assert "490 credits that are left" in page
    refused = alices.post(REMOVE)
    assert (refused.status_code, problem(refused, "sure")) == (422, "Confirm that you know it cannot be undone.")
    assert User.objects.get(pk=alice.pk).email == alice.email


def test_nobody_deletes_it_without_the_password(alices: Client, alice: User, job_in: JobIn) -> None:
    job_in(Status.DONE, alice)
    before = everything_of(alice)

    remove(alices, "wrong")

    assert everything_of(alice) == before
    assert is_in(alices)


def everything_of(user: User) -> list[object]:
    return [
        list(User.objects.filter(pk=user.pk).values("email", "is_active")),
        list(Job.objects.filter(user=user).values()),
        list(Media.objects.filter(owner=user).values()),
    ]


def test_the_person_is_gone_from_every_row_and_the_ledger_adds_up(
    alices: Client, alice: User, bob: User, job_in: JobIn, make_job: MakeJob, data_dir: Path
) -> None:
    User.objects.filter(pk=alice.pk).update(first_name="Alice", last_name="Wonderland")
    EmailAddress.objects.create(user=alice, email="second@example.org", verified=True)
    done = job_in(Status.DONE, alice, name="Mauerblume speech")
    share = sharing.share(alice, done.pk)
    link = media_path(Job.objects.get(pk=done.pk).result or Media())
    job_in(Status.FAILED, alice, name="Mauerblume failure")
    gone = job_in(Status.DONE, alice, name="Mauerblume past")
    lifecycle.remove(alice, gone.pk)
    waiting = make_job(alice, name="Mauerblume plan", prompt="mauerblume smile", webhook=HOOK)
    several = Batch.objects.create(owner=alice, name="Mauerblume greetings")
    Job.objects.filter(pk=waiting.pk).update(batch=several)
    Batch.objects.create(owner=alice, name="Later", plan=[{"name": "Mauerblume wish"}])
    row, key = keys.create(alice, "Mauerblume laptop")
    secret = webhooks.current_secret(alice).secret
    webhooks.send_test(alice, HOOK, {"said": "Mauerblume"})
    bobs = job_in(Status.DONE, bob, name="Bob's own")
    movements = list(Movement.objects.order_by("pk").values())
    visitor = Client()
    assert visitor.get(share_path(share.token)).status_code == 200
    assert whole(visitor.get(link)) == RESULT

    answer = remove(alices)

    assert "Your account is deleted." in words(answer)
    assert answer.request["PATH_INFO"] == "/"
    assert not is_in(alices)
    stored = everything_stored()
    assert "Bob's own" in stored or "Bob\\'s own" in stored
    for word in (
        alice.email,
        "second@example.org",
        "Wonderland",
        "auerblume",
        HOOK,
        secret,
        alice.password,
        row.public_id,
    ):
        assert word not in stored, word
    nobody = User.objects.get(pk=alice.pk)
    assert (nobody.is_active, nobody.has_usable_password()) == (False, False)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.removed is None) == (Status.CANCELLED, False)
    assert keys.recognise(key) is None
    assert visitor.get(share_path(share.token)).status_code == 404
    assert visitor.get(link).status_code == 404
    for rows in (ApiKey, Delivery, Authenticator, EmailAddress, UserSession):
        assert not rows.objects.filter(user=alice).exists()
    # What was moved stays as it was; only that the open job's credits were given back came to it.
    after = list(Movement.objects.order_by("pk").values())
    assert after[: len(movements)] == movements
    assert [(move["kind"], move["job_id"]) for move in after[len(movements) :]] == [("release", waiting.pk)]
    call_command("check_ledger", stdout=StringIO(), stderr=StringIO())

    tasks.drop_files(str(alice.pk))

    assert not Media.objects.filter(owner=alice).exists()
    kept = {path.name for path in (data_dir / "media").rglob("*") if path.is_file()}
    bobs_files = {Path(name).name for name in Media.objects.filter(owner=bob).values_list("name", flat=True)}
    assert kept == bobs_files != set()
    assert Job.objects.get(pk=bobs.pk).name == "Bob's own"
    assert Wallet.objects.filter(user=alice).exists()


def test_the_operators_history_names_the_person_no_more(
    alices: Client, alice: User, bob: User, operator: User, job_in: JobIn
) -> None:
    lists: dict[str, list[Any]] = {}
    for person in (alice, bob):
        name = f"{person.email} speaks"
        job = job_in(Status.DONE, person, name=name)
        Media.objects.filter(owner=person).update(filename=f"{name}.wav")
        key, _ = keys.create(person, name)
        share = sharing.share(person, job.pk)
        complaint = Complaint.objects.create(share=share, text=f"{name}, and I do not")
        several = Batch.objects.create(owner=person, name=name)
        wallets = [credits.wallet_of(person, kind) for kind in WalletKind]
        webhooks.send_test(person, HOOK, {})
        files, hooks = Media.objects.filter(owner=person), Delivery.objects.filter(user=person)
        lists[person.email] = [person, *wallets, job, *files, key, *hooks, share, complaint, several]
    for row in [*lists[alice.email], *lists[bob.email]]:
        LogEntry.objects.log_actions(operator.pk, [row], CHANGE, "Asked for by mail", single_object=True)
    names = dict(LogEntry.objects.values_list("pk", "object_repr"))
    assert sum(alice.email in name for name in names.values()) > 6

    remove(alices)

    kept = dict(LogEntry.objects.order_by("pk").values_list("pk", "object_repr"))
    hers = list(kept)[: len(lists[alice.email])]
    assert {kept.pop(pk) for pk in hers} == {f"removed-{alice.pk}@mundwerk.invalid"}
    assert kept.items() == {pk: name for pk, name in names.items() if pk not in hers}.items()
    assert set(LogEntry.objects.values_list("change_message", flat=True)) == {"Asked for by mail"}


def share_path(token: str) -> str:
    return f"/s/{token}/"


def test_many_files_go_in_several_tasks(alices: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.accounts.removal.FILES_AT_ONCE", 2)
    Media.objects.bulk_create(Media(owner=alice, name=f"inputs/{number}", size=1) for number in range(5))
    remove(alices)

    left = []
    for _ in range(3):
        tasks.drop_files(str(alice.pk))
        left.append(Media.objects.filter(owner=alice).count())

    assert left == [3, 1, 0]


def test_a_task_that_comes_for_a_living_account_drops_nothing(alice: User, job_in: JobIn) -> None:
    job_in(Status.DONE, alice)

    tasks.drop_files(str(alice.pk))

    assert Media.objects.filter(owner=alice).count() == 3


def test_a_job_that_is_just_being_made_comes_to_nothing(
    alices: Client, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], data_dir: Path
) -> None:
    job = make_job(alice)

    def meanwhile_removed(work: Work, report: Report) -> Outcome:
        remove(alices)
        return succeed(work, report)

    fake_engine.acts = meanwhile_removed
    lifecycle.start(str(job.pk))
    tasks.drop_files(str(alice.pk))

    job.refresh_from_db()
    assert (job.status, job.result) == (Status.CANCELLED, None)
    assert [path for path in (data_dir / "media").rglob("*") if path.is_file()] == []
    assert not Media.objects.exists()


def test_the_address_is_free_again(alices: Client, alice: User, anybody: Client) -> None:
    old = alice.pk
    remove(alices)
    assert "not correct" in words(log_in(anybody, alice.email))

    sign_up(anybody, alice.email)

    new = User.objects.get(email=alice.email)
    assert new.pk != old
    assert is_in(anybody)
    assert credits.wallet_of(new, WalletKind.USER).available == 500
    assert not Job.objects.filter(user=new).exists()


def test_a_mail_says_so_in_the_readers_language(alices: Client, alice: User, mailoutbox: list[EmailMessage]) -> None:
    remove(alices)

    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([alice.email], "Mundwerk: Your account is deleted")
    assert f"The account {alice.email} is deleted" in mail.body


def test_a_mail_that_can_not_be_sent_undoes_nothing(alices: Client, alice: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert "Your account is deleted." in words(remove(alices))
    assert not User.objects.filter(email=alice.email).exists()


def test_an_operators_account_is_not_deleted_from_under_the_installation(client: Client, operator: User) -> None:
    client.force_login(operator)

    answer = remove(client)

    assert "This account runs the installation." in words(answer)
    operator.refresh_from_db()
    assert operator.is_active


def test_every_session_ends(alices: Client, alice: User, anybody: Client) -> None:
    anybody.post(LOG_IN, {"login": alice.email, "password": PASSWORD})
    assert is_in(anybody)

    remove(alices)

    assert not is_in(anybody)


def test_the_page_is_there_in_german(alices: Client) -> None:
    assert '<html lang="de"' in source(alices.get(REMOVE, headers=GERMAN))
    assert re.search(r'href="/account/"', source(alices.get(REMOVE)))

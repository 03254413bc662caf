"""Credits: prices, the ledger's invariants under any sequence and any number of hands, and the check of it all."""

import threading
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from jobs import credits, lifecycle
from jobs.errors import InsufficientCredits
from jobs.models import Delivery, Job, Movement, MovementKind, Status, User, Wallet, WalletKind
from jobs.models.credit import LedgerIsImmutable
from jobs.models.job import Model
from tests import people
from tests.conftest import MakeJob
from tests.engine import FakeEngine


def bare_job(wallet: Wallet, price: int) -> Job:
    """A job's row, its price not yet held."""
    return Job.objects.create(user=wallet.user, wallet=wallet, price=price, model=Model.IMAGE, resolution=480, seed=1)


# --- Prices ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "resolution", "price"),
    [(0, 480, 10), (3, 720, 20), (5, 480, 10), (5.01, 480, 12), (10, 480, 20), (10, 720, 40), (600, 720, 2400)],
)
def test_seconds_are_rounded_up_and_five_are_billed_at_least(seconds: float, resolution: int, price: int) -> None:
    assert credits.price(seconds, resolution) == price


# --- Wallets ---------------------------------------------------------------------------


def test_a_new_account_finds_a_grant_in_each_wallet(alice: User, settings: Settings) -> None:
    settings.GRANT_USER_CREDITS, settings.GRANT_API_CREDITS = 30, 70

    for _ in range(2):
        assert credits.wallet_of(alice, WalletKind.USER).available == 30
        assert credits.wallet_of(alice, WalletKind.API).available == 70

    assert Movement.objects.filter(kind=MovementKind.GRANT, note=credits.FIRST_GRANT).count() == 2


def test_without_a_grant_a_new_wallet_is_empty(alice: User, settings: Settings) -> None:
    settings.GRANT_USER_CREDITS = 0

    assert credits.wallet_of(alice, WalletKind.USER).available == 0
    assert not Movement.objects.exists()


def test_a_movement_is_never_changed_or_removed(alice: User) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)
    movement = wallet.movements.get()

    with pytest.raises(LedgerIsImmutable):
        movement.save()
    with pytest.raises(LedgerIsImmutable):
        movement.delete()
    with pytest.raises(LedgerIsImmutable):
        Movement.objects.update(amount=1)
    with pytest.raises(LedgerIsImmutable):
        wallet.movements.all().delete()
    with pytest.raises(LedgerIsImmutable), transaction.atomic():
        Movement.objects.bulk_update([movement], ["amount"])
    # Not found out before the database is asked:
    copy = Movement(**{field.attname: getattr(movement, field.attname) for field in Movement._meta.fields})
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_the_database_itself_changes_no_movement(alice: User) -> None:
    credits.wallet_of(alice, WalletKind.API)

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_movement SET amount = 1")
    if connection.vendor == "postgresql":
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM jobs_movement")

    assert list(credits.wrong_wallets()) == []


@pytest.mark.parametrize("amount", [0, -1])
def test_a_grant_gives(alice: User, amount: int) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)

    with pytest.raises(IntegrityError), transaction.atomic():
        credits.grant(wallet, amount, "by mistake")

    assert list(credits.wrong_wallets()) == []


def test_a_price_is_settled_once(alice: User, make_job: MakeJob) -> None:
    job, _other = make_job(alice), make_job(alice)
    credits.capture(job)

    for again in (credits.capture, credits.release):
        with pytest.raises(IntegrityError), transaction.atomic():
            again(job)

    assert credits.wallet_of(alice, WalletKind.API).held == 10
    assert list(credits.wrong_wallets()) == []


def test_what_is_not_held_can_not_be_settled(alice: User) -> None:
    job = bare_job(credits.wallet_of(alice, WalletKind.API), 10)

    with pytest.raises(RuntimeError, match="nothing held"):
        credits.release(job)


class Ledger(RuleBasedStateMachine):
    """Any sequence of grants, holds and settlements, beside a plain model of one wallet."""

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.wallet = Wallet.objects.create(user=people.person("ledger@example.org"), kind=WalletKind.API)
        self.available, self.earned = 0, 0
        self.held: list[Job] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    @rule(amount=st.integers(1, 60))
    def grant(self, amount: int) -> None:
        credits.grant(self.wallet, amount, "because")
        self.available += amount

    @rule(price=st.integers(1, 60))
    def hold(self, price: int) -> None:
        if price > self.available:
            with pytest.raises(InsufficientCredits), transaction.atomic():
                credits.hold(bare_job(self.wallet, price))
            return
        job = bare_job(self.wallet, price)
        credits.hold(job)
        self.available -= price
        self.held.append(job)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), done=st.booleans())
    def settle(self, data: st.DataObject, done: bool) -> None:
        job = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        if done:
            credits.capture(job)
            self.earned += job.price
        else:
            credits.release(job)
            self.available += job.price
        Job.objects.filter(pk=job.pk).update(status=Status.DONE if done else Status.FAILED)

    @invariant()
    def balances_are_the_models_and_the_ledgers(self) -> None:
        wallet = Wallet.objects.get(pk=self.wallet.pk)
        assert (wallet.available, wallet.held) == (self.available, sum(job.price for job in self.held))
        issued = Movement.objects.filter(kind=MovementKind.GRANT).aggregate(sum=Sum("amount"))["sum"] or 0
        assert issued == wallet.available + wallet.held + self.earned
        assert [*credits.wrong_wallets(), *credits.wrong_jobs()] == []


def test_any_sequence_of_moves_keeps_the_ledger_right(db: None) -> None:
    some = hypothesis_settings(max_examples=12, stateful_step_count=15, deadline=None, database=None)
    run_state_machine_as_test(Ledger, settings=some)


# --- Many hands --------------------------------------------------------------------------


def at_once(hands: int, work: Callable[[], object]) -> None:
    """Do `work` in so many threads, all beginning together, each with its own connection."""
    together = threading.Barrier(hands)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            together.wait(20)
            work()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.django_db(transaction=True)
def test_eight_hands_never_overspend(settings: Settings) -> None:
    settings.GRANT_API_CREDITS = 200
    wallet = credits.wallet_of(User.objects.create_user("alice@example.org"), WalletKind.API)
    refused = []

    def spend() -> None:
        for _ in range(6):
            try:
                with transaction.atomic():
                    credits.hold(bare_job(wallet, 7))
            except InsufficientCredits:
                refused.append(1)

    at_once(8, spend)

    assert Job.objects.count() == 28  # of 48 that were tried, 200 credits pay for 28
    assert len(refused) == 20
    wallet.refresh_from_db()
    assert (wallet.available, wallet.held) == (4, 196)
    assert [*credits.wrong_wallets(), *credits.wrong_jobs()] == []


@pytest.mark.django_db(transaction=True)
def test_eight_hands_settle_once(settings: Settings) -> None:
    wallet = credits.wallet_of(User.objects.create_user("alice@example.org"), WalletKind.API)
    job, other = bare_job(wallet, 7), bare_job(wallet, 50)
    credits.hold(job)
    credits.hold(other)
    settled = []

    def settle() -> None:
        try:
            credits.release(job)
            settled.append(1)
        except IntegrityError:
            pass

    at_once(8, settle)

    assert len(settled) == 1
    wallet.refresh_from_db()
    assert (wallet.available, wallet.held) == (450, 50)


@pytest.mark.django_db(transaction=True)
def test_eight_hands_find_one_wallet_with_one_grant() -> None:
    alice = User.objects.create_user("alice@example.org")

    at_once(8, lambda: credits.wallet_of(alice, WalletKind.USER))

    assert Movement.objects.get().amount == Wallet.objects.get().available == 500


# --- manage.py check_ledger --------------------------------------------------------------


def findings() -> str:
    """What the command prints; it must exit 1 if, and only if, that is something."""
    out, code = StringIO(), 0
    try:
        call_command("check_ledger", stdout=out, stderr=StringIO())
    except CommandError as error:
        code = error.returncode
    assert code == (1 if out.getvalue() else 0)
    return out.getvalue()


@pytest.fixture
def story(alice: User, bob: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> dict[str, Job]:
    """A job in each state, with webhooks."""
    made = {
        "queued": make_job(alice, webhook="http://example.org/"),
        "done": make_job(alice, webhook="http://example.org/"),
        "cancelled": make_job(bob, webhook="http://example.org/"),
        "quiet": make_job(bob),
    }
    lifecycle.start(str(made["done"].pk))
    lifecycle.start(str(made["quiet"].pk))
    lifecycle.cancel(bob, made["cancelled"].pk)
    return made


def test_a_story_as_it_should_be_has_no_findings(story: dict[str, Job]) -> None:
    assert findings() == ""


@pytest.mark.parametrize("column", ["available", "held"])
def test_a_balance_that_was_touched_is_found(story: dict[str, Job], column: str) -> None:
    Wallet.objects.filter(pk=story["queued"].wallet_id).update(**{column: F(column) + 1})

    assert "alice@example.org" in findings()
    assert "bob@example.org" not in findings()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("done", {"status": Status.FAILED}),
        ("done", {"status": Status.RUNNING}),
        ("cancelled", {"status": Status.DONE}),
        ("queued", {"status": Status.FAILED}),
        ("queued", {"price": 11}),
        ("quiet", {"price": 11}),
    ],
)
def test_a_job_that_was_not_paid_as_its_status_says_is_found(
    story: dict[str, Job], name: str, change: dict[str, object]
) -> None:
    Job.objects.filter(pk=story[name].pk).update(**change)

    lines = [line for line in findings().splitlines() if "movements" in line]
    assert len(lines) == 1
    assert str(story[name].pk) in lines[0]


def test_a_job_that_nothing_was_held_for_is_found(story: dict[str, Job]) -> None:
    job = bare_job(story["done"].wallet, 10)

    assert f"job {job.pk} (queued, 10 credits): of 0 movements, 0 hold" in findings()


def test_an_ended_job_without_its_delivery_is_found(story: dict[str, Job]) -> None:
    Delivery.objects.filter(job=story["cancelled"]).delete()

    assert findings() == f"job {story['cancelled'].pk} (cancelled): its webhook has no delivery\n"


def test_an_open_job_with_a_delivery_is_found(story: dict[str, Job]) -> None:
    Delivery.objects.create(user=story["queued"].user, job=story["queued"], url="http://example.org/", body="{}")

    assert findings() == f"job {story['queued'].pk} (queued): its webhook has a delivery\n"

"""Several videos at once: planned, submitted all or none, watched, cancelled and tried again as one."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from jobs import batches, credits, lifecycle, media
from jobs.errors import Conflict, InsufficientCredits, InvalidInput, NotFound, RateLimited
from jobs.lifecycle import Order
from jobs.media import Draft
from jobs.models import Batch, Delivery, Job, Media, Movement, MovementKind, Status, User, Wallet, WalletKind
from jobs.models.job import Model
from tests import engine, files
from tests.conftest import MakeJob
from tests.engine import FakeEngine


@pytest.fixture(autouse=True)
def grants(settings: Settings) -> None:
    settings.GRANT_API_CREDITS = settings.GRANT_USER_CREDITS = 100


@pytest.fixture
def orders(png: Path, tmp_path: Path) -> Callable[..., list[Order]]:
    """As many orders as lengths are given, all of one picture, each with a voice of so many seconds."""

    def make(*seconds: float, resolution: int = 480) -> list[Order]:
        face = files.picture_draft(png)
        voices = [
            files.voice_draft(files.write_wav(tmp_path / f"voice-{n}.wav", 1), length)
            for n, length in enumerate(seconds)
        ]
        return [Order(Model.IMAGE, {"image": face, "audio": voice}, resolution) for voice in voices]

    return make


@pytest.fixture
def batch(alice: User, orders: Callable[..., list[Order]]) -> Batch:
    """Three jobs of Alice's, 30 credits."""
    return batches.submit(alice, batches.plan(alice, "Three", orders(3, 3, 3)).pk)


def purse(user: User) -> tuple[int, int]:
    wallet = credits.wallet_of(user, WalletKind.USER)
    return wallet.available, wallet.held


def stored(data_dir: Path) -> int:
    return sum(path.is_file() for path in (data_dir / "media").rglob("*"))


def statuses(batch: Batch) -> list[str]:
    return [job.status for job in batches.jobs_in(batch)]


def work(batch: Batch, fake_engine: type[FakeEngine], *acts: object) -> None:
    """Let a worker take up the first jobs of the batch, one after the other, as `acts` say."""
    for job, act in zip(list(batches.jobs_in(batch)), acts, strict=False):
        fake_engine.acts = act  # type: ignore[assignment]  # what a test says it does
        lifecycle.start(str(job.pk))


# --- The plan ----------------------------------------------------------------------------


def test_a_plan_holds_nothing_and_stores_a_shared_file_once(
    alice: User, orders: Callable[..., list[Order]], data_dir: Path
) -> None:
    batch = batches.plan(alice, "Greetings", orders(3, 7.2, 12))

    assert (batch.is_planned, batch.name, purse(alice)) == (True, "Greetings", (100, 0))
    assert not Job.objects.exists()
    assert not OrmQ.objects.exists()
    assert sorted(Media.objects.values_list("filename", flat=True)) == [
        "face.png", "voice-0.wav", "voice-1.wav", "voice-2.wav",
    ]  # fmt: skip
    assert stored(data_dir) == 4
    assert batches.total(batches.planned(batch)) == batches.Total(3, 10 + 16 + 24, 5 + 8 + 12)


def test_a_plan_that_can_not_be_kept_leaves_no_file(
    alice: User, orders: Callable[..., list[Order]], data_dir: Path
) -> None:
    several = orders(3, 3)
    lost = Draft(data_dir / "not-there", "lost.wav", "audio/wav", several[0].inputs["audio"].facts)

    with pytest.raises(FileNotFoundError):
        batches.plan(alice, "Broken", [*several, Order(Model.IMAGE, {**several[0].inputs, "audio": lost})])

    assert not Media.objects.exists()
    assert not Batch.objects.exists()
    assert stored(data_dir) == 0


def test_more_than_a_hundred_are_refused(alice: User, orders: Callable[..., list[Order]], data_dir: Path) -> None:
    with pytest.raises(InvalidInput, match="These are 101 videos; at most 100 can be made at once"):
        batches.plan(alice, "Too many", orders(3) * 101)

    assert stored(data_dir) == 0


def test_what_no_engine_makes_is_refused_before_it_is_kept(
    alice: User, orders: Callable[..., list[Order]], data_dir: Path
) -> None:
    with pytest.raises(InvalidInput):
        batches.plan(alice, "Elsewhere", [*orders(3), replace(orders(3)[0], engine="nowhere")])

    assert not Batch.objects.exists()
    assert stored(data_dir) == 0


def test_a_discarded_plan_takes_its_files_along_but_not_those_of_a_job(
    alice: User, orders: Callable[..., list[Order]], data_dir: Path
) -> None:
    several = orders(3, 3)
    job = lifecycle.submit(alice, several[0], WalletKind.USER)
    own = job.inputs.get(field="image").media
    again = Order(Model.IMAGE, {**several[1].inputs, "image": media.draft_of(own)})
    batch = batches.plan(alice, "No", [again])

    batches.discard(alice, batch.pk)

    assert not Batch.objects.exists()
    assert {one.pk for one in Media.objects.all()} == {given.media_id for given in job.inputs.all()}
    assert stored(data_dir) == 2


def test_what_was_submitted_can_not_be_discarded(alice: User, batch: Batch) -> None:
    batches.discard(alice, batch.pk)

    assert statuses(batch) == [Status.QUEUED] * 3


def test_the_sweep_forgets_a_plan_after_some_hours_and_no_batch(
    alice: User, orders: Callable[..., list[Order]], batch: Batch
) -> None:
    old, new = (batches.plan(alice, name, orders(3)) for name in ("Old", "New"))
    Batch.objects.exclude(pk=new.pk).update(created=timezone.now() - batches.PLAN_KEPT - timedelta(minutes=1))

    call_command("sweep")

    assert set(Batch.objects.values_list("name", flat=True)) == {"New", "Three"}
    # Its two files went at once.
    assert Media.objects.filter(owner=alice).count() == 4 + 2
    assert len(batches.planned(new)) == 1
    with pytest.raises(NotFound):
        batches.submit(alice, old.pk)


def test_only_so_many_plans_wait(alice: User, bob: User, orders: Callable[..., list[Order]], data_dir: Path) -> None:
    waiting = [batches.plan(alice, "Plan", orders(3)) for _ in range(batches.MAX_PLANS)]

    with pytest.raises(Conflict, match="5 batches are waiting to be made"):
        batches.plan(alice, "One more", orders(3))

    assert stored(data_dir) == 5 * 2
    batches.plan(bob, "Another person's", orders(3))
    batches.discard(alice, waiting[0].pk)
    batches.submit(alice, waiting[1].pk)
    for _ in range(2):
        batches.plan(alice, "Plan", orders(3))


def test_a_file_of_two_plans_goes_with_the_last(alice: User, orders: Callable[..., list[Order]]) -> None:
    first = batches.plan(alice, "First", orders(3))
    second = batches.plan(alice, "Second", batches.planned(first))

    batches.discard(alice, first.pk)
    assert Media.objects.count() == 2
    batches.discard(alice, second.pk)

    assert not Media.objects.exists()


def test_the_files_of_plans_are_no_waiting_uploads(
    alice: User, orders: Callable[..., list[Order]], settings: Settings
) -> None:
    settings.MAX_WAITING_UPLOADS = 2
    plan = batches.plan(alice, "Greetings", orders(3, 3, 3))
    media.open_ticket(alice, "a.png", "image/png", 10)
    uploaded = media.open_ticket(alice, "b.png", "image/png", 10)
    Media.objects.filter(pk=uploaded.media_id).update(name="inputs/b", ready=True)  # it came

    with pytest.raises(RateLimited):
        media.open_ticket(alice, "c.png", "image/png", 10)

    Media.objects.filter(pk=uploaded.media_id).update(ready=False)  # it is to be removed as soon as that is possible
    media.open_ticket(alice, "c.png", "image/png", 10)
    assert plan.is_planned


# --- Submission ------------------------------------------------------------------------


def test_a_batch_is_submitted_as_one_job_each_with_one_hold_each(
    alice: User, orders: Callable[..., list[Order]], data_dir: Path
) -> None:
    batch = batches.submit(alice, batches.plan(alice, "Greetings", orders(3, 7.2)).pk)

    assert not batch.is_planned
    jobs = list(batches.jobs_in(batch))
    assert [(job.name, job.price, job.batch) for job in jobs] == [
        ("face – voice-0", 10, batch),
        ("face – voice-1", 16, batch),
    ]
    assert purse(alice) == (74, 26)
    assert [list(job.movements.values_list("kind", "amount")) for job in jobs] == [
        [(MovementKind.HOLD, 10)],
        [(MovementKind.HOLD, 16)],
    ]
    assert [entry.task["args"][0] for entry in OrmQ.objects.order_by("pk")] == [str(job.pk) for job in jobs]
    assert len({job.input("image").pk for job in jobs}) == 1
    assert len({job.seed for job in jobs}) == 2
    assert stored(data_dir) == 3


def test_without_credits_for_all_there_is_none(alice: User, orders: Callable[..., list[Order]]) -> None:
    batch = batches.plan(alice, "Dear", orders(*[30.0] * 4))

    with pytest.raises(InsufficientCredits) as refusal:
        batches.submit(alice, batch.pk)

    assert refusal.value.sentence.startswith("These 4 videos cost 240 credits and the wallet has 100: 140 are missing.")
    batch.refresh_from_db()
    assert batch.is_planned
    assert not Job.objects.exists()
    assert not OrmQ.objects.exists()
    assert not Movement.objects.filter(kind=MovementKind.HOLD).exists()
    assert purse(alice) == (100, 0)


def test_a_suspended_account_makes_none(alice: User, orders: Callable[..., list[Order]]) -> None:
    batch = batches.plan(alice, "Late", orders(3, 3))
    lifecycle.suspend(alice)

    with pytest.raises(Conflict, match="suspended"):
        batches.submit(alice, batch.pk)

    assert not Job.objects.exists()


def test_a_plan_whose_file_is_gone_makes_none(alice: User, orders: Callable[..., list[Order]]) -> None:
    batch = batches.plan(alice, "Gone", orders(3, 3))
    media.drop(Media.objects.get(filename="voice-1.wav"))

    with pytest.raises(Conflict, match="are gone"):
        batches.submit(alice, batch.pk)

    assert not Job.objects.exists()


def test_submitted_twice_it_is_made_once(alice: User, batch: Batch) -> None:
    batches.submit(alice, batch.pk)

    assert Job.objects.count() == 3
    assert purse(alice) == (70, 30)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_it_once(alice: User, orders: Callable[..., list[Order]]) -> None:
    batch = batches.plan(alice, "Clicks", orders(3, 3))
    credits.wallet_of(alice, WalletKind.USER)
    go = threading.Barrier(4)

    def press() -> None:
        go.wait()
        batches.submit(alice, batch.pk)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Job.objects.count() == 2
    assert purse(alice) == (80, 20)


@pytest.mark.parametrize("act", [batches.submit, batches.discard, batches.cancel, batches.retry])
def test_somebody_elses_batch_is_not_there(act: Callable[[User, object], object], charlie: User, batch: Batch) -> None:
    for batch_id in (batch.pk, uuid4()):
        with pytest.raises(NotFound):
            act(charlie, batch_id)

    assert statuses(batch) == [Status.QUEUED] * 3


def test_files_stay_until_the_last_job_that_needs_them_is_removed(alice: User, batch: Batch, data_dir: Path) -> None:
    first, *others = batches.jobs_in(batch)
    face = first.input("image")
    batches.cancel(alice, batch.pk)

    lifecycle.remove(alice, first.pk)
    assert default_storage.exists(face.name)
    assert [job.input("image") for job in batches.jobs_in(batch)] == [face, face]

    for job in others:
        lifecycle.remove(alice, job.pk)
    assert not Media.objects.exists()
    assert stored(data_dir) == 0


def test_one_recording_for_both_voices_is_stored_once_and_removed_once(
    alice: User, orders: Callable[..., list[Order]], data_dir: Path
) -> None:
    (order,) = orders(3)
    voice = order.inputs["audio"]
    both = Order(Model.MULTI, {"image": order.inputs["image"], "left_audio": voice, "right_audio": voice})
    batch = batches.submit(alice, batches.plan(alice, "Echo", [both]).pk)
    (job,) = batches.jobs_in(batch)
    assert stored(data_dir) == 2

    lifecycle.cancel(alice, job.pk)
    lifecycle.remove(alice, job.pk)

    assert stored(data_dir) == 0
    assert not Media.objects.exists()


# --- Work ----------------------------------------------------------------------------------


def test_the_standing_counts_what_became_of_its_jobs(alice: User, batch: Batch, fake_engine: type[FakeEngine]) -> None:
    assert batches.standing(batch) == batches.Standing(0, 0, 0, 0, 3, share=0.0, seconds_left=None)

    work(batch, fake_engine, engine.succeed, engine.fail)

    found = batches.standing(batch)
    assert (found.done, found.failed, found.waiting, found.open, found.total) == (1, 1, 1, 1, 3)
    assert found.share == 0.5  # what failed is no work any more


def test_the_time_left_is_reckoned_from_the_work_so_far(
    alice: User, orders: Callable[..., list[Order]], fake_engine: type[FakeEngine]
) -> None:
    batch = batches.submit(alice, batches.plan(alice, "Long", orders(5, 10, 15)).pk)  # 10, 20 and 30 credits
    work(batch, fake_engine, engine.succeed)
    first, second, _ = batches.jobs_in(batch)
    now = timezone.now()
    Job.objects.filter(pk=first.pk).update(started=now - timedelta(seconds=30), finished=now - timedelta(seconds=10))
    Job.objects.filter(pk=second.pk).update(status=Status.RUNNING, progress=0.5, started=now - timedelta(seconds=20))

    found = batches.standing(batch, now)

    # 40 seconds made 20 of 60 credits.
    assert found.share == pytest.approx(1 / 3)
    assert found.seconds_left == pytest.approx(80)


def test_of_a_removed_job_nothing_is_counted(alice: User, batch: Batch, fake_engine: type[FakeEngine]) -> None:
    work(batch, fake_engine, engine.succeed)

    lifecycle.remove(alice, batches.jobs_in(batch)[0].pk)

    assert batches.standing(batch).total == 2


def test_webhooks_are_for_each_job(alice: User, orders: Callable[..., list[Order]], make_job: MakeJob) -> None:
    batch = batches.submit(alice, batches.plan(alice, "Hooks", orders(3, 3)).pk)
    batches.jobs_in(batch).update(webhook="http://example.org/hook")

    batches.cancel(alice, batch.pk)

    assert set(Delivery.objects.values_list("job", flat=True)) == {job.pk for job in batches.jobs_in(batch)}


def test_all_that_is_open_is_cancelled_and_what_ended_stays(
    alice: User, batch: Batch, fake_engine: type[FakeEngine]
) -> None:
    work(batch, fake_engine, engine.succeed)

    assert batches.cancel(alice, batch.pk) == 2

    assert statuses(batch) == [Status.DONE, Status.CANCELLED, Status.CANCELLED]
    assert purse(alice) == (90, 0)
    assert batches.cancel(alice, batch.pk) == 0


def test_what_failed_is_made_again_in_its_place(alice: User, batch: Batch, fake_engine: type[FakeEngine]) -> None:
    work(batch, fake_engine, engine.succeed, engine.fail, engine.fail)
    before = list(batches.jobs_in(batch))

    assert batches.retry(alice, batch.pk) == 2

    done, *new = batches.jobs_in(batch)
    assert (done.pk, statuses(batch)) == (before[0].pk, [Status.DONE, Status.QUEUED, Status.QUEUED])
    assert [(job.name, job.seed) for job in new] == [(job.name, job.seed) for job in before[1:]]
    assert [job.input("image") for job in new] == [before[0].input("image")] * 2
    assert purse(alice) == (70, 20)
    assert set(Job.objects.filter(batch=None)) == set(before[1:])
    assert batches.retry(alice, batch.pk) == 0


def test_without_credits_for_all_failed_ones_none_is_made_again(
    alice: User, batch: Batch, fake_engine: type[FakeEngine]
) -> None:
    work(batch, fake_engine, engine.fail, engine.fail)
    Wallet.objects.filter(user=alice, kind=WalletKind.USER).update(available=F("available") - 80)

    with pytest.raises(
        InsufficientCredits, match="These 2 videos cost 20 credits and the wallet has 10: 10 are missing"
    ):
        batches.retry(alice, batch.pk)

    assert statuses(batch) == [Status.FAILED, Status.FAILED, Status.QUEUED]
    assert Job.objects.count() == 3


def test_a_single_job_tried_again_stays_in_its_batch(alice: User, batch: Batch, fake_engine: type[FakeEngine]) -> None:
    work(batch, fake_engine, engine.fail)
    failed = batches.jobs_in(batch)[0]

    new = lifecycle.again(failed.pk)

    failed.refresh_from_db()
    assert (new.batch, failed.batch) == (batch, None)

"""The story of a job, from submission to its end, with every way it can go wrong."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from jobs import credits, lifecycle, media
from jobs.engines.base import Finished, Outcome, Report, Work
from jobs.engines.local import photo
from jobs.errors import InsufficientCredits, NotFound
from jobs.lifecycle import Order, sizes, work
from jobs.media import Draft, keep
from jobs.media.probe import Facts
from jobs.models import (
    Delivery,
    Job,
    JobInput,
    Media,
    MediaKind,
    Movement,
    MovementKind,
    Status,
    User,
    Wallet,
    WalletKind,
)
from jobs.models.job import Model
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine

HOOK = "http://example.org/hook"


def kicks(queue: str = "render") -> list[str]:
    """The ids that wait in a queue, oldest first."""
    return [entry.task["args"][0] for entry in OrmQ.objects.filter(key=queue).order_by("pk")]


def kinds(job: Job) -> list[str]:
    """What happened to the job's credits, oldest first."""
    return list(job.movements.order_by("pk").values_list("kind", flat=True))


def balances(job: Job) -> tuple[int, int]:
    wallet = Wallet.objects.get(pk=job.wallet_id)
    return wallet.available, wallet.held


def stored(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "media").rglob("*") if path.is_file()]


def expire_lease(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture(autouse=True)
def grants(settings: Settings) -> None:
    settings.GRANT_API_CREDITS = settings.GRANT_USER_CREDITS = 100


# --- Submission ------------------------------------------------------------------------


def test_submission_holds_the_price_and_tells_the_queue(alice: User, make_job: MakeJob, data_dir: Path) -> None:
    job = make_job(alice, seconds=7.2, resolution=720, prompt="smile", webhook=HOOK)

    job.refresh_from_db()
    assert (job.status, job.price, job.attempts) == (Status.QUEUED, 32, 0)
    assert balances(job) == (68, 32)
    assert kinds(job) == [MovementKind.HOLD]
    assert kicks() == [str(job.pk)]
    assert {given.field: given.media.owner for given in job.inputs.all()} == {"image": alice, "audio": alice}
    assert len(stored(data_dir)) == 2
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("model", "files_given", "name"),
    [
        (Model.IMAGE, {"image": "anna.jpg", "audio": "greeting.wav"}, "anna – greeting"),
        (Model.IMAGE, {"image": "anna.jpg", "audio": "anna.wav"}, "anna"),
        (Model.IMAGE, {"image": "", "audio": "greeting.wav"}, "greeting"),
        (Model.IMAGE, {"image": "a" * 99 + ".jpg", "audio": "b" * 99}, "a" * 50 + " – " + "b" * 67),
        (Model.VIDEO, {"video": "talk.mp4", "audio": "new.mp3"}, "talk – new"),
        (Model.MULTI, {"image": "pair.png", "left_audio": "l.wav", "right_audio": "r.wav"}, "pair – l + r"),
        (Model.MULTI, {"image": "pair.png", "left_audio": "l.wav", "right_audio": "l.wav"}, "pair – l"),
    ],
)
def test_a_video_is_called_after_its_files(model: Model, files_given: dict[str, str], name: str) -> None:
    drafts = {
        field: Draft(Path("x"), filename, "", Facts(MediaKind.UNKNOWN)) for field, filename in files_given.items()
    }

    assert lifecycle.name_of(Order(model, drafts)) == name
    assert lifecycle.name_of(Order(model, drafts, name="Mine")) == "Mine"


@pytest.mark.parametrize(("seconds", "resolution", "price"), [(3, 720, 20), (10, 480, 20)])
def test_the_worked_examples_of_the_price_list(
    alice: User, make_job: MakeJob, seconds: float, resolution: int, price: int
) -> None:
    job = make_job(alice, seconds=seconds, resolution=resolution)

    assert job.price == price
    assert balances(job) == (100 - price, price)


def test_each_door_pays_from_its_own_wallet(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, wallet_kind=WalletKind.USER)

    assert job.wallet.kind == WalletKind.USER
    assert credits.wallet_of(alice, WalletKind.API).available == 100


def test_a_submission_that_is_too_expensive_leaves_nothing(alice: User, make_job: MakeJob, data_dir: Path) -> None:
    credits.wallet_of(alice, WalletKind.API)
    movements = Movement.objects.count()

    with pytest.raises(InsufficientCredits, match="costs 104 credits and the wallet has 100: 4 are missing"):
        make_job(alice, seconds=26, resolution=720, webhook=HOOK)

    assert not Job.objects.exists()
    assert not JobInput.objects.exists()
    assert not Media.objects.exists()
    assert stored(data_dir) == []
    assert Movement.objects.count() == movements
    assert kicks() == []
    assert credits.wallet_of(alice, WalletKind.API).available == 100


def test_a_refused_submission_keeps_the_upload_it_named(
    alice: User, draft: Callable[..., dict[str, Draft]], data_dir: Path
) -> None:
    drafts = draft(26)
    uploaded = keep(alice, drafts["image"])
    inputs = drafts | {"image": Draft(uploaded, "a.png", "image/png", drafts["image"].facts)}

    with pytest.raises(InsufficientCredits):
        lifecycle.submit(alice, Order(Model.IMAGE, inputs, 720), WalletKind.API)

    assert list(Media.objects.all()) == [uploaded]
    assert len(stored(data_dir)) == 1


def test_a_file_that_can_not_be_stored_takes_the_others_with_it(
    alice: User, draft: Callable[..., dict[str, Draft]], data_dir: Path, wav: Path
) -> None:
    drafts = draft()
    wav.unlink()

    with pytest.raises(FileNotFoundError):
        lifecycle.submit(alice, Order(Model.IMAGE, drafts), WalletKind.API)

    assert not Media.objects.exists()
    assert stored(data_dir) == []


def test_a_recording_that_is_too_long_to_use_is_priced_as_the_shortest(alice: User, make_job: MakeJob) -> None:
    assert make_job(alice, seconds=601).price == 10


def test_a_seed_is_chosen_when_none_is_given(alice: User, draft: Callable[..., dict[str, Draft]]) -> None:
    job = lifecycle.submit(alice, Order(Model.IMAGE, draft()), WalletKind.API)

    assert 0 <= job.seed < lifecycle.MAX_SEED


# --- Work ------------------------------------------------------------------------------


def test_work_ends_in_a_result_of_our_own_and_is_paid_once(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], data_dir: Path
) -> None:
    job = make_job(alice, webhook=HOOK)

    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.progress, job.attempts, job.lease_until) == (Status.DONE, 1, 1, None)
    assert job.result is not None
    assert job.result.owner == alice
    with default_storage.open(job.result.name) as file:
        assert file.read() == engine.RESULT
    assert (job.timings, job.prompt_used, job.engine) == ({"drawing": 12}, ["smile"], "fake 1")
    assert job.warnings == ["The face is 50° away."]
    assert kinds(job) == [MovementKind.HOLD, MovementKind.CAPTURE]
    assert balances(job) == (90, 0)
    assert kicks("default") == [Delivery.objects.get(job=job, url=HOOK).pk]
    assert list((data_dir / "scratch").iterdir()) == []


def test_the_engine_is_given_what_was_asked_for(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], png: Path, wav: Path
) -> None:
    seen = {}

    def look(work: Work, report: Report) -> Outcome:
        seen.update({field: path.read_bytes() for field, path in work.sources.items()})
        return engine.succeed(work, report)

    fake_engine.acts = look
    job = make_job(alice, resolution=720, prompt="nod")

    lifecycle.start(str(job.pk))

    assert seen == {"image": png.read_bytes(), "audio": wav.read_bytes()}
    (work,) = fake_engine.works
    assert (work.job_id, work.model, work.resolution, work.seed, work.prompt) == (
        str(job.pk),
        "lipsync-image",
        720,
        7,
        "nod",
    )


def test_a_second_start_of_the_same_job_does_nothing(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice, webhook=HOOK)

    def start_again(work: Work, report: Report) -> Outcome:
        lifecycle.start(work.job_id)  # while it runs
        return engine.succeed(work, report)

    fake_engine.acts = start_again

    lifecycle.start(str(job.pk))
    lifecycle.start(str(job.pk))  # after its end

    assert len(fake_engine.works) == 1
    assert kinds(job) == [MovementKind.HOLD, MovementKind.CAPTURE]
    assert Delivery.objects.count() == 1


def test_a_job_that_is_unknown_is_not_started(db: None, fake_engine: type[FakeEngine]) -> None:
    lifecycle.start(str(uuid4()))

    assert fake_engine.works == []


def test_a_job_that_can_not_be_done_fails_with_its_credits_back(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    fake_engine.acts = engine.fail
    job = make_job(alice, webhook=HOOK)

    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert (job.error, job.error_source) == ("The recording holds 0 voices.", "audio")
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert balances(job) == (100, 0)
    assert Delivery.objects.filter(job=job).count() == 1
    assert job.result is None


def test_a_stumbling_engine_gets_three_attempts(alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> None:
    fake_engine.acts = engine.stumble
    job = make_job(alice, webhook=HOOK)

    for attempt in (1, 2):
        lifecycle.start(str(job.pk))
        job.refresh_from_db()
        assert (job.status, job.attempts, job.lease_until) == (Status.QUEUED, attempt, None)
        assert kicks() == [str(job.pk)] * (attempt + 1)
        assert not Delivery.objects.exists()
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error == "The renderer stopped 3 times on this job. Try another picture or recording."
    assert balances(job) == (100, 0)
    assert Delivery.objects.filter(job=job).count() == 1


def test_the_report_keeps_the_lease_and_shows_the_progress(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    seen = []

    def slow(work: Work, report: Report) -> Outcome:
        expire_lease(job)
        report(1.7, "drawing")
        row = Job.objects.get(pk=job.pk)
        seen.append(
            (row.status, row.progress, row.stage, row.lease_until is not None and row.lease_until > timezone.now())
        )
        return engine.succeed(work, report)

    fake_engine.acts = slow

    lifecycle.start(str(job.pk))

    assert seen == [(Status.RUNNING, 1, "drawing", True)]


# --- Tried again -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_double_click_tries_again_once(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    go = threading.Barrier(4)
    made = []

    def press() -> None:
        go.wait()
        made.append(lifecycle.again(job.pk).pk)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    new = Job.objects.exclude(pk=job.pk).get()
    assert made == [new.pk] * 4
    assert credits.wallet_of(alice, WalletKind.API).held == new.price


def test_once_the_new_job_is_removed_the_old_one_is_tried_again(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    first = lifecycle.again(job.pk)
    lifecycle.cancel(alice, first.pk)
    assert lifecycle.again(job.pk) == first
    lifecycle.remove(alice, first.pk)

    second = lifecycle.again(job.pk)

    assert second not in (job, first)
    job.refresh_from_db()
    assert job.tried_again == second


def test_what_could_not_be_paid_for_can_be_tried_again_later(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    Wallet.objects.filter(user=alice).update(available=0)
    with pytest.raises(InsufficientCredits):
        lifecycle.again(job.pk)
    Wallet.objects.filter(user=alice).update(available=job.price)

    new = lifecycle.again(job.pk)

    assert list(Job.objects.exclude(pk=job.pk)) == [new]


# --- Workers that are gone ---------------------------------------------------------------


def test_a_job_whose_worker_is_gone_is_queued_again(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)

    def die(work: Work, report: Report) -> Outcome:
        raise SystemExit  # as good as a kill: nothing after it runs

    fake_engine.acts = die
    with pytest.raises(SystemExit):
        lifecycle.start(str(job.pk))
    lifecycle.sweep()
    job.refresh_from_db()
    assert job.status == Status.RUNNING  # its lease still counts

    expire_lease(job)
    OrmQ.objects.all().delete()
    lifecycle.sweep()

    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.QUEUED, 1)
    assert kicks() == [str(job.pk)]
    fake_engine.acts = engine.succeed
    lifecycle.start(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.DONE, 2)


def test_a_job_that_kills_its_workers_fails_after_three_attempts(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice, webhook=HOOK)

    def die(work: Work, report: Report) -> Outcome:
        raise SystemExit

    fake_engine.acts = die
    for _ in range(3):
        with pytest.raises(SystemExit):
            lifecycle.start(str(job.pk))
        expire_lease(job)
        lifecycle.sweep()

    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.FAILED, 3)
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert balances(job) == (100, 0)
    assert Delivery.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("late", [engine.succeed, engine.fail, engine.stumble])
@pytest.mark.parametrize("taken_over", [True, False])
def test_a_worker_that_lost_its_lease_writes_nothing(
    alice: User,
    make_job: MakeJob,
    fake_engine: type[FakeEngine],
    data_dir: Path,
    late: Callable[[Work, Report], Outcome],
    taken_over: bool,
) -> None:
    """It comes back from a long sleep, without a report in between, and answers."""
    job = make_job(alice, webhook=HOOK)
    before: list[object] = []

    def sleep(work: Work, report: Report) -> Outcome:
        expire_lease(job)
        lifecycle.sweep()
        if taken_over:
            fake_engine.acts = engine.succeed
            lifecycle.start(work.job_id)
        before.append(Job.objects.filter(pk=job.pk).values().get())
        return late(work, lambda progress, stage: None)

    fake_engine.acts = sleep
    lifecycle.start(str(job.pk))

    assert [Job.objects.filter(pk=job.pk).values().get()] == before
    job.refresh_from_db()
    assert job.status == (Status.DONE if taken_over else Status.QUEUED)
    assert kinds(job) == [MovementKind.HOLD] + [MovementKind.CAPTURE] * taken_over
    assert Media.objects.count() == len(stored(data_dir)) == 2 + taken_over
    assert Delivery.objects.count() == taken_over


def test_a_worker_that_lost_its_lease_is_stopped_at_its_next_report(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    went_on = []

    def sleep(work: Work, report: Report) -> Outcome:
        expire_lease(job)
        lifecycle.sweep()
        report(0.9, "saving")
        went_on.append(True)
        return engine.succeed(work, report)

    fake_engine.acts = sleep
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.progress) == (Status.QUEUED, 0)
    assert went_on == []


def test_a_worker_that_is_being_stopped_hands_the_job_back(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(alice, webhook=HOOK)
    monkeypatch.setattr(work, "stopping", lambda: True)

    for _ in range(4):  # more often than a job may fail
        lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.attempts, job.lease_until) == (Status.QUEUED, 0, None)
    assert kicks() == [str(job.pk)] * 5
    assert kinds(job) == [MovementKind.HOLD]


def test_the_sweep_kicks_again_what_the_queue_forgot(alice: User, make_job: MakeJob) -> None:
    forgotten, fresh = make_job(alice), make_job(alice)
    OrmQ.objects.all().delete()
    long_ago = timezone.now() - lifecycle.KICK_AGAIN - timedelta(seconds=1)
    Job.objects.filter(pk=forgotten.pk).update(kicked=long_ago)

    lifecycle.sweep()
    assert kicks() == [str(forgotten.pk)]

    Job.objects.filter(pk=fresh.pk).update(kicked=long_ago)
    lifecycle.sweep()
    assert kicks() == [str(forgotten.pk)]  # the queue is not empty, so nothing says that it forgot


def test_the_sweep_sends_deliveries_that_are_due(alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> None:
    job = make_job(alice, webhook=HOOK)
    lifecycle.start(str(job.pk))
    delivery = Delivery.objects.get()
    OrmQ.objects.all().delete()
    Delivery.objects.update(due=timezone.now() + timedelta(seconds=60))

    lifecycle.sweep()
    assert kicks("default") == []

    Delivery.objects.update(due=timezone.now())
    lifecycle.sweep()
    assert kicks("default") == [delivery.pk]


# --- Cancelling --------------------------------------------------------------------------


def test_cancelling_a_queued_job_gives_the_credits_back(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice, webhook=HOOK)

    cancelled = lifecycle.cancel(alice, job.pk)

    assert (cancelled.status, cancelled.error) == (Status.CANCELLED, "Cancelled")
    assert cancelled.finished is not None
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert balances(job) == (100, 0)
    assert Delivery.objects.filter(job=job).count() == 1
    lifecycle.start(str(job.pk))
    assert fake_engine.works == []


@pytest.mark.parametrize("reports", [True, False])
def test_cancelling_a_running_job_stops_its_worker(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], data_dir: Path, reports: bool
) -> None:
    job = make_job(alice, webhook=HOOK)

    def be_cancelled(work: Work, report: Report) -> Outcome:
        lifecycle.cancel(alice, job.pk)
        return engine.succeed(work, report if reports else lambda progress, stage: None)

    fake_engine.acts = be_cancelled
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.result) == (Status.CANCELLED, None)
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert Delivery.objects.count() == 1
    assert len(stored(data_dir)) == 2


def test_cancelling_what_has_ended_changes_nothing(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    lifecycle.start(str(job.pk))

    assert lifecycle.cancel(alice, job.pk).status == Status.DONE
    assert balances(job) == (90, 0)


def test_nobody_cancels_the_job_of_another(alice: User, charlie: User, make_job: MakeJob) -> None:
    job = make_job(alice)

    with pytest.raises(NotFound):
        lifecycle.cancel(charlie, job.pk)

    job.refresh_from_db()
    assert job.status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_cancel_and_a_start_at_the_same_moment(
    settings: Settings, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    """Whoever comes first, the job ends cancelled: the start never slips in between."""
    settings.GRANT_API_CREDITS = 1000
    alice = User.objects.create_user("alice@example.org")
    jobs = [make_job(alice) for _ in range(20)]

    def hold_on(work: Work, report: Report) -> Outcome:
        cancelled[work.job_id].wait(20)
        report(0.5, "drawing")
        return Finished(work.output, 3, 480, 640, 25)

    fake_engine.acts = hold_on
    cancelled = {str(job.pk): threading.Event() for job in jobs}
    for job in jobs:
        together = threading.Barrier(2)

        def start(job: Job = job, together: threading.Barrier = together) -> None:
            together.wait(20)
            try:
                lifecycle.start(str(job.pk))
            finally:
                connection.close()

        worker = threading.Thread(target=start)
        worker.start()
        together.wait(20)
        assert lifecycle.cancel(alice, job.pk).status == Status.CANCELLED
        cancelled[str(job.pk)].set()
        worker.join(20)
        assert not worker.is_alive()

    assert {job.status for job in Job.objects.all()} == {Status.CANCELLED}
    assert balances(jobs[0]) == (1000, 0)


# --- Deleted, and brought back ----------------------------------------------------------------


def test_only_own_jobs_that_have_ended_are_hidden(alice: User, bob: User, make_job: MakeJob) -> None:
    ended, going, foreign = make_job(alice), make_job(alice), make_job(bob)
    lifecycle.cancel(alice, ended.pk)
    lifecycle.cancel(bob, foreign.pk)

    assert lifecycle.hide(alice, [ended.pk, going.pk, foreign.pk]) == 1
    assert list(Job.objects.filter(removed=None)) == [foreign, going]
    assert lifecycle.hide(alice, [ended.pk]) == 0


def test_the_sweep_erases_what_was_hidden_only_after_the_grace(alice: User, make_job: MakeJob) -> None:
    job, kept = make_job(alice), make_job(alice)
    for one in (job, kept):
        lifecycle.cancel(alice, one.pk)
    lifecycle.hide(alice, [job.pk])
    lifecycle.sweep()
    assert job.inputs.count() == 2

    Job.objects.filter(pk=job.pk).update(erase_after=timezone.now())
    lifecycle.sweep()

    job.refresh_from_db()
    assert (job.inputs.count(), job.erase_after) == (0, None)
    assert job.removed is not None
    assert lifecycle.bring_back(alice, job.removed) == 0
    assert kept.inputs.count() == 2
    assert Media.objects.count() == 2


def test_what_was_brought_back_is_not_erased(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    lifecycle.hide(alice, [job.pk])
    job.refresh_from_db()
    assert job.removed is not None
    assert lifecycle.bring_back(alice, job.removed) == 1

    lifecycle.erase_hidden(job.pk, timezone.now() + timedelta(days=1))

    assert job.inputs.count() == 2


def test_a_preview_comes_and_goes_with_its_video(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], data_dir: Path
) -> None:
    def succeed(work: Work, report: Report) -> Outcome:
        small = work.output.with_name("small.mp4")
        small.write_bytes(b"small")
        made = engine.succeed(work, report)
        assert isinstance(made, Finished)
        return replace(made, preview=small)

    fake_engine.acts = succeed
    job = make_job(alice)
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.preview is not None
    assert media.local_path(job.preview, data_dir).read_bytes() == b"small"
    lifecycle.remove(alice, job.pk)
    assert [path for path in (data_dir / "media").rglob("*") if path.is_file()] == []


# --- A source that is too small --------------------------------------------------------------


@pytest.mark.parametrize("resolution", [480, 720])
@pytest.mark.parametrize("size", [(300, 400), (1280, 960), (240, 240), (359, 801), (100, 3)])
def test_the_size_of_a_video_is_known_before(size: tuple[int, int], resolution: int) -> None:
    assert sizes.enlarged(*size, resolution) == photo.video_size(*size, resolution)


@pytest.mark.parametrize(
    ("size", "resolution", "warned"),
    [((300, 400), 720, "600 × 800"), ((300, 400), 480, ""), ((360, 500), 720, ""), ((200, 200), 480, "400 × 400")],
)
def test_a_small_picture_is_warned_of(size: tuple[int, int], resolution: int, warned: str) -> None:
    face = Draft(Path("x"), "face.png", "", Facts(MediaKind.IMAGE, None, *size))
    voice = Draft(Path("x"), "voice.wav", "", Facts(MediaKind.AUDIO, 3.0))

    notes = lifecycle.warnings(Order(Model.IMAGE, {"image": face, "audio": voice}, resolution))

    said = [note.message.format(**note.params) for note in notes]
    sentence = (
        f"The picture is too small for {resolution}p: the video gets {warned} pixels, at the price of {resolution}p."
    )
    assert said == ([sentence] if warned else [])


def test_a_small_result_is_said_with_the_job(alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> None:
    job = make_job(alice, resolution=720)
    fake_engine.acts = engine.succeed

    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.warnings[-1].startswith("The picture is too small for 720p: the video gets 480 × 640 pixels")

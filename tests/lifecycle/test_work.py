"""A worker takes a job up: it ends in a result, in a failure, or in another attempt."""

from pathlib import Path
from uuid import uuid4

from django.core.files.storage import default_storage
from django.utils import timezone

from jobs import lifecycle
from jobs.engines.base import Outcome, Report, Work
from jobs.models import Delivery, Job, MovementKind, Status, User
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.lifecycle.ledger import HOOK, balances, expire_lease, kicks, kinds


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
    """And then its own words are the user's."""
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
    assert job.error == "The renderer lost its way."
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

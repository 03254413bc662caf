"""Jobs are deleted, brought back, and erased after the grace."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from jobs import lifecycle, media
from jobs.engines.base import Finished, Outcome, Report, Work
from jobs.models import Job, Media, User
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine


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

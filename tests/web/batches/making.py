"""A batch is said yes to, and its videos are made."""

from typing import Any

from jobs import batches, lifecycle
from jobs.models import Batch, Job
from tests.engine import FakeEngine


def made(batch: Batch) -> Batch:
    """The batch, said yes to."""
    return batches.submit(batch.owner, batch.pk)


def work(batch: Batch, fake_engine: type[FakeEngine], *acts: Any) -> list[Job]:
    jobs = list(batches.jobs_in(batch))
    for job, act in zip(jobs, acts, strict=False):
        fake_engine.acts = act
        lifecycle.start(str(job.pk))
    return jobs

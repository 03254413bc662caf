"""The job object, as the API and webhooks alike show it: built here and nowhere else."""

from collections.abc import Mapping
from typing import Literal, TypedDict

from django.conf import settings

from jobs.media import media_url
from jobs.models import Job, Status
from jobs.models.job import Model

WireStatus = Literal["processing", "completed", "failed"]
STATUS: Mapping[str, WireStatus] = {
    Status.QUEUED: "processing",
    Status.RUNNING: "processing",
    Status.DONE: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
}


class JobObject(TypedDict):
    """The first seven are the published contract; the rest is added. Times are ISO 8601 in UTC."""

    id: str
    model: str
    status: WireStatus
    output: str | None
    error: str
    executionTime: int | None
    timings: dict[str, int] | None
    progress: float
    createdAt: str
    completedAt: str | None
    seed: int
    credits: int
    promptUsed: list[str]
    warnings: list[str]


class ExampleObject(JobObject):
    """What a test event carries: nobody's job."""

    test: Literal[True]


def job_object(job: Job) -> JobObject:
    """The public face of a job; needs `job.result` at hand. `output` is a link that plays without credentials."""
    done = job.status == Status.DONE
    return {
        "id": str(job.pk),
        "model": job.model,
        "status": STATUS[job.status],
        "output": media_url(job.result) if done and job.result else None,
        "error": job.error,
        "executionTime": job.execution_ms,
        "timings": job.timings if done else None,
        "progress": round(job.progress, 3),
        "createdAt": f"{job.created:%Y-%m-%dT%H:%M:%SZ}",
        "completedAt": f"{job.finished:%Y-%m-%dT%H:%M:%SZ}" if job.finished else None,
        "seed": job.seed,
        "credits": job.price,
        "promptUsed": job.prompt_used,
        "warnings": job.warnings,
    }


def example_object() -> ExampleObject:
    """A job object as of a completed job, marked as a test. `output` plays if the installation has made its example."""
    shown = Job.objects.filter(showcase=True, model=Model.IMAGE, status=Status.DONE).select_related("result").first()
    return {
        "test": True,
        "id": "00000000-0000-4000-8000-000000000000",
        "model": "lipsync-image",
        "status": "completed",
        "output": media_url(shown.result) if shown and shown.result else f"{settings.PUBLIC_BASE_URL}/test.mp4",
        "error": "",
        "executionTime": 3040,
        "timings": {"listening": 470, "looking": 400, "drawing": 2170},
        "progress": 1.0,
        "createdAt": "2026-01-01T12:00:00Z",
        "completedAt": "2026-01-01T12:00:03Z",
        "seed": 42,
        "credits": 20,
        "promptUsed": [],
        "warnings": [],
    }

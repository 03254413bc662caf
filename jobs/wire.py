"""The job object, as the API and webhooks alike show it: built here and nowhere else."""

from collections.abc import Mapping
from typing import Literal, TypedDict

from jobs.media import media_url
from jobs.models import Job, Status

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

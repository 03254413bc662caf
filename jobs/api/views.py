"""The endpoints: find, check, one call to the story, answer."""

import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, cast

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Status

from jobs import credits, lifecycle, media
from jobs.api.schemas import (
    Balance,
    Estimate,
    Form,
    JobAnswer,
    JobList,
    MultiForm,
    NewUpload,
    Submission,
    SubmitImage,
    SubmitMulti,
    Submitted,
    SubmitVideo,
    Upload,
    UploadTarget,
    Wanted,
)
from jobs.engines.base import SpeakingOrder
from jobs.errors import InvalidInput, NotFound, Problem
from jobs.lifecycle import Order
from jobs.models import ApiKey, Claim, Job, WalletKind, jobs_of
from jobs.models import Status as JobStatus
from jobs.models.job import Model
from jobs.net import Policy, check_url
from jobs.wire import STATUS, JobObject, job_object

router = Router()

FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/lipsync-video", tags=["Videos"], response=Submitted, summary="New voice for a video")
def lipsync_video(request: HttpRequest, body: SubmitVideo) -> dict[str, str]:
    """A video gets a new voice: its lips follow it."""
    form = body.formState
    return _submitted(request, body, form, Model.VIDEO, {"video": form.video, "audio": form.audio})


@router.post("/lipsync-image", tags=["Videos"], response=Submitted, summary="Photo to video")
def lipsync_image(request: HttpRequest, body: SubmitImage) -> dict[str, str]:
    """One picture and one voice become a talking video."""
    form = body.formState
    return _submitted(request, body, form, Model.IMAGE, {"image": form.image, "audio": form.audio})


@router.post("/lipsync-image-multi", tags=["Videos"], response=Submitted, summary="Two speakers")
def lipsync_image_multi(request: HttpRequest, body: SubmitMulti) -> dict[str, str]:
    """A picture of two people and two voices become a conversation."""
    form = body.formState
    return _submitted(request, body, form, Model.MULTI, _two(form), form.order or "meanwhile")


@router.post("/estimate/lipsync-video", tags=["Credits"], response=Estimate, summary="Price of a new voice for a video")
def estimate_video(request: HttpRequest, body: SubmitVideo) -> dict[str, object]:
    """What the same body would cost, checked but not run."""
    form = body.formState
    return _estimated(request, body, form, Model.VIDEO, {"video": form.video, "audio": form.audio})


@router.post("/estimate/lipsync-image", tags=["Credits"], response=Estimate, summary="Price of a photo to video")
def estimate_image(request: HttpRequest, body: SubmitImage) -> dict[str, object]:
    """What the same body would cost, checked but not run."""
    form = body.formState
    return _estimated(request, body, form, Model.IMAGE, {"image": form.image, "audio": form.audio})


@router.post("/estimate/lipsync-image-multi", tags=["Credits"], response=Estimate, summary="Price of two speakers")
def estimate_image_multi(request: HttpRequest, body: SubmitMulti) -> dict[str, object]:
    """What the same body would cost, checked but not run."""
    form = body.formState
    return _estimated(request, body, form, Model.MULTI, _two(form), form.order or "meanwhile")


@router.get("/jobs", tags=["Jobs"], response=JobList, summary="List jobs")
def list_jobs(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, object]:
    """Your jobs, newest first; `nextCursor` of one answer is the `cursor` of the next."""
    jobs = jobs_of(_key(request).user).filter(showcase=False).select_related("result")
    if wanted.status:
        jobs = jobs.filter(status__in=[own for own, said in STATUS.items() if said == wanted.status])
    if wanted.model:
        jobs = jobs.filter(model=wanted.model)
    if wanted.cursor:
        created, last = _place(wanted.cursor)
        jobs = jobs.filter(Q(created__lt=created) | Q(created=created, pk__lt=last))
    found = list(jobs[: wanted.limit + 1])
    page = found[: wanted.limit]
    return {
        "jobs": [job_object(job) for job in page],
        "nextCursor": _cursor(page[-1]) if len(found) > wanted.limit else None,
    }


@router.get("/jobs/{job_id}", tags=["Jobs"], response=JobAnswer, summary="Read a job")
def get_job(request: HttpRequest, job_id: str) -> JobObject:
    """The job object: poll it every 5 to 10 seconds until `status` is no longer `processing`."""
    return job_object(_own(request, job_id))


@router.delete("/jobs/{job_id}", tags=["Jobs"], response={200: JobAnswer, 204: None}, summary="Cancel or remove a job")
def delete_job(request: HttpRequest, job_id: str) -> Status[JobObject | None]:
    """Cancel it while it is not finished (200, the job object); remove it and its media once it is (204)."""
    job, user = _own(request, job_id), _key(request).user
    if job.is_open:
        cancelled = lifecycle.cancel(user, job.pk)
        if cancelled.status == JobStatus.CANCELLED:
            return Status(200, job_object(cancelled))
    lifecycle.remove(user, job.pk)
    return Status(204, None)


@router.get("/credits", tags=["Credits"], response=Balance, summary="Read the API wallet")
def get_credits(request: HttpRequest) -> dict[str, int]:
    """The API wallet: what is available, and what is held for unfinished jobs."""
    wallet = credits.wallet_of(_key(request).user, WalletKind.API)
    return {"balance": wallet.available, "held": wallet.held}


@router.post("/uploads", tags=["Files"], response=Upload, summary="Start an upload")
def new_upload(request: HttpRequest, body: NewUpload) -> dict[str, object]:
    """Where to send one file: send it as `upload` says, then put `url` into `formState`."""
    ticket = media.open_ticket(_key(request).user, body.filename, body.contentType, body.size)
    target = ticket.target
    return {
        "url": ticket.url,
        "upload": UploadTarget(
            method=target.method, url=target.url, headers=dict(target.headers), fields=dict(target.fields)
        ),
        "expiresAt": f"{ticket.expires:%Y-%m-%dT%H:%M:%SZ}",
    }


@router.put(
    "/uploads/{ticket}",
    tags=["Files"],
    auth=None,
    response={204: None},
    summary="Send the file",
    openapi_extra=FILE_BODY,
)
def receive_upload(request: HttpRequest, ticket: str) -> Status[None]:
    """The file itself, as the request's body. The address is its own authorisation."""
    length = request.headers.get("Content-Length", "")
    media.receive(ticket, cast(BinaryIO, request), int(length) if length.isdecimal() else None)
    return Status(204, None)


def _submitted(
    request: HttpRequest,
    body: Submission,
    form: Form,
    model: Model,
    urls: Mapping[str, str],
    speaking_order: SpeakingOrder = "meanwhile",
) -> dict[str, str]:
    key = _key(request)
    with media.Intake(key.user) as intake:
        order = _order(intake, body, form, model, urls, speaking_order)
        claim: Claim | None = getattr(request, "claim", None)
        job = lifecycle.submit(key.user, order, WalletKind.API, api_key=key, claim=claim)
    return {"id": str(job.pk), "status": "processing"}


def _estimated(
    request: HttpRequest,
    body: Submission,
    form: Form,
    model: Model,
    urls: Mapping[str, str],
    speaking_order: SpeakingOrder = "meanwhile",
) -> dict[str, object]:
    with media.Intake(_key(request).user) as intake:
        order = _order(intake, body, form, model, urls, speaking_order)
        quote = lifecycle.quote(order)
    warnings = [note.message.format(**note.params) for note in lifecycle.warnings(order)]
    return {"credits": quote.credits, "seconds": quote.seconds, "warnings": warnings}


def _order(
    intake: media.Intake,
    body: Submission,
    form: Form,
    model: Model,
    urls: Mapping[str, str],
    speaking_order: SpeakingOrder,
) -> Order:
    """What is asked for, its files fetched. Raises InvalidInput."""
    webhook = _webhook(body.webhook or "")
    limits = {"mask_image": form.mask_image} if form.mask_image else {}
    with _naming_the_form():
        order = Order(
            model=model,
            inputs=intake.from_urls({**urls, **limits}),
            resolution=int((form.resolution or "480p").removesuffix("p")),
            seed=-1 if form.seed is None else form.seed,
            prompt=form.prompt or "",
            webhook=webhook,
            speaking_order=speaking_order,
        )
        lifecycle.check_makeable(order)
    return order


def _two(form: MultiForm) -> dict[str, str]:
    return {"image": form.image, "left_audio": form.left_audio, "right_audio": form.right_audio}


def _own(request: HttpRequest, job_id: str) -> Job:
    """The caller's job of this id. Raises NotFound."""
    try:
        wanted = uuid.UUID(job_id)
        return jobs_of(_key(request).user).select_related("result").get(pk=wanted)
    except (ValueError, Job.DoesNotExist):
        raise NotFound("There is no job with this id.") from None


def _cursor(job: Job) -> str:
    """Where a page ended, as a word that means nothing to the client."""
    return urlsafe_b64encode(f"{job.created.isoformat()} {job.pk.hex}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, uuid.UUID]:
    """The moment and the id in a cursor. Raises InvalidInput."""
    try:
        said = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        created, _, job_id = said.partition(" ")
        moment = datetime.fromisoformat(created)
        if moment.tzinfo is None:
            raise ValueError(created)
        return moment, uuid.UUID(job_id)
    except ValueError:
        raise InvalidInput("is not a cursor of ours; use the `nextCursor` of the last answer", field="cursor") from None


def _key(request: HttpRequest) -> ApiKey:
    return cast(ApiKey, request.auth)  # type: ignore[attr-defined]


def _webhook(url: str) -> str:
    """The address, if a webhook may go there. Raises InvalidInput."""
    if url:
        policy = Policy(allow_private=settings.ALLOW_PRIVATE_NETWORK)
        try:
            check_url(url, policy, https_only=not settings.ALLOW_PRIVATE_NETWORK)
        except Problem as problem:
            raise InvalidInput(problem.template, field="webhook", **problem.params) from problem
    return url


@contextmanager
def _naming_the_form() -> Iterator[None]:
    """Let what is wrong name its field as the client wrote it."""
    try:
        yield
    except InvalidInput as problem:
        problem.field = f"formState.{problem.field}" if problem.field else ""
        raise

"""The endpoints: find, check, one call to the story, answer."""

import uuid
from typing import BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Status

from jobs import lifecycle, media
from jobs.api.schemas import JobAnswer, NewUpload, SubmitImage, Submitted, Upload, UploadTarget
from jobs.errors import InvalidInput, NotFound, Problem
from jobs.lifecycle import Order
from jobs.models import ApiKey, Job, WalletKind
from jobs.models.job import Model
from jobs.net import Policy, check_url
from jobs.wire import JobObject, job_object

router = Router()


@router.post("/lipsync-image", response=Submitted)
def lipsync_image(request: HttpRequest, body: SubmitImage) -> dict[str, str]:
    """One picture and one voice become a talking video."""
    form, key = body.formState, _key(request)
    if form.mask_image:
        raise InvalidInput("masks are not supported by this version; leave the field out", field="formState.mask_image")
    webhook = _webhook(body.webhook or "")
    with media.Intake(key.user) as intake:
        order = Order(
            model=Model.IMAGE,
            inputs=_fetched(intake, image=form.image, audio=form.audio),
            resolution=int((form.resolution or "480p").removesuffix("p")),
            seed=-1 if form.seed is None else form.seed,
            prompt=form.prompt or "",
            webhook=webhook,
        )
        job = lifecycle.submit(key.user, order, WalletKind.API, api_key=key)
    return {"id": str(job.pk), "status": "processing"}


@router.get("/jobs/{job_id}", response=JobAnswer)
def get_job(request: HttpRequest, job_id: str) -> JobObject:
    """The job object: poll it every 5 to 10 seconds until `status` is no longer `processing`."""
    try:
        wanted = uuid.UUID(job_id)
        return job_object(Job.objects.select_related("result").get(pk=wanted, user=_key(request).user))
    except (ValueError, Job.DoesNotExist):
        raise NotFound("There is no job with this id.") from None


@router.post("/uploads", response=Upload)
def new_upload(request: HttpRequest, body: NewUpload) -> dict[str, object]:
    """Leave to send one file: send it as `upload` says, then put `url` into `formState`."""
    ticket = media.open_ticket(_key(request).user, body.filename, body.contentType, body.size)
    return {
        "url": ticket.url,
        "upload": UploadTarget(method="PUT", url=ticket.upload_url, headers=dict(ticket.headers), fields={}),
        "expiresAt": f"{ticket.expires:%Y-%m-%dT%H:%M:%SZ}",
    }


@router.put("/uploads/{ticket}", auth=None, response={204: None})
def receive_upload(request: HttpRequest, ticket: str) -> Status[None]:
    """The file itself, as the request's body. The address is its own authorisation."""
    length = request.headers.get("Content-Length", "")
    media.receive(ticket, cast(BinaryIO, request), int(length) if length.isdecimal() else None)
    return Status(204, None)


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


def _fetched(intake: media.Intake, **urls: str) -> dict[str, media.Draft]:
    try:
        return intake.from_urls(urls)
    except InvalidInput as problem:
        problem.field = f"formState.{problem.field}"
        raise

"""The endpoints: find, check, one call to the story, answer."""

import uuid
from collections.abc import Mapping
from typing import BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Status

from jobs import lifecycle, media
from jobs.api.schemas import (
    Form,
    JobAnswer,
    NewUpload,
    Submission,
    SubmitImage,
    SubmitMulti,
    Submitted,
    SubmitVideo,
    Upload,
    UploadTarget,
)
from jobs.engines.base import SpeakingOrder
from jobs.errors import InvalidInput, NotFound, Problem
from jobs.lifecycle import Order
from jobs.models import ApiKey, Job, WalletKind
from jobs.models.job import Model
from jobs.net import Policy, check_url
from jobs.wire import JobObject, job_object

router = Router()


@router.post("/lipsync-video", response=Submitted)
def lipsync_video(request: HttpRequest, body: SubmitVideo) -> dict[str, str]:
    """A video gets a new voice: its lips follow it."""
    form = body.formState
    return _submitted(request, body, form, Model.VIDEO, {"video": form.video, "audio": form.audio})


@router.post("/lipsync-image", response=Submitted)
def lipsync_image(request: HttpRequest, body: SubmitImage) -> dict[str, str]:
    """One picture and one voice become a talking video."""
    form = body.formState
    return _submitted(request, body, form, Model.IMAGE, {"image": form.image, "audio": form.audio})


@router.post("/lipsync-image-multi", response=Submitted)
def lipsync_image_multi(request: HttpRequest, body: SubmitMulti) -> dict[str, str]:
    """A picture of two people and two voices become a conversation."""
    form = body.formState
    urls = {"image": form.image, "left_audio": form.left_audio, "right_audio": form.right_audio}
    return _submitted(request, body, form, Model.MULTI, urls, form.order or "meanwhile")


def _submitted(
    request: HttpRequest,
    body: Submission,
    form: Form,
    model: Model,
    urls: Mapping[str, str],
    speaking_order: SpeakingOrder = "meanwhile",
) -> dict[str, str]:
    key, webhook = _key(request), _webhook(body.webhook or "")
    limits = {"mask_image": form.mask_image} if form.mask_image else {}
    with media.Intake(key.user) as intake:
        order = Order(
            model=model,
            inputs=_fetched(intake, {**urls, **limits}),
            resolution=int((form.resolution or "480p").removesuffix("p")),
            seed=-1 if form.seed is None else form.seed,
            prompt=form.prompt or "",
            webhook=webhook,
            speaking_order=speaking_order,
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


def _fetched(intake: media.Intake, urls: Mapping[str, str]) -> dict[str, media.Draft]:
    try:
        return intake.from_urls(urls)
    except InvalidInput as problem:
        problem.field = f"formState.{problem.field}"
        raise

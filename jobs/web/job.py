"""One job: the player beside its source, its facts, and its state while it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jobs import lifecycle
from jobs.errors import Problem
from jobs.media import media_path
from jobs.models import Job, Media, Share, Status, WalletKind, jobs_of
from jobs.models.job import Model
from jobs.web import words
from jobs.web.cards import card, with_files
from jobs.web.changes import mark_of_job
from jobs.web.forms import ORDERS, SHARED_FOR
from jobs.web.htmx import Request, for_members, go_to, wants_part
from jobs.web.share import address_of
from jobs.web.studio import NAMES, VOICES

# The stages when they are over, for the list of timings: in their order, which a database may not keep.
STEPS: Mapping[str, str | Promise] = {
    "looking": _("Finding the face"),
    "listening": _("Listening"),
    "drawing": _("Drawing"),
    "saving": _("Saving"),
}
# The engine that always says which words of a prompt had an effect; of others an empty list says nothing.
TELLING = "local"
LEAST_TOLD = 50  # milliseconds: less would read 0.0 s
BAR = 100.0  # the width of the bar of timings, in its own units


@dataclass(frozen=True)
class Step:
    """A stage in the bar of timings: where it begins and how wide it is, of `BAR`."""

    name: str
    seconds: str
    start: float
    width: float


@dataclass(frozen=True)
class GivenVoice:
    """A recording that was given: where it plays, whose it is of two, and its file's name and length."""

    url: str
    whose: str
    facts: str


@never_cache
@require_safe
@for_members
def job(request: Request, job_id: UUID) -> HttpResponse:
    found = get_object_or_404(with_files(jobs_of(request.user)).select_related("wallet"), pk=job_id)
    mark = mark_of_job(found)
    if wants_part(request) and request.GET.get("since") == mark:
        return HttpResponse(status=204)
    template = "job/_live.html" if wants_part(request) else "job/page.html"
    return render(request, template, _context(found) | {"mark": mark})


@require_POST
@for_members
def cancel(request: Request, job_id: UUID) -> HttpResponse:
    get_object_or_404(jobs_of(request.user), pk=job_id)
    lifecycle.cancel(request.user, job_id)
    return go_to(request, reverse("job", args=[job_id]))


@require_POST
@for_members
def rename(request: Request, job_id: UUID) -> HttpResponse:
    get_object_or_404(jobs_of(request.user), pk=job_id)
    name = request.POST.get("name", "").replace("\0", "").strip()
    if name:
        lifecycle.rename(request.user, job_id, name)
    return go_to(request, reverse("job", args=[job_id]))


@require_POST
@for_members
def remove(request: Request, job_id: UUID) -> HttpResponse:
    """Hide it; the gallery offers to undo that."""
    found = get_object_or_404(jobs_of(request.user), pk=job_id)
    if not lifecycle.hide(request.user, [job_id]):
        messages.error(request, gettext(lifecycle.NOT_FINISHED))
        return go_to(request, reverse("job", args=[found.pk]))
    return go_to(request, reverse("gallery"))


@require_POST
@for_members
def again(request: Request, job_id: UUID) -> HttpResponse:
    get_object_or_404(jobs_of(request.user), pk=job_id)
    try:
        new = lifecycle.again(job_id)
    except Problem as problem:
        messages.error(request, words.sentence(problem))
        return go_to(request, reverse("job", args=[job_id]))
    return go_to(request, reverse("job", args=[new.pk]))


def _context(job: Job) -> dict[str, object]:
    video: Media | None = job.input("video")
    picture: Media | None = job.input("image")
    shared = next((share for share in Share.objects.filter(job=job, ended=None) if share.is_open), None)
    paid_from = gettext("API credits") if job.wallet.kind == WalletKind.API else gettext("user credits")
    shown, voices = card(job), _voices(job)
    return {
        "card": shown,
        # One voice is drawn of itself, two as they are heard together.
        "wave": voices[0].url if len(voices) == 1 else shown.video,
        "source_picture": media_path(picture) if picture and picture.kind else "",
        "source_video": media_path(video) if video and video.kind else "",
        "voices": voices,
        "order": dict(ORDERS)[job.speaking_order] if job.model == Model.MULTI else "",
        "share": shared,
        "share_address": address_of(shared) if shared else "",
        "share_until": words.moment(shared.expires) if shared and shared.expires else "",
        "lifetimes": SHARED_FOR,
        "price": words.number(job.price),
        "paid_from": paid_from,
        "created": words.moment(job.created),
        "took": words.decimal((job.execution_ms or 0) / 1000) if job.execution_ms else "",
        "steps": _steps(job.timings or {}),
        "prompt_used": ", ".join(words.manner(one) for one in job.prompt_used),
        "prompt_heard": job.prompt_used or (job.status == Status.DONE and job.engine.partition(" ")[0] == TELLING),
    }


def _voices(job: Job) -> list[GivenVoice]:
    found: list[GivenVoice] = []
    for field in VOICES:
        media: Media | None = job.input(field)
        if media and media.kind:
            length = words.clock(media.seconds) if media.seconds else ""
            facts = ", ".join(part for part in (media.filename, length) if part)
            whose = "" if field == "audio" else str(NAMES[field])
            found.append(GivenVoice(media_path(media), whose, facts))
    return found


def _steps(timings: Mapping[str, int]) -> list[Step]:
    """Those that took long enough to be told and seen."""
    timings = {name: milliseconds for name, milliseconds in timings.items() if milliseconds >= LEAST_TOLD}
    total = sum(timings.values())
    steps, start = [], 0.0
    order = [*(name for name in STEPS if name in timings), *(name for name in timings if name not in STEPS)]
    for name in order:
        milliseconds = timings[name]
        width = BAR * milliseconds / total
        steps.append(
            Step(str(STEPS.get(name, name)), words.decimal(milliseconds / 1000), round(start, 2), round(width, 2))
        )
        start += width
    return steps

"""The studio: choose a photo and a voice, press one key."""

import json
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jobs import credits, lifecycle
from jobs.errors import InsufficientCredits, InvalidInput
from jobs.lifecycle import Order
from jobs.media import SAMPLES, Draft, Intake
from jobs.models import MediaKind, WalletKind, jobs_of
from jobs.models.job import Model
from jobs.web import words
from jobs.web.forms import MISSING, RESOLUTIONS, StudioForm
from jobs.web.htmx import Request, for_members, go_to, wants_part

SAMPLE_OF = {"image": "face.jpg", "audio": "voice.wav"}
KIND_OF = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def studio(request: Request) -> HttpResponse:
    if request.method != "POST":
        return render(request, "studio/page.html", _context(request, StudioForm(initial=_initial(request))))
    form = StudioForm(request.POST, request.FILES)
    if form.is_valid() and _submitted(request, form):
        return go_to(request, reverse("gallery"))
    # With htmx only the sentences come back, so the chosen files stay chosen.
    template = "studio/_problems.html" if wants_part(request) else "studio/page.html"
    return render(request, template, _context(request, form), status=422)


def _submitted(request: Request, form: StudioForm) -> bool:
    """Submit the job. False if the files or the wallet do not allow it: then the form says why."""
    with Intake(request.user) as intake:
        drafts = _drafts(intake, form)
        if form.errors:
            return False
        order = Order(
            model=Model.IMAGE,
            inputs=drafts,
            resolution=int(form.cleaned_data["resolution"]),
            seed=-1 if form.cleaned_data["seed"] is None else form.cleaned_data["seed"],
            prompt=form.cleaned_data["prompt"].strip(),
        )
        try:
            lifecycle.submit(request.user, order, WalletKind.USER)
        except InsufficientCredits as problem:
            form.add_error(None, words.sentence(problem))
            return False
    return True


def _drafts(intake: Intake, form: StudioForm) -> dict[str, Draft]:
    """A draft for each field; what can not be used is said in the form."""
    drafts = {}
    for field, wanted in KIND_OF.items():
        file = form.file(field)
        try:
            draft = intake.from_upload(file, field) if file else intake.from_sample(SAMPLE_OF[field])
        except InvalidInput as problem:
            form.add_error(field, words.sentence(problem))
            continue
        if unfit := draft.facts.unfit(wanted):
            form.add_error(field, words.sentence(unfit))
        drafts[field] = draft
    return drafts


def _initial(request: Request) -> dict[str, object]:
    """Empty, or the parameters of the own job that `like` names."""
    try:
        like = jobs_of(request.user).filter(pk=UUID(request.GET.get("like", ""))).first()
    except ValueError:
        like = None
    if like is None:
        return {"resolution": RESOLUTIONS[0][0]}
    return {"resolution": str(like.resolution), "prompt": like.prompt, "seed": like.seed}


def _context(request: Request, form: StudioForm) -> dict[str, object]:
    wallet = credits.wallet_of(request.user, WalletKind.USER)
    if form.is_bound:
        sampled = {field for field in form.samples() if field not in request.FILES}
    else:
        sampled = set(MISSING) if "sample" in request.GET else set()
    return {
        "form": form,
        "resolutions": RESOLUTIONS,
        "sampled": sampled,
        "sample_ready": all((SAMPLES / name).exists() for name in SAMPLE_OF.values()),
        "available": wallet.available,
        "shown_available": words.number(wallet.available),
        "rates": json.dumps(dict(credits.CREDITS_PER_SECOND)),
        "least_seconds": credits.MIN_BILLED_SECONDS,
        "max_bytes": settings.MAX_MEDIA_BYTES,
        "max_megabytes": settings.MAX_MEDIA_BYTES // 1_000_000,
    }

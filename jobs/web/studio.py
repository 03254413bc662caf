"""The studio: choose a kind of video, a face and a voice or two, press one key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from csp.constants import NONCE, SELF
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jobs import credits, lifecycle, roster
from jobs.engines.base import MAX_ENLARGEMENT
from jobs.errors import InsufficientCredits, InvalidInput, Unavailable, gettext_noop
from jobs.lifecycle import SMALL_PICTURE, SMALL_VIDEO, Order
from jobs.media import SAMPLES_OF, WRONG_KIND, Draft, Intake, draft_of, media_path
from jobs.models import Job, Media, MediaKind, WalletKind, jobs_of
from jobs.models.job import Model
from jobs.roster import Entry
from jobs.web import words
from jobs.web.forms import FILES, MASK, MISSING, ORDERS, PARTS, RESOLUTIONS, StudioForm
from jobs.web.htmx import Request, for_members, go_to, wants_part

VOICES = ("audio", "left_audio", "right_audio")
KIND_OF = {
    "image": MediaKind.IMAGE,
    MASK: MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    **dict.fromkeys(VOICES, MediaKind.AUDIO),
}
BUILT_IN = "local"  # the engine whose look for faces the page shows
ICONS = {Model.IMAGE: "photo", Model.VIDEO: "video", Model.MULTI: "two"}
NAMES: Mapping[str, str | Promise] = {
    "audio": _("Voice"),
    "left_audio": _("Voice on the left"),
    "right_audio": _("Voice on the right"),
}


@dataclass(frozen=True)
class Slot:
    """A place for a file: what is in it (`source`: sample, keep, or nothing), and what is wrong with it."""

    field: str
    kinds: str  # of video that it belongs to
    name: str | Promise = ""
    source: str = ""
    url: str = ""
    filename: str = ""
    problems: tuple[str, ...] = ()


# What draws the waves puts a style sheet of its own beside each.
@csp_update({"style-src-elem": [SELF, NONCE]})
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def studio(request: Request) -> HttpResponse:
    like = _like(request)
    if request.method != "POST":
        return render(request, "studio/page.html", _context(request, StudioForm(initial=_initial(request, like)), like))
    form = StudioForm(request.POST, request.FILES)
    if form.is_valid() and (job := _submitted(request, form, like)):
        answer = go_to(request, reverse("gallery"))
        answer["Mundwerk-Job"] = str(job.pk)
        return answer
    # With htmx only the sentences come back, so the chosen files stay chosen.
    template = "studio/_problems.html" if wants_part(request) else "studio/page.html"
    return render(request, template, _context(request, form, like), status=422)


def _submitted(request: Request, form: StudioForm, like: Job | None) -> Job | None:
    """Submit the job. None if files, storage, engines or wallet do not allow it: then the form says why."""
    try:
        return _submit(request, form, like)
    except (InsufficientCredits, Unavailable) as problem:
        form.add_error(None, words.sentence(problem))
        return None
    except InvalidInput as problem:
        form.add_error(problem.field if problem.field in form.fields else "model", words.sentence(problem))
        return None


def _submit(request: Request, form: StudioForm, like: Job | None) -> Job | None:
    with Intake(request.user) as intake:
        drafts = _drafts(intake, form, like)
        if form.errors:
            return None
        order = Order(
            model=form.kind,
            inputs=drafts,
            resolution=int(form.cleaned_data["resolution"]),
            seed=-1 if form.cleaned_data["seed"] is None else form.cleaned_data["seed"],
            prompt=form.cleaned_data["prompt"].strip(),
            speaking_order=form.cleaned_data["order"] or "meanwhile",
            engine=form.engine(form.kind),
        )
        return lifecycle.submit(request.user, order, WalletKind.USER)


def _drafts(intake: Intake, form: StudioForm, like: Job | None) -> dict[str, Draft]:
    """A draft for each file of this kind of video; what can not be used is said in the form."""
    drafts = {}
    for name in (*form.parts, MASK):
        try:
            draft = _draft(intake, form, like, name)
        except InvalidInput as problem:
            form.add_error(name, words.sentence(problem))
            continue
        if draft is None:
            if name != MASK:
                form.add_error(name, str(MISSING[name]))
            continue
        if unfit := draft.facts.unfit(KIND_OF[name]):
            form.add_error(name, words.sentence(unfit))
        drafts[name] = draft
    return drafts


def _draft(intake: Intake, form: StudioForm, like: Job | None, name: str) -> Draft | None:
    """What was sent, or else what stands in for it."""
    if file := form.file(name):
        return intake.from_upload(file, name)
    if upload := form.sent().get(name):
        try:
            return intake.from_ticket(upload, name)
        except InvalidInput as problem:
            raise InvalidInput(gettext_noop("The file did not arrive. Choose it again."), field=name) from problem
    if name in form.samples():
        return intake.from_sample(SAMPLES_OF[form.kind][name])
    kept: Media | None = like.input(name) if like and name in form.keeps() else None
    return draft_of(kept) if kept else None


def _like(request: Request) -> Job | None:
    """The own job that `like` names, whose files and settings are to be taken again."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        return jobs_of(request.user).prefetch_related("inputs__media").filter(pk=UUID(asked.get("like", ""))).first()
    except ValueError:
        return None


def _initial(request: Request, like: Job | None) -> dict[str, object]:
    """Empty, or the settings of the job `like`."""
    if like is None:
        made, asked = list(_made()), request.GET.get("model")
        model = asked if asked in made or not made else made[0]
        return {"resolution": RESOLUTIONS[0][0], "model": model, "order": ORDERS[0][0]}
    return {
        "model": like.model,
        "order": like.speaking_order,
        "resolution": str(like.resolution),
        "prompt": like.prompt,
        "seed": like.seed,
    }


def _context(request: Request, form: StudioForm, like: Job | None) -> dict[str, object]:
    wallet = credits.wallet_of(request.user, WalletKind.USER)
    slots = {name: _slot(request, form, like, name) for name in FILES}
    filled = [slots[name].source for name in form.parts]
    made = _made()
    known_orders = {order for entry in made.get(Model.MULTI, ()) for order in entry.offer.orders}
    return {
        "form": form,
        "like": like,
        "kinds": [(kind, Model(kind).label, ICONS[Model(kind)], kind == form.kind) for kind in made],
        "masked": " ".join(kind for kind, engines in made.items() if any(one.offer.mask for one in engines)),
        "prompted": " ".join(kind for kind, engines in made.items() if any(one.offer.prompt for one in engines)),
        "choices": [(kind, form.engine(kind), engines) for kind, engines in made.items() if len(engines) > 1],
        "parts": json.dumps(PARTS),
        "wrong": json.dumps({name: gettext(WRONG_KIND[KIND_OF[name]]) for name in FILES}),
        # Where nobody else makes the video, what the built-in engine's own look found is certain.
        "known": " ".join(kind for kind, engines in made.items() if all(one.name == BUILT_IN for one in engines)),
        "small": json.dumps({"image": gettext(SMALL_PICTURE), "video": gettext(SMALL_VIDEO)}),
        "most_enlarged": MAX_ENLARGEMENT,
        "missing": json.dumps({name: str(sentence) for name, sentence in MISSING.items()}),
        "slots": slots,
        "voices": [slots[name] for name in VOICES],
        "orders": [(order, label) for order, label in ORDERS if order in known_orders],
        "order": form["order"].value() or ORDERS[0][0],
        "resolutions": RESOLUTIONS,
        "all_sampled": all(source == "sample" for source in filled),
        "samples": json.dumps(_samples()),
        "available": wallet.available,
        "shown_available": words.number(wallet.available),
        "rates": json.dumps(dict(credits.CREDITS_PER_SECOND)),
        "least_seconds": credits.MIN_BILLED_SECONDS,
        "max_bytes": settings.MAX_MEDIA_BYTES,
        "max_megabytes": settings.MAX_MEDIA_BYTES // 1_000_000,
    }


def _made() -> Mapping[str, tuple[Entry, ...]]:
    """The kinds of video that this installation makes, with the engines for each."""
    found = {kind: roster.entries(kind) for kind in PARTS}  # type: ignore[arg-type]  # the kinds are the same words
    return {kind: engines for kind, engines in found.items() if engines}


def _samples() -> Mapping[str, Mapping[str, str]]:
    """For each kind, where the sample of each of its files is."""
    return {
        kind: {field: reverse("sample", args=[name]) for field, name in files.items()}
        for kind, files in SAMPLES_OF.items()
    }


def _slot(request: Request, form: StudioForm, like: Job | None, name: str) -> Slot:
    kinds = " ".join(kind for kind, parts in PARTS.items() if name in parts)
    empty = Slot(name, kinds, NAMES.get(name, ""), problems=tuple(str(error) for error in form[name].errors))
    if name in request.FILES or name in (
        form.sent() if form.is_bound else ()
    ):  # it came, but a page can not hold it: it has to be chosen again
        return empty
    samples = SAMPLES_OF[form.kind]
    if name in (form.samples() if form.is_bound else samples if "sample" in request.GET else ()):
        return replace(empty, source="sample", url=reverse("sample", args=[samples[name]]), filename=samples[name])
    kept: Media | None = like.input(name) if like and (not form.is_bound or name in form.keeps()) else None
    if kept and kept.kind:
        return replace(empty, source="keep", url=media_path(kept), filename=kept.filename)
    return empty

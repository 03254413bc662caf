"""Batches: the list, and the page of one: before it is made what it costs, then how far its videos are."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from jobs import batches, credits, lifecycle
from jobs.errors import Problem, Unavailable
from jobs.lifecycle import Order
from jobs.models import Batch, Job, Status, WalletKind, batches_of
from jobs.web import words
from jobs.web.cards import cards, with_files
from jobs.web.changes import Watch, news, nothing_new, watch
from jobs.web.htmx import Request, for_members, go_to, wants_part
from jobs.web.pages import pages
from jobs.web.zips import zip_of

PAGE = 24
LIST_PAGE = 20


@dataclass(frozen=True)
class Row:
    """A batch in the list."""

    batch: Batch
    standing: batches.Standing
    made: str
    percent: int


@dataclass(frozen=True)
class Line:
    """A video that is planned."""

    number: int
    name: str
    kind: str
    resolution: int
    seconds: str
    credits: str


@never_cache
@require_safe
@for_members
def listing(request: Request) -> HttpResponse:
    with_jobs = Exists(Job.objects.filter(batch=OuterRef("pk"), removed=None))
    own = batches_of(request.user).filter(Q(with_jobs) | Q(plan__isnull=False))
    page = pages(request, own, LIST_PAGE, reverse("batches"))
    standings = batches.standings(page.rows)
    rows = [
        Row(one, standings[one.pk], words.ago(one.created), int(standings[one.pk].share * 100)) for one in page.rows
    ]
    return render(request, "batches/list.html", {"page": page, "rows": rows})


@never_cache
@require_safe
@for_members
def batch(request: Request, batch_id: UUID) -> HttpResponse:
    found = _own(request, batch_id)
    if found.is_planned:
        return render(request, "batches/check.html", _check(request, found))
    # The watch first: what changes between the two is then shown twice, not missed.
    watched = _watch(found)
    page = pages(request, with_files(batches.jobs_in(found)), PAGE, reverse("batch", args=[found.pk]))
    context = {"watch": watched, "page": page, "cards": cards(page.rows)}
    return render(request, "batches/page.html", context | _live(found))


@never_cache
@require_safe
def changes(request: HttpRequest, batch_id: UUID) -> HttpResponseBase:
    """What has changed since the open page of a batch looked last; nothing, 204, if nothing has."""
    return HttpResponse(status=204) if nothing_new(request) else _changes(request, batch_id)


@require_POST
@for_members
def submit(request: Request, batch_id: UUID) -> HttpResponse:
    return _act(request, batch_id, lambda: batches.submit(request.user, batch_id))


@require_POST
@for_members
def discard(request: Request, batch_id: UUID) -> HttpResponse:
    _own(request, batch_id)
    batches.discard(request.user, batch_id)
    return go_to(request, reverse("batch_new"))


@require_POST
@for_members
def cancel(request: Request, batch_id: UUID) -> HttpResponse:
    return _act(request, batch_id, lambda: batches.cancel(request.user, batch_id))


@require_POST
@for_members
def retry(request: Request, batch_id: UUID) -> HttpResponse:
    return _act(request, batch_id, lambda: batches.retry(request.user, batch_id))


@never_cache
@require_safe
@for_members
def results(request: Request, batch_id: UUID) -> HttpResponseBase:
    """All videos that are done, as one ZIP."""
    found = _own(request, batch_id)
    try:
        answer = zip_of(list(batches.jobs_in(found).select_related("result")), found.name)
    except Unavailable as problem:
        messages.error(request, words.sentence(problem))
        return redirect("batch", found.pk)
    if answer is None:
        raise Http404
    return answer


@for_members
def _changes(request: Request, batch_id: UUID) -> HttpResponse:
    found = _own(request, batch_id)
    if not wants_part(request):
        return redirect("batch", batch_id)
    watched = _watch(found)
    seen = news(request)
    if seen is None:
        return HttpResponseClientRefresh()
    own = [job for job in seen.jobs if job.batch_id == found.pk]
    # One that was tried again has left its place to the other one.
    gone = [*seen.gone, *(job.pk for job in seen.jobs if job.tried_again_id)]
    context = {"watch": watched, "cards": cards(own), "gone": gone}
    return render(request, "batches/_changes.html", context | _live(found))


def _watch(found: Batch) -> Watch:
    return watch(found.owner, reverse("batch_changes", args=[found.pk]), {})


def _act(request: Request, batch_id: UUID, act: Callable[[], object]) -> HttpResponse:
    """Do it and show the batch; a refusal is said there."""
    _own(request, batch_id)
    try:
        act()
    except Problem as problem:
        messages.error(request, words.sentence(problem))
    return go_to(request, reverse("batch", args=[batch_id]))


def _own(request: Request, batch_id: UUID) -> Batch:
    return get_object_or_404(batches_of(request.user).select_related("owner"), pk=batch_id)


def _check(request: Request, found: Batch) -> dict[str, object]:
    """What a plan would make and cost."""
    available = credits.wallet_of(request.user, WalletKind.USER).available
    context: dict[str, object] = {"batch": found, "available": words.number(available)}
    try:
        orders = batches.planned(found)
    except Problem as problem:
        return context | {"gone": words.sentence(problem)}
    total = batches.total(orders)
    return context | {
        "lines": [_line(number, order) for number, order in enumerate(orders, start=1)],
        "total": total,
        "videos": ngettext("%(count)s video", "%(count)s videos", total.videos) % {"count": total.videos},
        "price": ngettext("%(count)s credit", "%(count)s credits", total.credits)
        % {"count": words.number(total.credits)},
        "length": words.clock(total.seconds),
        "left": words.number(available - total.credits),
        "missing": max(total.credits - available, 0),
    }


def _line(number: int, order: Order) -> Line:
    quote = lifecycle.quote(order)
    return Line(
        number,
        lifecycle.name_of(order),
        str(order.model.label),
        order.resolution,
        words.clock(quote.seconds),
        words.number(quote.credits),
    )


def _live(found: Batch) -> dict[str, object]:
    """How far it is, and what failed."""
    standing = batches.standing(found)
    left = standing.seconds_left
    return {
        "batch": found,
        "standing": standing,
        "percent": int(standing.share * 100) if standing.open else 100,
        "left": words.clock(left) if left is not None else "",
        "made": words.moment(found.created),
        "failed": batches.jobs_in(found).filter(status=Status.FAILED) if standing.failed else [],
    }

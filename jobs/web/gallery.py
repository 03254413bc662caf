"""The gallery: own videos, newest first, each card alive while its job is open."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.models import Job, Status, jobs_of
from jobs.web.cards import Card, card, cards, with_files
from jobs.web.htmx import Request, for_members, wants_part

PAGE = 24


@dataclass(frozen=True)
class Page:
    """Some cards, and the job after which the next ones begin (None at the end)."""

    cards: list[Card]
    after: UUID | None


@never_cache
@require_safe
@for_members
def gallery(request: Request) -> HttpResponse:
    own = jobs_of(request.user).filter(showcase=False)
    page = _page(own, request.GET.get("after", ""))
    if wants_part(request):
        return render(request, "gallery/_more.html", {"page": page})
    context = {"page": page, "total": own.count(), "working": own.filter(status=Status.RUNNING).count()}
    return render(request, "gallery/page.html", context)


@never_cache
@require_safe
@for_members
def one(request: Request, job_id: UUID) -> HttpResponse:
    """One card alone, as an open one asks for itself."""
    job = get_object_or_404(with_files(jobs_of(request.user)), pk=job_id)
    if not wants_part(request):
        return redirect("job", job_id)
    return render(request, "gallery/_card.html", {"card": card(job)})


def _page(own: QuerySet[Job], after: str) -> Page:
    """The cards after the job called `after`; an unknown one starts again at the newest."""
    jobs = with_files(own)
    last = own.filter(pk=after).first() if _is_id(after) else None
    if last is not None:
        jobs = jobs.filter(Q(created__lt=last.created) | Q(created=last.created, pk__lt=last.pk))
    found = list(jobs[: PAGE + 1])
    return Page(cards(found[:PAGE]), found[PAGE - 1].pk if len(found) > PAGE else None)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

"""The gallery: own videos, newest first, each card alive while its job is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.models import Job, Status, jobs_of
from jobs.models.job import OPEN, Model
from jobs.web.cards import Card, card, cards, with_files
from jobs.web.htmx import Request, for_members, wants_part

PAGE = 24
# What a reader may ask for: the word in the address, and which states it means.
STATES: Mapping[str, tuple[str | Promise, tuple[str, ...]]] = {
    "working": (_("In the works"), OPEN),
    "done": (_("Done"), (Status.DONE,)),
    "failed": (_("Failed"), (Status.FAILED,)),
    "cancelled": (_("Cancelled"), (Status.CANCELLED,)),
}


@dataclass(frozen=True)
class Page:
    """Some cards, and where the next ones are ("" at the end)."""

    cards: list[Card]
    more: str


@dataclass(frozen=True)
class Wanted:
    """Which videos to show: of a kind, in a state, with these words in their names. What is not known is left out."""

    kind: str = ""
    state: str = ""
    words: str = ""

    @classmethod
    def of(cls, request: Request) -> "Wanted":
        kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
        return cls(
            kind if kind in Model.values else "",
            state if state in STATES else "",
            request.GET.get("q", "").replace("\0", "").strip()[:100],
        )

    def among(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        """Those of the jobs."""
        if self.kind:
            jobs = jobs.filter(model=self.kind)
        if self.state:
            jobs = jobs.filter(status__in=STATES[self.state][1])
        for word in self.words.split():
            jobs = jobs.filter(name__icontains=word)
        return jobs

    def address(self, **change: str) -> str:
        """Of the gallery that shows them, with something changed."""
        asked = {"kind": self.kind, "state": self.state, "q": self.words} | change
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{reverse('gallery')}?{query}" if query else reverse("gallery")


@never_cache
@require_safe
@for_members
def gallery(request: Request) -> HttpResponse:
    own = jobs_of(request.user).filter(showcase=False)
    wanted = Wanted.of(request)
    after = request.GET.get("after", "")
    page = _page(wanted.among(own), own, wanted, after)
    context = {"page": page, "wanted": wanted}
    if wants_part(request):
        return render(request, "gallery/_more.html" if after else "gallery/_list.html", context)
    kinds = [("", gettext("All")), *((kind, Model(kind).label) for kind in (Model.IMAGE, Model.VIDEO, Model.MULTI))]
    states = [("", gettext("In any state")), *((word, said) for word, (said, _states) in STATES.items())]
    return render(request, "gallery/page.html", context | {"total": own.count(), "kinds": kinds, "states": states})


@never_cache
@require_safe
@for_members
def one(request: Request, job_id: UUID) -> HttpResponse:
    """One card alone, as an open one asks for itself."""
    job = get_object_or_404(with_files(jobs_of(request.user)), pk=job_id)
    if not wants_part(request):
        return redirect("job", job_id)
    return render(request, "gallery/_card.html", {"card": card(job)})


def _page(jobs: QuerySet[Job], own: QuerySet[Job], wanted: Wanted, after: str) -> Page:
    """The cards after the job called `after`; an unknown one starts again at the newest."""
    jobs = with_files(jobs)
    last = own.filter(pk=after).first() if _is_id(after) else None
    if last is not None:
        jobs = jobs.filter(Q(created__lt=last.created) | Q(created=last.created, pk__lt=last.pk))
    found = list(jobs[: PAGE + 1])
    more = wanted.address(after=str(found[PAGE - 1].pk)) if len(found) > PAGE else ""
    return Page(cards(found[:PAGE]), more)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

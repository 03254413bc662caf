"""The gallery: own videos, newest first, alive: what changes is on the page within a second."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from jobs import lifecycle
from jobs.errors import Problem
from jobs.models import Job, Status, jobs_of
from jobs.models.job import OPEN, Model
from jobs.web.cards import Card, cards, with_files
from jobs.web.changes import mark_of, since, stands, word_of
from jobs.web.htmx import Request, for_members, go_to, wants_part
from jobs.web.words import sentence

PAGE = 24
MOST_CHANGES = 1000  # a page that slept through more is loaded anew
QUICK, CALM = "400ms", "900ms"  # between two looks: while something of the account's is open, and else
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
class Watch:
    """How a page looks for changes: at which address, and how often."""

    address: str
    every: str


@dataclass(frozen=True)
class Undo:
    """So many videos were deleted at this moment, and can be brought back."""

    removed: str
    count: int


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

    def asked(self) -> dict[str, str]:
        """The same as fields of an address."""
        asked = {"kind": self.kind, "state": self.state, "q": self.words}
        return {name: value for name, value in asked.items() if value}

    def address(self, **change: str) -> str:
        """Of the gallery that shows them, with something changed."""
        query = urlencode(self.asked() | change)
        return f"{reverse('gallery')}?{query}" if query else reverse("gallery")


@never_cache
@require_safe
@for_members
def gallery(request: Request) -> HttpResponse:
    own = _own(request)
    wanted = Wanted.of(request)
    after = request.GET.get("after", "")
    if wants_part(request) and after:
        return render(request, "gallery/_more.html", {"page": _page(wanted.among(own), own, wanted, after)})
    # The watch first: what changes between the two is then shown twice, not missed.
    watch = _watch(request, wanted)
    context = {"watch": watch, "page": _page(wanted.among(own), own, wanted, after), "wanted": wanted}
    if wants_part(request):
        return render(request, "gallery/_list.html", context)
    kinds = [("", gettext("All")), *((kind, Model(kind).label) for kind in (Model.IMAGE, Model.VIDEO, Model.MULTI))]
    states = [("", gettext("In any state")), *((word, said) for word, (said, _states) in STATES.items())]
    context |= {"total": own.count(), "undo": _undo(request), "kinds": kinds, "states": states}
    return render(request, "gallery/page.html", context)


@never_cache
@require_safe
def changes(request: HttpRequest) -> HttpResponseBase:
    """What has changed since an open page looked last; nothing, 204, if nothing has."""
    asked = request.GET
    if stands(asked.get("of", ""), asked.get("since", ""), waiting="waiting" in asked):
        return HttpResponse(status=204)
    return _changes(request)


@require_POST
@for_members
def undo(request: Request) -> HttpResponse:
    """Bring back what was deleted at the moment `removed`."""
    moment = _moment(request.POST.get("removed", ""))
    if moment is None or not lifecycle.bring_back(request.user, moment):
        messages.error(request, gettext("It is too late to undo this: the files are gone."))
    elif wants_part(request):
        return trigger_client_event(HttpResponse(status=204), "look")
    return go_to(request, reverse("gallery"))


@require_POST
@for_members
def picked(request: Request) -> HttpResponse:
    """Do one thing with all the videos that were selected and of which it can be done."""
    ids = [UUID(found) for found in request.POST.getlist("job") if _is_id(found)]
    some = jobs_of(request.user).filter(pk__in=ids)
    problem = ""
    match request.POST.get("do"):
        case "remove":
            lifecycle.hide(request.user, ids)
        case "cancel":
            for job_id in some.filter(status__in=OPEN).values_list("pk", flat=True):
                lifecycle.cancel(request.user, job_id)
        case "again":
            problem = _again(some.filter(status__in=(Status.FAILED, Status.CANCELLED)))
    if problem:
        messages.error(request, problem)
    elif wants_part(request):
        return trigger_client_event(HttpResponse(status=204), "look")
    return go_to(request, reverse("gallery"))


def _again(jobs: QuerySet[Job]) -> str:
    """Try them again, oldest first, as far as that goes; why it does not go on, or nothing."""
    for job_id in jobs.order_by("created").values_list("pk", flat=True):
        try:
            lifecycle.again(job_id)
        except Problem as problem:
            return sentence(problem)
    return ""


@for_members
def _changes(request: Request) -> HttpResponse:
    if not wants_part(request):
        return redirect("gallery")
    wanted, own = Wanted.of(request), _own(request)
    watch = _watch(request, wanted)
    start = since(request.GET.get("since", ""))
    if start is None:
        return HttpResponseClientRefresh()
    gone = list(_since(request, start).exclude(removed=None).values_list("pk", flat=True)[: MOST_CHANGES + 1])
    jobs = list(with_files(_since(request, start).filter(removed=None))[: MOST_CHANGES + 1])
    if "waiting" in request.GET:
        # The line has moved up, perhaps.
        known = {job.pk for job in jobs}
        jobs += with_files(own.filter(finished=None, status=Status.QUEUED).exclude(pk__in=known))
    if len(gone) + len(jobs) > MOST_CHANGES:
        return HttpResponseClientRefresh()
    fitting = set(wanted.among(own.filter(pk__in=[job.pk for job in jobs])).values_list("pk", flat=True))
    context = {"watch": watch, "cards": cards(jobs), "fitting": fitting, "gone": gone}
    # The number is as costly as they are many, and progress alone does not change it.
    if gone or any(job.status != Status.RUNNING for job in jobs):
        context |= {"more": True, "total": own.count(), "undo": _undo(request)}
    return render(request, "gallery/_changes.html", context)


def _since(request: Request, start: datetime) -> QuerySet[Job]:
    """What has changed from then on, removed or not; by the time of that, so that it is found in its index."""
    return Job.objects.filter(user=request.user, showcase=False, updated__gt=start).order_by("updated")


def _undo(request: Request) -> Undo | None:
    """The latest deletion that can be undone."""
    hidden = Job.objects.filter(user=request.user, erase_after__gt=timezone.now())
    latest = hidden.order_by("-removed").values_list("removed").annotate(Count("pk")).first()
    return Undo(latest[0].isoformat(), latest[1]) if latest else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _own(request: Request) -> QuerySet[Job]:
    return jobs_of(request.user).filter(showcase=False)


def _watch(request: Request, wanted: Wanted) -> Watch:
    """The mark is of now, so what is shown is to be read after it."""
    # Unordered, or the database would walk through all of them in that order.
    states = set(Job.objects.filter(user=request.user, finished=None).order_by().values_list("status", flat=True))
    waiting = Status.QUEUED in states
    query = {"of": word_of(request.user), "since": mark_of(request.user.pk, waiting=waiting)} | wanted.asked()
    if waiting:
        query["waiting"] = "1"
    return Watch(f"{reverse('changes')}?{urlencode(query)}", QUICK if states else CALM)


def _page(jobs: QuerySet[Job], own: QuerySet[Job], wanted: Wanted, after: str) -> Page:
    """The cards after the job called `after`; an unknown one starts again at the newest."""
    jobs = with_files(jobs)
    last = own.filter(pk=after).first() if _is_id(after) else None
    if last is not None:
        # The first condition alone says where in the index to begin.
        jobs = jobs.filter(created__lte=last.created).filter(Q(created__lt=last.created) | Q(pk__lt=last.pk))
    found = list(jobs[: PAGE + 1])
    more = wanted.address(after=str(found[PAGE - 1].pk)) if len(found) > PAGE else ""
    return Page(cards(found[:PAGE]), more)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

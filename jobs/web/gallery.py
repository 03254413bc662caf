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
from jobs.errors import Problem, Unavailable
from jobs.models import Batch, Job, Status, batches_of, jobs_of
from jobs.models.job import OPEN, Model
from jobs.web.cards import Card, cards, with_files
from jobs.web.changes import Watch, news, nothing_new, watch
from jobs.web.htmx import Request, for_members, go_to, wants_part
from jobs.web.words import sentence
from jobs.web.zips import zip_of

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
class Undo:
    """So many videos were deleted at this moment, and can be brought back."""

    removed: str
    count: int


@dataclass(frozen=True)
class Wanted:
    """Which videos to show: a kind, a state, a batch, words in the name. What is not known is left out."""

    kind: str = ""
    state: str = ""
    words: str = ""
    batch: Batch | None = None

    @classmethod
    def of(cls, request: Request) -> "Wanted":
        kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
        return cls(
            kind if kind in Model.values else "",
            state if state in STATES else "",
            request.GET.get("q", "").replace("\0", "").strip()[:100],
            _batch(request),
        )

    def among(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        """Those of the jobs."""
        if self.kind:
            jobs = jobs.filter(model=self.kind)
        if self.state:
            jobs = jobs.filter(status__in=STATES[self.state][1])
        if self.batch:
            jobs = jobs.filter(batch=self.batch)
        for word in self.words.split():
            jobs = jobs.filter(name__icontains=word)
        return jobs

    def asked(self) -> dict[str, str]:
        """The same as fields of an address."""
        asked = {"kind": self.kind, "state": self.state, "q": self.words}
        asked["batch"] = str(self.batch.pk) if self.batch else ""
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
    watched = _watch(request, wanted)
    context = {"watch": watched, "page": _page(wanted.among(own), own, wanted, after), "wanted": wanted}
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
    return HttpResponse(status=204) if nothing_new(request) else _changes(request)


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
def picked(request: Request) -> HttpResponseBase:
    """Do one thing with all the videos that were selected and of which it can be done."""
    ids = [UUID(found) for found in request.POST.getlist("job") if _is_id(found)]
    some = jobs_of(request.user).filter(pk__in=ids)
    problem = ""
    match request.POST.get("do"):
        case "download":
            return _download(request, some)
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


def _download(request: Request, jobs: QuerySet[Job]) -> HttpResponseBase:
    """Those that are done, newest first, as one ZIP."""
    try:
        answer = zip_of(list(jobs.select_related("result")), f"Mundwerk {timezone.localdate():%Y-%m-%d}")
    except Unavailable as problem:
        messages.error(request, sentence(problem))
        return go_to(request, reverse("gallery"))
    return answer or go_to(request, reverse("gallery"))


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
    watched = _watch(request, wanted)
    found = news(request)
    if found is None:
        return HttpResponseClientRefresh()
    jobs, gone = found.jobs, found.gone
    fitting = set(wanted.among(own.filter(pk__in=[job.pk for job in jobs])).values_list("pk", flat=True))
    context = {"watch": watched, "cards": cards(jobs), "fitting": fitting, "gone": gone}
    # The number is as costly as they are many, and progress alone does not change it.
    if gone or any(job.status != Status.RUNNING for job in jobs):
        context |= {"more": True, "total": own.count(), "undo": _undo(request)}
    return render(request, "gallery/_changes.html", context)


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
    return watch(request.user, reverse("changes"), wanted.asked())


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


def _batch(request: Request) -> Batch | None:
    asked = request.GET.get("batch", "")
    return batches_of(request.user).filter(pk=asked).first() if _is_id(asked) else None


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

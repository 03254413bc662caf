"""How an open page learns that its jobs have changed: it keeps a mark, and asks whether the mark still stands.

Nothing is pushed. While the mark stands, the answer costs one look into an index: who asks is told by a signed word
in the address, so that neither the session nor the account is read for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest

from jobs.models import Job, Status, User, jobs_of
from jobs.web.cards import with_files
from jobs.web.htmx import Request

_signer = signing.TimestampSigner(salt="jobs.web.watch")
WORD_SECONDS = 86_400
# A row may be committed after one with a later time was seen, so what changed shortly before is shown once more.
OVERLAP = timedelta(seconds=2)
MOST_CHANGES = 1000  # a page that slept through more is loaded anew
QUICK, CALM = "400ms", "900ms"  # between two looks: while something of the account's is open, and else


@dataclass(frozen=True)
class Watch:
    """How a page looks for changes: at which address, and how often."""

    address: str
    every: str


@dataclass(frozen=True)
class News:
    """What an open page has not seen: jobs that have changed, those that wait in a line that moved, removed ones."""

    jobs: Sequence[Job]
    gone: Sequence[UUID]


def watch(user: User, address: str, asked: Mapping[str, str]) -> Watch:
    """The mark is of now, so what is shown is to be read after it. `asked` are further fields of the address."""
    # Unordered, or the database would walk through all of them in that order.
    states = set(Job.objects.filter(user=user, finished=None).order_by().values_list("status", flat=True))
    waiting = Status.QUEUED in states
    query = {"of": word_of(user), "since": mark_of(user.pk, waiting=waiting), **asked}
    if waiting:
        query["waiting"] = "1"
    return Watch(f"{address}?{urlencode(query)}", QUICK if states else CALM)


def nothing_new(request: HttpRequest) -> bool:
    """Whether the mark in a watch's address still stands."""
    asked = request.GET
    return stands(asked.get("of", ""), asked.get("since", ""), waiting="waiting" in asked)


def news(request: Request) -> News | None:
    """What has changed since the mark in a watch's address; None if it is no mark, or too much has."""
    start = since(request.GET.get("since", ""))
    if start is None:
        return None
    changed = _changed(request.user, start)
    gone = list(changed.exclude(removed=None).values_list("pk", flat=True)[: MOST_CHANGES + 1])
    jobs = list(with_files(changed.filter(removed=None))[: MOST_CHANGES + 1])
    if "waiting" in request.GET:
        # The line has moved up, perhaps.
        known = {job.pk for job in jobs}
        own = jobs_of(request.user).filter(showcase=False, finished=None, status=Status.QUEUED)
        jobs += with_files(own.exclude(pk__in=known))
    return News(jobs, gone) if len(gone) + len(jobs) <= MOST_CHANGES else None


def _changed(user: User, start: datetime) -> QuerySet[Job]:
    """What has changed from then on, removed or not; by the time of that, so that it is found in its index."""
    return Job.objects.filter(user=user, showcase=False, updated__gt=start).order_by("updated")


def word_of(user: User) -> str:
    """What lets a page ask, without its session, whether anything of this account's has changed."""
    return _signer.sign(str(user.pk))


def mark_of(user_id: str | int, *, waiting: bool) -> str:
    """Moves whenever a job of the account does. `waiting`: whenever the line moves up, too."""
    newest = Job.objects.filter(user_id=user_id).aggregate(newest=Max("updated"))["newest"]
    return _mark(newest, waiting)


def mark_of_job(job: Job) -> str:
    """Moves whenever the job does; while it waits, whenever the line moves up, too."""
    return _mark(job.updated, job.status == Status.QUEUED)


def stands(word: str, mark: str, *, waiting: bool) -> bool:
    """Whether nothing has changed since `mark`; False, too, if the word is not ours or too old."""
    try:
        user_id = _signer.unsign(word, max_age=WORD_SECONDS)
    except signing.BadSignature:
        return False
    return mark_of(user_id, waiting=waiting) == mark


def since(mark: str) -> datetime | None:
    """From when on changes may not have been seen by who has this mark; None if it is no mark."""
    try:
        return datetime.fromtimestamp(int(mark.partition("-")[0]) / 1e6, tz=UTC) - OVERLAP
    except (ValueError, OverflowError, OSError):
        return None


def _mark(newest: datetime | None, waiting: bool) -> str:
    oldest = Job.objects.filter(status=Status.QUEUED).aggregate(oldest=Min("created"))["oldest"] if waiting else None
    return "-".join(str(round(moment.timestamp() * 1e6)) if moment else "0" for moment in (newest, oldest))

"""What the operator sees first: how many, how old, how fast, and what goes wrong. Each figure links to what it counts.

Everything that ended is counted over a day or a month and found through an index on the time, so that the page stays
quick however long the installation has run.
"""

import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Model, Q, QuerySet, Sum
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from jobs import credits, health
from jobs.enqueue import Queue, queues, waiting, waiting_since
from jobs.models import (
    Beat,
    Complaint,
    Delivery,
    DeliveryStatus,
    EngineState,
    Job,
    Media,
    Movement,
    MovementKind,
    Share,
    Status,
)
from jobs.models.share import up

DAY, MONTH = timedelta(days=1), timedelta(days=30)
REASONS = 6  # the most frequent ones are shown
LONG_WAIT = timedelta(minutes=10)
LITTLE_SPACE = 0.1  # of the disk


@dataclass(frozen=True)
class Figure:
    """A number with its name; `address` is the list that it counts, `bad` asks for a look."""

    name: str
    value: str
    address: str = ""
    bad: bool = False


@dataclass(frozen=True)
class Panel:
    """Figures that belong together, and what stands there if there are none."""

    title: str
    figures: list[Figure]
    nothing: str = ""


def panels(now: datetime) -> list[Panel]:
    """All that is counted."""
    return [
        Panel("Jobs now", _open_jobs(now)),
        Panel("Queues and workers", [*(part for queue in queues() for part in _queue(queue, now)), *_parts(now)]),
        *([Panel("Engines elsewhere", _engines(now))] if settings.REMOTE else []),
        Panel("Jobs of the last day", _ended_jobs(now - DAY)),
        Panel("Why jobs failed, last day", _reasons(now - DAY), "None failed."),
        Panel("Webhooks", _deliveries(now)),
        Panel("Shared pages", _shared(now)),
        Panel("Credits", [*_credits("Last day", now - DAY), *_credits("Last 30 days", now - MONTH)]),
        Panel("Disk", _disk()),
    ]


def _open_jobs(now: datetime) -> list[Figure]:
    counted = Job.objects.filter(status=Status.QUEUED).aggregate(queued=Count("pk"), oldest=Min("created"))
    running = Job.objects.filter(status=Status.RUNNING).count()
    age = now - counted["oldest"] if counted["oldest"] else timedelta()
    return [
        Figure("Queued", f"{counted['queued']:,}", _list(Job, status__exact=Status.QUEUED)),
        Figure("Longest wait", _duration(age), _list(Job, status__exact=Status.QUEUED), age > LONG_WAIT),
        Figure("Running", f"{running:,}", _list(Job, status__exact=Status.RUNNING)),
    ]


def _queue(queue: Queue, now: datetime) -> list[Figure]:
    """How many kicks wait, and for how long the oldest of them."""
    address = reverse("admin:django_q_ormq_changelist") + "?" + urlencode({"key": queue, "lock__lte": _moment(now)})
    since = waiting_since(queue)
    age = now - since if since else timedelta()
    return [
        Figure(f"Waiting in {queue}", f"{waiting(queue):,}", address),
        Figure(f"Oldest in {queue}", _duration(age), address, age > LONG_WAIT),
    ]


def _parts(now: datetime) -> list[Figure]:
    """Whether the database and the workers answer, and when a worker last gave a sign of life."""
    seen = {f"{queue} worker": seen for queue, seen in Beat.objects.values_list("queue", "seen")}
    figures = []
    for name, works in health.report().items():
        said, last = "works" if works else "silent", seen.get(name)
        ago = f", seen {_duration(now - last)} ago" if last else ""
        figures.append(Figure(name.capitalize(), said + ago, _list(Beat) if "worker" in name else "", not works))
    return figures


def _engines(now: datetime) -> list[Figure]:
    """Which engines on other machines jobs go to, and how many are there."""
    states = {state.name: state for state in EngineState.objects.all()}
    counted = Job.objects.filter(status=Status.RUNNING, placed_with__in=settings.REMOTE).order_by()
    there = dict(counted.values_list("placed_with").annotate(count=Count("pk")))
    figures = []
    for name in settings.REMOTE:
        state = states.get(name)
        closed = state is not None and state.closed_until is not None and state.closed_until > now
        said = "works" if state and not state.failures else "not used yet" if state is None else "stumbles"
        if closed and state and state.closed_until:
            said = f"left alone for {_duration(state.closed_until - now)}: {state.last_reason}"
        jobs = _list(Job, status__exact=Status.RUNNING, placed_with__exact=name)
        figures += [
            Figure(name, said, _list(EngineState), closed),
            Figure(f"Jobs at {name}", f"{there.get(name, 0):,}", jobs),
        ]
    return figures


def _ended_jobs(since: datetime) -> list[Figure]:
    ended = _since(Job.objects.all(), since)
    took = ExpressionWrapper(F("finished") - F("started"), output_field=DurationField())
    counted = ended.aggregate(
        **{status: Count("pk", filter=Q(status=status)) for status in (Status.DONE, Status.FAILED, Status.CANCELLED)},
        work=Sum(took, filter=Q(status=Status.DONE)),
        video=Sum("result__seconds", filter=Q(status=Status.DONE)),
    )
    seconds = counted["work"].total_seconds() if counted["work"] else 0.0
    speed = f"{seconds / counted['video']:.2f} s" if counted["video"] else "–"
    lists = {
        status: _list(Job, status__exact=status, finished__gte=_moment(since))
        for status in (Status.DONE, Status.FAILED, Status.CANCELLED)
    }
    return [
        *(Figure(status.capitalize(), f"{counted[status]:,}", address) for status, address in lists.items()),
        Figure("Video made", _duration(timedelta(seconds=counted["video"] or 0)), lists[Status.DONE]),
        Figure("Work for a second of video", speed, lists[Status.DONE]),
    ]


def _reasons(since: datetime) -> list[Figure]:
    failed = _since(Job.objects.filter(status=Status.FAILED), since).order_by()
    rows = failed.values("error_template").annotate(count=Count("pk")).order_by("-count")[:REASONS]
    return [
        Figure(
            re.sub(r"\{\w+\}", "…", row["error_template"]),
            f"{row['count']:,}",
            _list(
                Job,
                status__exact=Status.FAILED,
                error_template__exact=row["error_template"],
                finished__gte=_moment(since),
            ),
        )
        for row in rows
    ]


def _deliveries(now: datetime) -> list[Figure]:
    late = now - LONG_WAIT
    pending = Delivery.objects.filter(status=DeliveryStatus.PENDING).aggregate(
        all=Count("pk"), failing=Count("pk", filter=Q(tries__gt=0)), late=Count("pk", filter=Q(due__lte=late))
    )
    lost = {"status__exact": DeliveryStatus.GIVEN_UP, "created__gte": _moment(now - MONTH)}
    given_up = Delivery.objects.filter(status=DeliveryStatus.GIVEN_UP, created__gte=now - MONTH).count()
    waits = {"status__exact": DeliveryStatus.PENDING}
    return [
        Figure("Waiting", f"{pending['all']:,}", _list(Delivery, **waits)),
        Figure("Failed so far, tried again", f"{pending['failing']:,}", _list(Delivery, **waits, tries__gt=0)),
        Figure(
            "Due for over ten minutes",
            f"{pending['late']:,}",
            _list(Delivery, **waits, due__lte=_moment(late)),
            pending["late"] > 0,
        ),
        Figure("Given up, of the last 30 days", f"{given_up:,}", _list(Delivery, **lost)),
    ]


def _shared(now: datetime) -> list[Figure]:
    said = Complaint.objects.filter(settled=None).count()
    return [
        Figure("Up now", f"{Share.objects.filter(up(now)).count():,}", _list(Share, up=1)),
        Figure("Complaints to look at", f"{said:,}", _list(Complaint, settled__isempty=1), said > 0),
    ]


def _credits(title: str, since: datetime) -> list[Figure]:
    sums = credits.moved(since)
    return [
        Figure(
            f"{title}: {name}", f"{sums.get(kind, 0):,}", _list(Movement, kind__exact=kind, created__gte=_moment(since))
        )
        for name, kind in (
            ("granted", MovementKind.GRANT),
            ("used", MovementKind.CAPTURE),
            ("refunded", MovementKind.REFUND),
        )
    ]


def _disk() -> list[Figure]:
    usage = shutil.disk_usage(settings.DATA_DIR)
    files = Media.objects.aggregate(size=Sum("size"))["size"] or 0
    return [
        Figure("People's files and videos", filesizeformat(files), _list(Media)),
        Figure("Free", filesizeformat(usage.free), bad=usage.free < LITTLE_SPACE * usage.total),
        Figure("In use, by all", filesizeformat(usage.used)),
        Figure("Size", filesizeformat(usage.total)),
    ]


def _since(jobs: QuerySet[Job], since: datetime) -> QuerySet[Job]:
    return jobs.filter(finished__gte=since)


def _moment(time: datetime) -> str:
    """As a filter in an address reads it."""
    return time.strftime("%Y-%m-%d %H:%M:%S.%f%z")


def _list(model: type[Model], **filters: object) -> str:
    """The address of a list, filtered."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def _duration(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds} s"

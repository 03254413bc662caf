"""A job as a page shows it: the card in the gallery and the large view share these facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from math import log
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext

from jobs.media import media_path
from jobs.models import Job, Media, Status
from jobs.web import words

# The ratio classes of the stylesheet. A card takes the nearest, so no change of state changes its size.
RATIOS: Mapping[str, float] = {"phone": 0.5625, "tall": 0.75, "square": 1.0, "wide": 1.6, "film": 1.7778}


@dataclass(frozen=True)
class Card:
    """Everything that is shown of one job, said in the reader's language."""

    job: Job
    ratio: str
    picture: str
    video: str
    preview: str  # its first seconds; older videos have none
    download: str
    seconds: str
    percent: int
    stage: str
    left: str
    place: int  # in the queue: 1 is next, 0 does not wait
    made: str
    title: str
    order: str  # greater is newer

    @property
    def state(self) -> str:
        """The card's modifier in the stylesheet."""
        return "working" if self.job.status == Status.RUNNING else self.job.status


def with_files(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """The same jobs, with all that a card needs at hand."""
    return jobs.select_related("result", "poster", "preview", "batch").prefetch_related("inputs__media")


def card(job: Job) -> Card:
    return cards([job])[0]


def cards(jobs: Sequence[Job]) -> list[Card]:
    places = _places(jobs)
    return [_card(job, places.get(job.pk, 0)) for job in jobs]


def _places(jobs: Sequence[Job]) -> Mapping[UUID, int]:
    """The place in the queue of each job that waits, 1 for the one that is next: one query for all of them."""
    waiting = {f"before_{number}": job for number, job in enumerate(jobs) if job.status == Status.QUEUED}
    if not waiting:
        return {}
    ahead = {name: Count("pk", filter=Q(created__lt=job.created)) for name, job in waiting.items()}
    counted = Job.objects.filter(status=Status.QUEUED).aggregate(**ahead)
    return {job.pk: counted[name] + 1 for name, job in waiting.items()}


def _card(job: Job, place: int) -> Card:
    given: Media | None = job.input("image")
    source: Media | None = given or job.input("video")
    picture = job.poster or given
    result = job.result if job.status == Status.DONE else None
    left = words.seconds_left(job)
    title = job.name or gettext("Untitled")
    filename = f"{title}.mp4"
    return Card(
        job=job,
        ratio=_ratio(result or source),
        picture=media_path(picture) if picture and picture.kind else "",
        video=media_path(result, filename) if result else "",
        preview=media_path(job.preview) if result and job.preview else "",
        download=media_path(result, filename, save=True) if result else "",
        seconds=words.clock(result.seconds or 0) if result else "",
        percent=min(int(job.progress * 100), 99),
        stage=words.stage(job),
        left=words.clock(left) if left is not None else "",
        place=place,
        made=words.ago(job.created),
        title=title,
        order=f"{job.created.astimezone(UTC):%Y%m%d%H%M%S%f}{job.pk.hex}",
    )


def _ratio(media: Media | None) -> str:
    if media is None or not media.width or not media.height:
        return "square"
    wanted = log(media.width / media.height)
    return min(RATIOS, key=lambda name: abs(log(RATIOS[name]) - wanted))

"""Several finished videos as one ZIP, written while it is sent."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from jobs import media
from jobs.media import ZipStream, archive
from jobs.models import Job, Media, Status


def zip_of(jobs: Sequence[Job], name: str) -> StreamingHttpResponse | None:
    """The videos of those that are done, under names that differ; None if none is. Needs `job.result` at hand.

    Raises Unavailable if the storage does not answer.
    """
    done = [(job, job.result) for job in jobs if job.status == Status.DONE and job.result is not None]
    if not done:
        return None
    media.exists(done[0][1])
    titles = archive.distinct(job.name or gettext("Untitled") for job, _ in done)
    files = [
        (f"{title}.mp4", result, timezone.localtime(job.finished or job.created))
        for title, (job, result) in zip(titles, done, strict=True)
    ]
    sentence = gettext("These videos could not be read, or were deleted meanwhile:")
    answer = StreamingHttpResponse(_written(files, sentence), content_type="application/zip")
    (filename,) = archive.distinct([name])
    answer["Content-Disposition"] = content_disposition_header(True, f"{filename}.zip") or ""
    answer["Cache-Control"] = "private, no-store"
    return answer


def _written(files: Sequence[tuple[str, Media, datetime]], sentence: str) -> Iterator[bytes]:
    """The files, each under its name and dated when it was made; above the names of those missing, the sentence."""
    stream = ZipStream(timezone.localtime())
    yield from stream.kept(files, sentence)
    yield from stream.end()

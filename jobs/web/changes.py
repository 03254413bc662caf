"""How an open page learns that its jobs have changed: it keeps a mark, and asks whether the mark still stands.

Nothing is pushed. While the mark stands, the answer costs one look into an index: who asks is told by a signed word
in the address, so that neither the session nor the account is read for it.
"""

from datetime import UTC, datetime, timedelta

from django.core import signing
from django.db.models import Max, Min

from jobs.models import Job, Status, User

_signer = signing.TimestampSigner(salt="jobs.web.watch")
WORD_SECONDS = 86_400
# A row may be committed after one with a later time was seen, so what changed shortly before is shown once more.
OVERLAP = timedelta(seconds=2)


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

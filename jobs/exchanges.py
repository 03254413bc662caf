"""What is said with engines on other machines: where they call back, and what is kept of it for the operator."""

import re
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing

from jobs.models import Exchange, Job, User
from jobs.net import Said

_signer = signing.Signer(salt="jobs.callback")
KEPT_CHARACTERS = 8000
KEPT_A_JOB = 60
KEPT_FOR = timedelta(days=30)
# An address in what was said: its query and the tokens in its path open something, its host and last part do not.
_ADDRESS = re.compile(r"""https?://[^\s"'\\<>]+""")


def callback_address(job: Job) -> str:
    """Where the engine that has the job may call back; empty if it can not reach us."""
    if not settings.CALLBACK_BASE_URL:
        return ""
    return f"{settings.CALLBACK_BASE_URL}/callbacks/{job.placed_with}/{_signer.sign(job.pk.hex)}/"


def job_of(token: str) -> uuid.UUID | None:
    """The job whose callback address holds this token; None if it is not one of ours."""
    try:
        return uuid.UUID(_signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def keep(job: Job, engine: str, said: Said) -> None:
    """Keep one exchange, unless it is word for word the last one again (as most questions how it stands are).

    Nothing is kept about a job that its owner removed: a worker, a recall or a callback may come after that.
    """
    if not Job.objects.filter(pk=job.pk, removed=None).exists():
        return
    kept = Exchange.objects.filter(job=job)
    last = kept.order_by("-pk").first()
    answer = _text(said.answer)
    if last is not None and (last.address, last.status, last.answer) == (_bare(said.url), said.status, answer):
        return
    if kept.count() >= KEPT_A_JOB:
        return
    Exchange.objects.create(
        job=job,
        engine=engine,
        method=said.method[:10],
        address=_bare(said.url),
        sent=_text(said.body),
        status=said.status,
        answer=answer,
        milliseconds=round(said.seconds * 1000),
    )


def forget(user: User) -> None:
    """Forget what was said about an account's jobs."""
    Exchange.objects.filter(job__user=user).delete()


def tidy(now: datetime) -> None:
    """Forget what is old."""
    Exchange.objects.filter(created__lt=now - KEPT_FOR).delete()


def _text(body: bytes) -> str:
    text = body[: 4 * KEPT_CHARACTERS].decode(errors="replace").replace("\0", "")  # which PostgreSQL can not keep
    return _ADDRESS.sub(lambda found: _bare(found[0]), text)[:KEPT_CHARACTERS]


def _bare(url: str) -> str:
    """An address without what opens something: scheme, host, and the last part of the path."""
    parts = urlsplit(url)
    pieces = [piece for piece in parts.path.split("/") if piece]
    if len(pieces) > 1 and any(len(piece) > 40 for piece in pieces):
        pieces = ["…", pieces[-1][:40]]
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}/{'/'.join(pieces)}"[:300]

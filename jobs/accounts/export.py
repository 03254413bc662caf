"""Everything that is kept about an account, as one archive: what it is, what it did, and its files.

No secret is in it that could be used from it: of keys only what lists show, no signing secret, no password, nothing of
two-factor.
"""

import math
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import get_valid_filename

from jobs import media
from jobs.credits import movements_of
from jobs.errors import RateLimited, Unavailable, gettext_noop
from jobs.media import ZipStream
from jobs.models import ApiKey, Attempt, Delivery, Job, Media, Movement, Share, User, jobs_of
from jobs.wire import job_object

FILENAME = "mundwerk-account.zip"
# An archive may be gigabytes, read from storage and sent by one of the web server's few threads.
EVERY_SECONDS = 300
TOO_OFTEN = gettext_noop("You may download your data once every {minutes} minutes. Try again in {seconds} s.")
ROWS_AT_ONCE = 500


def export(user: User) -> Iterator[bytes]:
    """The archive, in pieces. Before anything is read, raises RateLimited, or Unavailable."""
    now = time.time()
    key = f"accounts.export.{user.pk}"
    if not cache.add(key, now, EVERY_SECONDS):
        left = math.ceil(cache.get(key, now) + EVERY_SECONDS - now)
        raise RateLimited(TOO_OFTEN, minutes=EVERY_SECONDS // 60, seconds=max(left, 1))
    try:
        if (file := _files(user).first()) is not None:
            media.exists(file)
    except Unavailable:
        cache.delete(key)
        raise
    return _pieces(user)


def _pieces(user: User) -> Iterator[bytes]:
    archive = ZipStream(timezone.now())
    yield from archive.document("account.json", _account(user))
    yield from archive.documents("jobs.json", (_job(job) for job in _jobs(user)))
    movements = movements_of(user).order_by("created", "pk").iterator(ROWS_AT_ONCE)
    yield from archive.documents("credits.json", (_movement(movement) for movement in movements))
    deliveries = Delivery.objects.filter(user=user).order_by("created", "pk").prefetch_related("attempts")
    yield from archive.documents("webhooks.json", (_delivery(one) for one in deliveries.iterator(ROWS_AT_ONCE)))
    yield from archive.documents("keys.json", (_key(key) for key in ApiKey.objects.filter(user=user)))
    pages = Share.objects.filter(job__user=user).order_by("created", "pk").iterator(ROWS_AT_ONCE)
    yield from archive.documents("shared_pages.json", (_page(page) for page in pages))
    files = _files(user)
    yield from archive.documents("files.json", (_file(one) for one in files.iterator(ROWS_AT_ONCE)))
    kept = ((_path(one), one, None) for one in files.iterator(ROWS_AT_ONCE))
    yield from archive.kept(kept, "These files could not be read, or were removed while the archive was made:")
    yield from archive.end()


def _files(user: User) -> QuerySet[Media]:
    return Media.objects.filter(owner=user, ready=True).order_by("created", "pk")


def _account(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "emailAddresses": [
            {"email": one.email, "primary": one.primary, "confirmed": one.verified}
            for one in EmailAddress.objects.filter(user=user)
        ],
        "joined": _time(user.date_joined),
        "lastLogin": _time(user.last_login),
        "twoFactor": is_mfa_enabled(user),
        "wallets": [
            {"kind": wallet.kind, "available": wallet.available, "held": wallet.held}
            for wallet in user.wallets.order_by("kind")
        ],
        "sessions": [
            {
                "address": one.ip,
                "browser": one.user_agent,
                "began": _time(one.created_at),
                "lastSeen": _time(one.last_seen_at),
            }
            for one in UserSession.objects.filter(user=user)
        ],
    }


def _jobs(user: User) -> Iterator[Job]:
    rows = jobs_of(user).order_by("created", "id")
    rows = rows.select_related("result", "poster", "preview", "api_key", "batch")
    return rows.prefetch_related("inputs__media").iterator(ROWS_AT_ONCE)


def _job(job: Job) -> dict[str, object]:
    """As the API shows it, and what its owner alone sees; `files` are paths in the archive."""
    files = {given.field: _path(given.media) for given in job.inputs.all()}
    files |= {
        word: _path(one)
        for word, one in (("result", job.result), ("poster", job.poster), ("preview", job.preview))
        if one
    }
    return {
        **job_object(job),
        "name": job.name,
        "prompt": job.prompt,
        "resolution": job.resolution,
        "speakingOrder": job.speaking_order,
        "webhook": job.webhook,
        "key": str(job.api_key) if job.api_key else None,
        "batch": str(job.batch) if job.batch else None,
        "files": files,
    }


def _movement(movement: Movement) -> dict[str, object]:
    return {
        "wallet": movement.wallet.kind,
        "kind": movement.kind,
        "credits": movement.amount,
        "from": movement.source,
        "to": movement.target,
        "job": str(movement.job_id) if movement.job_id else None,
        "note": movement.note,
        "at": _time(movement.created),
    }


def _delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.pk,
        "job": str(delivery.job_id) if delivery.job_id else None,
        "url": delivery.url,
        "body": delivery.body,
        "status": delivery.status,
        "created": _time(delivery.created),
        "delivered": _time(delivery.delivered),
        "attempts": [_attempt(attempt) for attempt in delivery.attempts.all()],
    }


def _attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "number": attempt.number,
        "at": _time(attempt.at),
        "milliseconds": attempt.milliseconds,
        "status": attempt.code,
        "error": attempt.sentence,
        "answer": attempt.answer,
    }


def _key(key: ApiKey) -> dict[str, object]:
    return {
        "key": str(key),
        "name": key.name,
        "created": _time(key.created),
        "lastUsed": _time(key.last_used),
        "expires": _time(key.expires),
        "revoked": _time(key.revoked),
    }


def _page(page: Share) -> dict[str, object]:
    return {
        "path": str(page),
        "job": str(page.job_id),
        "created": _time(page.created),
        "expires": _time(page.expires),
        "ended": _time(page.ended),
    }


def _file(one: Media) -> dict[str, object]:
    return {
        "path": _path(one),
        "filename": one.filename,
        "contentType": one.content_type,
        "bytes": one.size,
        "seconds": one.seconds,
        "width": one.width,
        "height": one.height,
        "created": _time(one.created),
    }


def _path(one: Media) -> str:
    """Where the file is in the archive: a name that is nobody's way out of the folder it is unpacked into."""
    ending = PurePosixPath(one.filename).suffix
    return f"files/{one.pk}{get_valid_filename(ending) if len(ending) > 1 else ''}"


def _time(value: datetime | None) -> str | None:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if value else None

"""Shared pages: putting a finished video up at a public address, and taking it down for good."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.errors import Conflict, NotFound, gettext_noop
from jobs.models import Share, Status, User, jobs_of


@transaction.atomic
def share(user: User, job_id: UUID, lifetime: timedelta | None = None) -> Share:
    """Put a finished video on a public page of its own, at an address that was never used before.

    A page that is up already stays, with its new lifetime. Raises NotFound or Conflict.
    """
    job = jobs_of(user).select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound(gettext_noop("There is no such job."))
    if job.status != Status.DONE:
        raise Conflict(gettext_noop("Only a finished video can be shared."))
    now = timezone.now()
    expires = now + lifetime if lifetime else None
    page = Share.objects.filter(job=job, ended=None).first()
    if page is None or not page.is_open:
        unshare(job.pk)
        return Share.objects.create(job=job, expires=expires)
    page.expires = expires
    page.save(update_fields=["expires"])
    return page


def unshare(job_id: UUID) -> bool:
    """Take a job's public page down for good; False if there is none."""
    return Share.objects.filter(job=job_id, ended=None).update(ended=timezone.now()) > 0


def unshare_all(user: User) -> None:
    """Take every page of an account down for good."""
    Share.objects.filter(job__user=user, ended=None).update(ended=timezone.now())

"""What people do with a job, and with all jobs of an account."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs import credits, exchanges, media, sharing
from jobs.errors import Conflict, NotFound, gettext_noop
from jobs.lifecycle.orders import Order, submit
from jobs.lifecycle.steps import call_off
from jobs.models import Job, JobInput, Media, Status, User, WalletKind, jobs_of
from jobs.models.job import OPEN, Model

NOT_FINISHED = gettext_noop("This job is not finished. Cancel it first.")
UNDO = timedelta(seconds=60)  # a page offers it for a shorter time


def cancel(user: User, job_id: UUID) -> Job:
    """Cancel an open job; one that has ended stays as it is. Raises NotFound."""
    with transaction.atomic():
        # Locked, so that a worker that starts it at this moment can not slip through.
        job = jobs_of(user).select_for_update().filter(pk=job_id).first()
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        call_off(job)
    return Job.objects.get(pk=job.pk)


def rename(user: User, job_id: UUID, name: str) -> None:
    """Call a job something else. Raises NotFound."""
    if not jobs_of(user).filter(pk=job_id).update(name=name.strip()[:120], updated=timezone.now()):
        raise NotFound(gettext_noop("There is no such job."))


def again(job_id: UUID) -> Job:
    """Make the video of a job that came to nothing once more, as a new job: same files, same seed, same wallet.

    In a batch it takes the other one's place. Of a job that was tried again before, the new one is returned, unless it
    was removed: so pressing twice costs once. Raises NotFound, Conflict, InsufficientCredits or RateLimited.
    """
    with transaction.atomic():
        # The account first, as every submission and the account's removal do: in another order two would wait for
        # each other. Then its job, so that the files do not go meanwhile.
        owner = User.objects.select_for_update(no_key=True, of=("self",)).filter(jobs=job_id).first()
        some = Job.objects.select_for_update(of=("self",)).select_related("user", "api_key", "wallet", "batch")
        job = some.filter(pk=job_id).first() if owner else None
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        if job.status not in (Status.FAILED, Status.CANCELLED):
            raise Conflict(gettext_noop("Only a job that failed or was cancelled can be tried again."))
        made = Job.objects.filter(instead_of=job, removed=None).first()
        if made is not None:
            return made
        new = submit(job.user, _order_of(job), WalletKind(job.wallet.kind), api_key=job.api_key, batch=job.batch)
        Job.objects.filter(pk=job.pk).update(tried_again=new, batch=None, updated=timezone.now())
    return new


def _order_of(job: Job) -> Order:
    """What a job was to be, of the files that it has. Raises Conflict if they are gone."""
    inputs = {given.field: media.draft_of(given.media) for given in job.inputs.select_related("media")}
    if not inputs:
        raise Conflict(gettext_noop("The files of this job are gone."))
    return Order(
        model=Model(job.model),
        inputs=inputs,
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        webhook=job.webhook,
        name=job.name,
        speaking_order=job.speaking_order,  # type: ignore[arg-type]  # the choices are the same words
        engine=job.wanted,
    )


def refund(job_id: UUID, reason: str) -> None:
    """Give back what a finished job has cost; the video stays. Raises NotFound or Conflict."""
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",)).select_related("wallet").filter(pk=job_id).first()
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        if job.status != Status.DONE:
            raise Conflict(gettext_noop("Only a finished job has cost anything."))
        credits.refund(job, reason)


def suspend(user: User) -> int:
    """Keep an account out: no log-in, no valid key, no shared page; its open jobs are cancelled. How many they were."""
    sharing.unshare_all(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    still_open = list(jobs_of(user).filter(status__in=OPEN).values_list("pk", flat=True))
    return sum(cancel(user, job_id).status == Status.CANCELLED for job_id in still_open)


def readmit(user: User) -> None:
    """Let a suspended account in again, its keys as they were."""
    User.objects.filter(pk=user.pk).update(is_active=True)


def remove(user: User, job_id: UUID) -> None:
    """Remove a job that has ended, with its files; its movements of credits stay. Raises NotFound or Conflict."""
    with transaction.atomic():
        job = jobs_of(user).select_for_update().filter(pk=job_id).first()
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        if job.is_open:
            raise Conflict(NOT_FINISHED)
        files = _erase(job)
    media.drop_unused(*files)  # last of all: a crash before leaves orphans, which the sweep clears away


def hide(user: User, job_ids: Iterable[UUID]) -> int:
    """Remove those of the jobs that have ended, at first so that `bring_back` can undo it. How many they were.

    Nobody sees them from now on, nor their shared pages; their files stay until the sweep erases them after `UNDO`.
    """
    now = timezone.now()
    ended = jobs_of(user).filter(pk__in=list(job_ids)).exclude(status__in=OPEN)
    return ended.update(removed=now, erase_after=now + UNDO, updated=now)


def bring_back(user: User, removed: datetime) -> int:
    """Undo the removal of all the jobs that were hidden at this moment. How many they were: 0 when it is too late."""
    now = timezone.now()
    hidden = Job.objects.filter(user=user, removed=removed, erase_after__gt=now)
    return hidden.update(removed=None, erase_after=None, updated=now)


def forget(user: User) -> None:
    """Leave of an account's jobs, all of which have ended, only what the ledger is about. Called in a transaction.

    Raises Conflict if one is open. The files are the caller's to drop.
    """
    jobs = Job.objects.filter(user=user)
    if jobs.filter(status__in=OPEN).exists():
        raise Conflict(gettext_noop("This job is not finished. Cancel it first."))
    sharing.unshare_all(user)
    JobInput.objects.filter(job__user=user).delete()
    exchanges.forget(user)
    # Not the other machine's id of a job: it says nothing about anybody, and is needed to recall the job from there.
    nothing = {"name": "", "prompt": "", "remote_notes": {}, "webhook": "", "prompt_used": [], "notes": []}
    said = {"error_template": "", "error_params": {}, "error_source": ""}
    jobs.update(result=None, poster=None, preview=None, erase_after=None, **nothing, **said)
    jobs.filter(removed=None).update(removed=timezone.now())


def _erase(job: Job) -> list[Media]:
    """The end of a removed job: its page goes, and it lets go of its files, which are returned. Called locked."""
    files = [given.media for given in job.inputs.select_related("media")]
    files += [one for one in (job.result, job.poster, job.preview) if one is not None]
    job.inputs.all().delete()
    sharing.unshare(job.pk)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        result=None,
        poster=None,
        preview=None,
        prompt="",
        remote_notes={},
        removed=job.removed or now,
        erase_after=None,
        updated=now,
    )
    return files


def erase_hidden(job_id: UUID, now: datetime) -> bool:
    """The end of a hidden job, unless it was brought back at this moment. False if its files still wait for theirs."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, erase_after__lte=now).first()
        files = _erase(job) if job else []
    return media.drop_unused(*files)

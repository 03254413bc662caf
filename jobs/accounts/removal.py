"""Removing an account: nothing of the person stays; the ledger does, with a row for it to hang on that is nobody."""

import logging
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet

from jobs import lifecycle, media
from jobs.enqueue import enqueue
from jobs.errors import Conflict, gettext_noop
from jobs.models import (
    ApiKey,
    Batch,
    Claim,
    Complaint,
    Delivery,
    Exchange,
    Job,
    Media,
    Movement,
    Share,
    SigningSecret,
    User,
    Wallet,
    batches_of,
)

log = logging.getLogger(__name__)

AT_THE_DESK = gettext_noop("This account runs the installation. Another operator has to take that from it first.")
FILES_AT_ONCE = 200


def remove(user: User) -> None:
    """Remove the account for good; its address is free again. Raises Conflict for an operator's.

    Open jobs are cancelled first, each with its credits; then all of the rest goes at once. The files' rows stop
    counting with it, the files follow by the queue, and by the sweep if that is interrupted.
    """
    if user.is_staff:
        raise Conflict(AT_THE_DESK)
    lifecycle.suspend(user)
    with transaction.atomic():
        nobody = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        left = f"removed-{nobody.pk}@mundwerk.invalid"
        _rename_in_history(nobody, left)
        lifecycle.forget(nobody)
        # With their attempts, windows and answers.
        for rows in (Delivery, SigningSecret, Claim, ApiKey, EmailAddress, Authenticator):
            rows.objects.filter(user=nobody).delete()
        batches_of(nobody).delete()
        for session in UserSession.objects.filter(user=nobody):
            session.end()
        Media.objects.filter(owner=nobody).update(ready=False, filename="")  # no link leads there any more
        nobody.email = left
        nobody.first_name = nobody.last_name = ""
        nobody.last_login = None
        nobody.set_unusable_password()
        nobody.save()
        enqueue("default", "drop_files", str(nobody.pk))
    log.info("account %s: removed", nobody.pk)


def _rename_in_history(user: User, name: str) -> None:
    """Call the account's rows `name` in the history of the operator's pages: what was done, why and to which id stays.

    Called while the rows are there.
    """
    by_user = (ApiKey, Authenticator, Delivery, EmailAddress, Job, SigningSecret, UserSession, Wallet)
    rows: list[QuerySet[Any]] = [
        User.objects.filter(pk=user.pk),
        *(model.objects.filter(user=user) for model in by_user),
        *(model.objects.filter(owner=user) for model in (Batch, Media)),
        *(model.objects.filter(job__user=user) for model in (Exchange, Share)),
        Complaint.objects.filter(share__job__user=user),
        Movement.objects.filter(wallet__user=user),
    ]
    for own in rows:
        history = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(own.model))
        # Compared here, because an id is text there, and databases write a UUID in different ways.
        named = set(history.values_list("object_id", flat=True).distinct())
        if named:
            named &= {str(pk) for pk in own.values_list("pk", flat=True)}
            history.filter(object_id__in=named).update(object_repr=name)


def drop_files(user_id: int) -> None:
    """Drop files of an account that no job needs and nobody can reach; the rest of many in further tasks.

    If their storage does not answer, they wait for the sweep.
    """
    left = Media.objects.of_no_job().filter(owner=user_id, owner__is_active=False, ready=False)
    batch = list(left[:FILES_AT_ONCE])
    if media.drop_unused(*batch) and len(batch) == FILES_AT_ONCE:
        enqueue("default", "drop_files", str(user_id))

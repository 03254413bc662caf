"""Removing an account: nothing of the person stays; the ledger does, with a row for it to hang on that is nobody."""

import logging

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from jobs import lifecycle, media
from jobs.enqueue import enqueue
from jobs.errors import Conflict, gettext_noop
from jobs.models import ApiKey, Claim, Delivery, Media, SigningSecret, User, batches_of

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
        lifecycle.forget(nobody)
        # With their attempts, windows and answers.
        for rows in (Delivery, SigningSecret, Claim, ApiKey, EmailAddress, Authenticator):
            rows.objects.filter(user=nobody).delete()
        batches_of(nobody).delete()
        for session in UserSession.objects.filter(user=nobody):
            session.end()
        Media.objects.filter(owner=nobody).update(ready=False, filename="")  # no link leads there any more
        nobody.email = f"removed-{nobody.pk}@mundwerk.invalid"
        nobody.first_name = nobody.last_name = ""
        nobody.last_login = None
        nobody.set_unusable_password()
        nobody.save()
        about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(nobody.pk))
        about.update(object_repr=nobody.email)
        enqueue("default", "drop_files", str(nobody.pk))
    log.info("account %s: removed", nobody.pk)


def drop_files(user_id: int) -> None:
    """Drop files of an account that no job needs and nobody can reach; the rest of many in further tasks."""
    left = Media.objects.of_no_job().filter(owner=user_id, owner__is_active=False, ready=False)
    batch = list(left[:FILES_AT_ONCE])
    for one in batch:
        media.drop_unused(one)
    if len(batch) == FILES_AT_ONCE:
        enqueue("default", "drop_files", str(user_id))

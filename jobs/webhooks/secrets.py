"""The secrets that sign an account's webhooks: one that stays and, for a day after a rotation, the one before it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jobs.models import SigningSecret, User

# For so long the old secret signs beside the new one, so that a server can change over without missing a message.
OVERLAP = timedelta(hours=24)


def current_secret(user: User) -> SigningSecret:
    """The secret that stays; the first is made when it is first needed."""
    return SigningSecret.objects.get_or_create(user=user, retires=None)[0]


def retiring_secret(user: User) -> SigningSecret | None:
    """The one before it, while it still signs."""
    return SigningSecret.objects.filter(user=user, retires__gt=timezone.now()).first()


@transaction.atomic
def rotate(user: User, secret_id: int) -> bool:
    """Let a new secret follow the one called `secret_id`; False if that is not the one that stays (any more).

    Naming it keeps a form that is sent twice from rotating twice. An older one that
    still signed ends now: there are never more than two.
    """
    now = timezone.now()
    own = SigningSecret.objects.filter(user=user)
    if not own.filter(pk=secret_id, retires=None).update(retires=now + OVERLAP):
        return False
    own.filter(retires__gt=now).exclude(pk=secret_id).update(retires=now)
    SigningSecret.objects.create(user=user)
    return True


def signing(user: User, now: datetime) -> list[str]:
    """The secrets that sign at `now`, newest first."""
    current_secret(user)
    valid = SigningSecret.objects.filter(Q(retires=None) | Q(retires__gt=now), user=user)
    return list(valid.values_list("secret", flat=True))

"""Credits: wallets, and the movements between their buckets.

A movement takes an amount out of one bucket and puts it into another, so every
movement sums to zero by its shape. A wallet's `available` and `held` are kept
beside the ledger and always equal its sums (`manage.py check_ledger`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WalletKind(models.TextChoices):
    USER = "user", _("User credits")
    API = "api", _("API credits")


class Bucket(models.TextChoices):
    ISSUED = "issued", "issued by the operator"
    AVAILABLE = "available", "available to the account"
    HELD = "held", "held for a job"
    EARNED = "earned", "earned by a finished job"


class MovementKind(models.TextChoices):
    GRANT = "grant", _("Grant")
    HOLD = "hold", _("Held for a job")
    CAPTURE = "capture", _("Job done")
    RELEASE = "release", _("Given back")
    REFUND = "refund", _("Refunded")


class Wallet(models.Model):
    """An account has one of each kind; they are never exchanged."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="wallets")
    kind = models.CharField(max_length=8, choices=WalletKind.choices)
    available = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_wallet_of_a_kind"),
            models.CheckConstraint(condition=Q(available__gte=0) & Q(held__gte=0), name="wallet_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_kind_display()}"


class LedgerIsImmutable(TypeError):
    """A movement was about to be changed or removed."""


class MovementQuerySet(models.QuerySet["Movement"]):
    def update(self, **_: Any) -> int:
        raise LedgerIsImmutable

    def delete(self) -> tuple[int, dict[str, int]]:
        raise LedgerIsImmutable


class Movement(models.Model):
    """`amount` credits went from `source` to `target`. Written once, never changed; the database refuses it, too."""

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="movements")
    job = models.ForeignKey("jobs.Job", models.PROTECT, null=True, blank=True, related_name="movements")
    kind = models.CharField(max_length=8, choices=MovementKind.choices)
    amount = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Bucket.choices)
    target = models.CharField(max_length=10, choices=Bucket.choices)
    note = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(default=timezone.now)

    objects = MovementQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "-pk")
        # With all that a sum over some days needs.
        indexes: ClassVar = [models.Index(fields=["created", "kind", "amount"], name="movement_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="movement_moves_something"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="movement_between_two_buckets"),
            models.UniqueConstraint(fields=["job", "wallet", "kind"], name="once_a_job_wallet_and_kind"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(kind__in=("capture", "release")), name="job_settled_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsImmutable
        # A new row with the id of an old one would else be written over it.
        super().save(**kwargs | {"force_insert": True})

    def delete(self, **_: Any) -> tuple[int, dict[str, int]]:  # type: ignore[override]
        raise LedgerIsImmutable

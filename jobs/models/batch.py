"""A batch: several videos that were asked for together."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from jobs.models.account import User


class Batch(models.Model):
    """A group of jobs with one owner. `jobs.batches` plans and submits it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="batches")
    name = models.CharField(max_length=120)
    created = models.DateTimeField(default=timezone.now)
    plan = models.JSONField(null=True, blank=True, help_text="The orders, until its owner has them made; then none.")

    class Meta:
        verbose_name_plural = "batches"
        ordering: ClassVar = ["-created", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created", "-id"], name="batch_own_newest"),
            models.Index(fields=["created"], condition=Q(plan__isnull=False), name="batch_planned"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_planned(self) -> bool:
        """Whether its videos still wait for its owner's word."""
        return self.plan is not None


def planned_files(user: User) -> set[uuid.UUID]:
    """The ids of the files that an account's plans are about."""
    plans = Batch.objects.filter(owner=user, plan__isnull=False).values_list("plan", flat=True)
    return {uuid.UUID(media_id) for lines in plans for line in lines or [] for media_id in line["inputs"].values()}


def batches_of(user: User) -> models.QuerySet[Batch]:
    """An account's own."""
    return Batch.objects.filter(owner=user)

"""What a program has done lately: how often it asked, and the answers it may ask for again."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Window(models.Model):
    """How many requests of one kind a key has made in the window that began at `began` (seconds since 1970)."""

    api_key = models.ForeignKey("jobs.ApiKey", models.CASCADE, related_name="windows")
    kind = models.CharField(max_length=12)
    began = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["api_key", "kind"], name="one_window_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.api_key} {self.kind}: {self.count}"


class Claim(models.Model):
    """An Idempotency-Key that was used: by what request, and what was answered once that is known.

    `job` is set in the transaction that makes the job, so that an answer that got lost can still be given.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="claims")
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of method, path and body.")
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.BinaryField(default=b"")
    created = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="claim_once")]

    def __str__(self) -> str:
        return self.key

"""Shared pages: a finished video at a public address that nobody can guess."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_token() -> str:
    return secrets.token_urlsafe(16)


def up(now: datetime) -> Q:
    """Which pages can be seen at `now`."""
    return (Q(expires=None) | Q(expires__gt=now)) & Q(ended=None)


class Share(models.Model):
    """A page for a job's video, until `expires` or `ended`; an address that ended is never used again."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="shares")
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True, help_text="By its owner or the operator.")

    class Meta:
        ordering: ClassVar = ["-created", "-pk"]
        indexes: ClassVar = [models.Index(fields=["-created", "-id"], name="share_newest")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job"], condition=Q(ended=None), name="one_shared_page_a_job")
        ]

    def __str__(self) -> str:
        return f"/s/{self.token}/"

    @property
    def is_open(self) -> bool:
        return self.ended is None and (self.expires is None or self.expires > timezone.now())


class Complaint(models.Model):
    """What somebody who saw a shared page has to say against it."""

    share = models.ForeignKey(Share, models.CASCADE, related_name="complaints")
    text = models.TextField(max_length=2000)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    settled = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created"]

    def __str__(self) -> str:
        return self.text[:60]

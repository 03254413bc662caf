"""Files: what people sent and what was made of it."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class MediaKind(models.TextChoices):
    UNKNOWN = "", "not readable"
    IMAGE = "image", "picture"
    AUDIO = "audio", "sound"
    VIDEO = "video", "video"


class MediaQuerySet(models.QuerySet["Media"]):
    """Rows of files."""

    def of_no_job(self) -> Self:
        """Those that no job needs: neither given to one nor made by one."""
        return self.filter(used_in=None, result_of=None, poster_of=None, preview_of=None)


class Media(models.Model):
    """One file in storage and what a look into it told.

    `name` is its name in storage, `filename` the one it had where it came from.
    `kind` is told by content. `ready` is false while an upload is awaited.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="media")
    name = models.CharField(max_length=200)
    filename = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="bytes")
    ready = models.BooleanField(default=True)
    kind = models.CharField(max_length=8, choices=MediaKind.choices, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, db_index=True)

    objects = MediaQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "media"
        ordering: ClassVar = ["-created"]
        indexes: ClassVar = [models.Index(fields=["size"], name="media_size")]  # for their sum

    def __str__(self) -> str:
        return self.filename or self.name

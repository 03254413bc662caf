"""A job: one video to make. Only `jobs.lifecycle` changes its status."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.engines.base import SpeakingOrder

if TYPE_CHECKING:
    from jobs.models.account import User


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Working")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN = (Status.QUEUED, Status.RUNNING)


class Model(models.TextChoices):
    """The kinds of video, by the names of their API endpoints."""

    VIDEO = "lipsync-video", _("Video")
    IMAGE = "lipsync-image", _("Photo")
    MULTI = "lipsync-image-multi", _("Two speakers")


class Job(models.Model):
    """What was asked for, where it stands, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="jobs")
    api_key = models.ForeignKey("jobs.ApiKey", models.SET_NULL, null=True, blank=True, related_name="jobs")
    batch = models.ForeignKey("jobs.Batch", models.SET_NULL, null=True, blank=True, related_name="jobs")
    tried_again = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="instead_of", help_text="As this new job."
    )
    name = models.CharField(max_length=120, blank=True)
    showcase = models.BooleanField(default=False, help_text="This installation's own example, shown on the home page.")

    # What was asked for
    model = models.CharField(max_length=24, choices=Model.choices)
    resolution = models.PositiveSmallIntegerField(help_text="Short side in pixels.")
    seed = models.BigIntegerField()
    prompt = models.TextField(blank=True)
    webhook = models.CharField(max_length=2048, blank=True)

    speaking_order = models.CharField(
        max_length=10,
        choices=[(order, order) for order in get_args(SpeakingOrder)],
        default="meanwhile",
        help_text="Who of two speaks when.",
    )

    # What it costs
    wallet = models.ForeignKey("jobs.Wallet", models.PROTECT, related_name="jobs")
    price = models.PositiveIntegerField(help_text="Credits held, then captured or released.")

    # Where it stands
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField(max_length=12, blank=True)
    progress = models.FloatField(default=0, help_text="0 to 1")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Times work began without being handed back.")
    fence = models.PositiveIntegerField(default=0, help_text="Grows with every start; an older worker writes nothing.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="The worker is taken for dead after this.")
    kicked = models.DateTimeField(default=timezone.now, help_text="When the queue was last told.")
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    updated = models.DateTimeField(default=timezone.now)
    removed = models.DateTimeField(null=True, blank=True, help_text="By its owner, who sees it no more.")
    erase_after = models.DateTimeField(
        null=True, blank=True, help_text="Removed, but brought back if its owner wants; then its files go."
    )

    # Where it is done
    wanted = models.CharField(max_length=20, blank=True, help_text="The engine that was asked for; empty for any.")
    placed_with = models.CharField(max_length=20, blank=True, help_text="The engine that has the job.")
    given_up = models.JSONField(default=list, blank=True, help_text="Engines that could not do it.")
    remote_id = models.CharField(max_length=200, blank=True, help_text="Another machine's id of this job.")
    submitted = models.DateTimeField(null=True, blank=True, help_text="Since when another machine may have it.")
    remote_notes = models.JSONField(default=dict, blank=True, help_text="What the engine has to know of it again.")
    heard = models.DateTimeField(null=True, blank=True, help_text="When that machine last gave a usable answer.")
    look_at = models.DateTimeField(null=True, blank=True, help_text="When to ask that machine again.")

    # What came of it
    engine = models.CharField(max_length=40, blank=True, help_text="Name and version.")
    result = models.OneToOneField("jobs.Media", models.SET_NULL, null=True, blank=True, related_name="result_of")
    poster = models.OneToOneField(
        "jobs.Media",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="poster_of",
        help_text="A frame of the result.",
    )
    preview = models.OneToOneField(
        "jobs.Media",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="preview_of",
        help_text="The first seconds of the result, small and silent.",
    )
    timings = models.JSONField(null=True, blank=True, help_text="Milliseconds per stage.")
    prompt_used = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True, help_text="Sentences about the result: message and params.")
    error_template = models.CharField(max_length=300, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    error_source = models.CharField(max_length=24, blank=True, help_text="The input it is about.")

    class Meta:
        ordering: ClassVar = ["-created", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created", "-id"], name="job_own_newest"),
            models.Index(fields=["-created", "-id"], name="job_newest"),
            models.Index(fields=["finished"], name="job_finished"),
            # Each of one word, because SQLite does not see that a question about a list of them is answered there.
            models.Index(fields=["created"], condition=Q(status="queued"), name="job_queued"),
            models.Index(fields=["lease_until"], condition=Q(status="running"), name="job_running"),
            models.Index(fields=["look_at"], condition=Q(status="running"), name="job_looks"),
            models.Index(fields=["api_key"], condition=Q(finished=None), name="job_open_of_key"),
            models.Index(fields=["user", "updated"], name="job_own_changed"),
            models.Index(fields=["user"], condition=Q(finished=None), name="job_own_open"),
            models.Index(fields=["erase_after"], condition=Q(erase_after__isnull=False), name="job_to_erase"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def error(self) -> str:
        """The English sentence, as the API says it."""
        return self.error_template.format(**self.error_params)

    @property
    def error_here(self) -> str:
        """The sentence in the reader's language."""
        return gettext(self.error_template).format(**self.error_params) if self.error_template else ""

    @property
    def warnings(self) -> list[str]:
        """What is to be known about the result, in English."""
        return [note["message"].format(**note["params"]) for note in self.notes]

    @property
    def warnings_here(self) -> list[str]:
        """The same in the reader's language."""
        return [gettext(note["message"]).format(**note["params"]) for note in self.notes]

    @property
    def execution_ms(self) -> int | None:
        """Milliseconds from the start of work to the result."""
        if self.status != Status.DONE or not self.started or not self.finished:
            return None
        return round((self.finished - self.started).total_seconds() * 1000)

    def input(self, field: str) -> Any:
        """The `Media` given as `field`, or None."""
        return next((given.media for given in self.inputs.all() if given.field == field), None)


def jobs_of(user: User) -> models.QuerySet[Job]:
    """An account's own, without those it removed."""
    return Job.objects.filter(user=user, removed=None)


class JobInput(models.Model):
    """One of the files that a job was given, by the field's name in the API."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="inputs")
    media = models.ForeignKey("jobs.Media", models.PROTECT, related_name="used_in")
    field = models.CharField(max_length=16)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "field"], name="one_input_a_field")]

    def __str__(self) -> str:
        return self.field

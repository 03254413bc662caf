"""Webhooks: from us to a user's server. What is sent, every attempt, and the secrets that sign."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def new_delivery_id() -> str:
    return "msg_" + secrets.token_hex(16)


def new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    GIVEN_UP = "given_up", _("Given up")


class Delivery(models.Model):
    """One message for one address: `id` is its `webhook-id`, `body` the bytes that are sent every time.

    Without a job it is a test event. While an attempt is under way, `begun` says since when, and `due` is when its
    worker would be taken for dead.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_delivery_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="deliveries")
    job = models.OneToOneField("jobs.Job", models.CASCADE, null=True, blank=True, related_name="delivery")
    url = models.CharField(max_length=2048)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(default=timezone.now, null=True, blank=True)
    begun = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    delivered = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering: ClassVar = ["-created"]
        indexes: ClassVar = [
            models.Index(fields=["due"], condition=Q(status="pending"), name="delivery_due"),
            models.Index(fields=["user", "-created", "-id"], name="delivery_own_newest"),
            models.Index(fields=["user"], condition=Q(status="pending", begun__isnull=False), name="delivery_begun"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_open(self) -> bool:
        return self.status == DeliveryStatus.PENDING

    @property
    def is_test(self) -> bool:
        return self.job_id is None


class Attempt(models.Model):
    """One try to deliver: `code` is the HTTP status, or empty when nothing answered and `error` says why.

    `error` is an English template, `error_params` its values, `headers` what we put into the request.
    """

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    milliseconds = models.PositiveIntegerField()
    code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    answer = models.TextField(blank=True, help_text="The first 4 KB.")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once")]
        indexes: ClassVar = [models.Index(fields=["code"], name="attempt_code")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"

    @property
    def sentence(self) -> str:
        """Why nothing answered, in English."""
        return self.error.format(**self.error_params)

    @property
    def sentence_here(self) -> str:
        """The same in the reader's language."""
        return gettext(self.error).format(**self.error_params) if self.error else ""


class SigningSecret(models.Model):
    """A secret that signs an account's webhooks, until `retires` if that is set."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="signing_secrets")
    secret = models.CharField(max_length=80, default=new_secret)
    created = models.DateTimeField(default=timezone.now)
    retires = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user"], condition=Q(retires=None), name="one_secret_that_stays")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.created:%Y-%m-%d}"

"""Engines on other machines: how they are doing, and what was said to them and by them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class EngineState(models.Model):
    """One row an engine: whether jobs go there now. Only `jobs.roster` changes it."""

    name = models.CharField(max_length=20, primary_key=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row, without a usable answer between.")
    trips = models.PositiveIntegerField(default=0, help_text="Times in a row that it was left alone.")
    closed_until = models.DateTimeField(null=True, blank=True, help_text="No job goes there before.")
    last_failure = models.DateTimeField(null=True, blank=True)
    last_reason = models.CharField(max_length=300, blank=True)
    last_answer = models.DateTimeField(null=True, blank=True, help_text="That could be used.")
    keys = models.JSONField(default=dict, blank=True, help_text="What its callbacks are judged by.")
    keys_asked = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Exchange(models.Model):
    """One call, or one callback, as it was; without headers, and without what opens something in its addresses."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="exchanges")
    engine = models.CharField(max_length=20)
    created = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=10)
    address = models.CharField(max_length=300)
    sent = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(default=0, help_text="0: no answer came.")
    answer = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["created", "id"]
        indexes: ClassVar = [models.Index(fields=["-created", "-id"], name="exchange_newest")]

    def __str__(self) -> str:
        return f"{self.method} {self.address}"

"""The queue: signs of life, what waits, what went wrong."""

from importlib import import_module

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest

from jobs.admin.base import Kept
from jobs.models import Beat

# The queue registers its own pages after ours; it is made to do so now, for two of them to be taken away:
# nothing is scheduled through it, and tasks that went well are not kept.
import_module("django_q.admin")
for name in ("Schedule", "Success"):
    admin.site.unregister(apps.get_model("django_q", name))


@admin.register(Beat)
class BeatAdmin(Kept[Beat]):
    list_display = ("queue", "asked", "seen")
    fields = ("queue", "asked", "seen")

    def has_change_permission(self, request: HttpRequest, obj: Beat | None = None) -> bool:
        return False

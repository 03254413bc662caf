"""Engines on other machines: how they are doing, and what was said to them and by them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from jobs import roster
from jobs.admin.base import Kept, link_to, link_to_list
from jobs.admin.reasons import with_reason
from jobs.engines.registry import ENGINES
from jobs.errors import Conflict
from jobs.models import EngineState, Exchange, Job, Status


class ByEngine(admin.SimpleListFilter):
    """By an engine's name. They are known, so that nobody has to look which ones there are."""

    title = "engine"
    parameter_name = "engine__exact"
    field = "engine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in ENGINES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() in ENGINES else queryset


@admin.register(EngineState)
class EngineStateAdmin(Kept[EngineState]):
    """One row an engine that was ever used; what its callbacks are judged by is not shown."""

    list_display = ("name", "open", "failures", "last_answer", "last_failure", "last_reason")
    actions = ("reopen",)
    fields = (
        *("name", "open", "closed_until", "failures", "trips"),
        *("last_answer", "last_failure", "last_reason", "keys_asked", "jobs_there", "said"),
    )

    @admin.display(description="Open", boolean=True)
    def open(self, state: EngineState) -> bool:
        return state.closed_until is None or state.closed_until <= timezone.now()

    @admin.display(description="Jobs there now")
    def jobs_there(self, state: EngineState) -> SafeString:
        return link_to_list(Job, "Jobs", placed_with__exact=state.name, status__exact=Status.RUNNING)

    @admin.display(description="What was said")
    def said(self, state: EngineState) -> SafeString:
        return link_to_list(Exchange, "Exchanges", engine__exact=state.name)

    @with_reason("Let jobs go there again", "Opened")
    def reopen(self, request: HttpRequest, state: EngineState, reason: str) -> None:
        if state.closed_until is None:
            raise Conflict("Jobs go there.")
        roster.reopen(state.name)


@admin.register(Exchange)
class ExchangeAdmin(Kept[Exchange]):
    """Calls and callbacks as they were, for thirty days."""

    list_display = ("created", "engine", "of_job", "method", "address", "status", "milliseconds")
    list_display_links = ("created", "address")
    list_filter = (ByEngine, "created")
    list_select_related = ("job",)
    ordering = ("-created", "-id")
    search_ids = ("job",)
    fields = ("of_job", "engine", "created", "method", "address", "status", "milliseconds", "sent", "answer")

    def has_change_permission(self, request: HttpRequest, obj: Exchange | None = None) -> bool:
        return False

    @admin.display(description="Job")
    def of_job(self, exchange: Exchange) -> SafeString | str:
        return link_to(exchange.job)

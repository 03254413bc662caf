"""Deliveries, with every attempt."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs import webhooks
from jobs.admin.base import NOTHING, Kept, link_to
from jobs.admin.reasons import with_reason
from jobs.errors import Conflict
from jobs.models import Attempt, Delivery


class LastCode(admin.SimpleListFilter):
    """Deliveries by what the last attempt was answered.

    Nearly all go well, so those are walked from the newest on; what is rare is found through the index on the code.
    """

    title = "last answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("2", "2xx"), ("3", "3xx"), ("4", "4xx"), ("5", "5xx"), ("none", "no answer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        last = Attempt.objects.filter(number=F("delivery__tries"))
        match self.value():
            case "2":
                own = Attempt.objects.filter(delivery=OuterRef("pk"), number=OuterRef("tries"))
                return queryset.filter(Exists(own.filter(code__gte=200, code__lt=300)))
            case "3" | "4" | "5" as hundreds:
                least = int(hundreds) * 100
                return queryset.filter(pk__in=last.filter(code__gte=least, code__lt=least + 100).values("delivery"))
            case "none":
                return queryset.filter(pk__in=last.filter(code=None).values("delivery"))
        return queryset


class AttemptInline(admin.StackedInline):  # type: ignore[type-arg]  # no generic at run time
    model = Attempt
    extra = 0
    readonly_fields = ("number", "at", "milliseconds", "code", "sentence", "answer")
    fields = (("at", "milliseconds", "code"), "sentence", "answer")

    def has_add_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(Kept[Delivery]):
    list_display = ("id", "owner", "of_job", "url", "status", "tries", "code", "due", "created")
    list_filter = ("status", ("job", admin.EmptyFieldListFilter), LastCode, "created")
    list_select_related = ("user", "job")
    search_fields = ("url",)
    search_key = "id"
    search_ids = ("job",)
    search_owner = "user"
    inlines = (AttemptInline,)
    actions = ("send_again",)
    fields = ("id", "owner", "of_job", "url", "status", "tries", "due", "created", "delivered", "body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        last = Attempt.objects.filter(number=F("delivery__tries"))
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("attempts", last, to_attr="last"))

    @admin.display(description="Owner", ordering="user__email")
    def owner(self, delivery: Delivery) -> SafeString | str:
        return link_to(delivery.user)

    @admin.display(description="Job")
    def of_job(self, delivery: Delivery) -> SafeString | str:
        return link_to(delivery.job, str(delivery.job_id)[:8]) if delivery.job else "test event"

    @admin.display(description="Last answer")
    def code(self, delivery: Delivery) -> str:
        last: list[Attempt] = getattr(delivery, "last", [])
        return str(last[0].code or NOTHING) if last else NOTHING

    @with_reason("Send again now", "To be sent")
    def send_again(self, request: HttpRequest, delivery: Delivery, reason: str) -> None:
        if not webhooks.is_recent(delivery):
            raise Conflict("It is too old to be sent again.")
        if not webhooks.resend(delivery):
            raise Conflict("It is being sent already.")

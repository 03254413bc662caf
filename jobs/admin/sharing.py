"""Shared pages and what people say against them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs import sharing
from jobs.admin.base import Kept, link_to, link_to_list
from jobs.admin.reasons import with_reason
from jobs.errors import Conflict
from jobs.models import Complaint, Share
from jobs.models.share import up


class Up(admin.SimpleListFilter):
    """Pages that can be seen now, and those that were taken down or ran out."""

    title, parameter_name = "state", "up"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Up"), ("0", "Down")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Share]) -> QuerySet[Share]:
        match self.value():
            case "1":
                return queryset.filter(up(timezone.now()))
            case "0":
                return queryset.exclude(up(timezone.now()))
        return queryset


@admin.register(Share)
class ShareAdmin(Kept[Share]):
    list_display = ("token", "owner", "of_job", "created", "expires", "ended", "said")
    list_filter = (Up, "created")
    list_select_related = ("job__user",)
    search_fields = ("^token", "job__name")
    search_key = "token"
    search_ids = ("job",)
    search_owner = "job__user"
    actions = ("take_down",)
    fields = ("token", "page", "owner", "of_job", "created", "expires", "ended", "said")

    @admin.display(description="Owner", ordering="job__user__email")
    def owner(self, share: Share) -> SafeString | str:
        return link_to(share.job.user)

    @admin.display(description="Job")
    def of_job(self, share: Share) -> SafeString | str:
        return link_to(share.job)

    @admin.display(description="Page")
    def page(self, share: Share) -> SafeString:
        return format_html('<a href="{}">Open</a>', str(share))

    @admin.display(description="Complaints")
    def said(self, share: Share) -> SafeString:
        return link_to_list(Complaint, "Complaints", share__id__exact=share.pk)

    @with_reason("Take down for good", "Taken down")
    def take_down(self, request: HttpRequest, share: Share, reason: str) -> None:
        if share.ended or not sharing.unshare(share.job_id):
            raise Conflict("It is down already.")
        share.complaints.filter(settled=None).update(settled=timezone.now())


@admin.register(Complaint)
class ComplaintAdmin(Kept[Complaint]):
    list_display = ("__str__", "of_share", "created", "settled")
    list_filter = (("settled", admin.EmptyFieldListFilter), "created")
    list_select_related = ("share__job",)
    search_fields = ("text", "^share__token")
    actions = ("settle",)
    fields = ("text", "of_share", "of_job", "created", "settled")

    @admin.display(description="Page")
    def of_share(self, complaint: Complaint) -> SafeString | str:
        return link_to(complaint.share)

    @admin.display(description="Job")
    def of_job(self, complaint: Complaint) -> SafeString | str:
        return link_to(complaint.share.job)

    @with_reason("Settle without taking the page down", "Settled")
    def settle(self, request: HttpRequest, complaint: Complaint, reason: str) -> None:
        if complaint.settled:
            raise Conflict("It was settled before.")
        Complaint.objects.filter(pk=complaint.pk).update(settled=timezone.now())

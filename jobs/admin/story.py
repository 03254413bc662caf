"""Jobs and their files."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs import lifecycle
from jobs.admin.base import NOTHING, Kept, link_to, link_to_list
from jobs.admin.engines import ByEngine
from jobs.admin.reasons import with_reason
from jobs.credits import CREDITS_PER_SECOND
from jobs.errors import Conflict
from jobs.media import media_path
from jobs.models import Delivery, Exchange, Job, Media, Movement, Share, Status


class Resolution(admin.SimpleListFilter):
    """By the short side; the sizes are known, so nobody has to look which ones there are."""

    title = parameter_name = "resolution"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(size), f"{size}p") for size in CREDITS_PER_SECOND]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        chosen = next((size for size in CREDITS_PER_SECOND if str(size) == self.value()), None)
        return queryset.filter(resolution=chosen) if chosen else queryset


class PlacedWith(ByEngine):
    field = "placed_with"
    parameter_name = "placed_with__exact"


@admin.register(Job)
class JobAdmin(Kept[Job]):
    """The story owns its rows: here a job can be renamed and cancelled."""

    list_display = ("short_id", "name", "owner", "model", "status", "percent", "price", "created", "duration")
    list_display_links = ("short_id", "name")
    list_filter = ("status", "model", Resolution, PlacedWith, "showcase", "created")
    list_select_related = ("user",)
    search_fields = ("name",)
    search_ids = ("id",)
    search_owner = "user"
    actions = ("cancel", "retry", "refund")
    editable = ("name",)
    fieldsets = (
        (None, {"fields": ("id", "name", "showcase", "owner", "made_with")}),
        ("Asked for", {"fields": ("model", "resolution", "speaking_order", "seed", "prompt", "given", "webhook")}),
        ("Paid", {"fields": ("price", "from_wallet", "own_movements")}),
        (
            "Where it stands",
            {"fields": ("status", "stage", "percent", "attempts", "fence", "lease_until", "kicked")},
        ),
        ("When", {"fields": ("created", "started", "finished", "duration", "updated", "removed", "erase_after")}),
        ("What came of it", {"fields": ("video", "picture", "said", "sentence", "error_source", "new_one")}),
        ("The engine", {"fields": ("engine", "took", "words_used")}),
        (
            "On another machine",
            {
                "fields": (
                    "wanted",
                    "placed_with",
                    "given_up",
                    "remote_id",
                    "submitted",
                    "heard",
                    "look_at",
                    "exchanged",
                )
            },
        ),
        ("Who was told", {"fields": ("own_delivery", "own_pages")}),
    )

    @admin.display(description="Id", ordering="id")
    def short_id(self, job: Job) -> str:
        return str(job.pk)[:8]

    @admin.display(description="Owner", ordering="user__email")
    def owner(self, job: Job) -> SafeString | str:
        return link_to(job.user)

    @admin.display(description="API key")
    def made_with(self, job: Job) -> SafeString | str:
        return link_to(job.api_key)

    @admin.display(description="Progress", ordering="progress")
    def percent(self, job: Job) -> str:
        return f"{job.progress:.0%}"

    @admin.display(description="Duration")
    def duration(self, job: Job) -> str:
        """Of the last attempt, from start to end."""
        if not job.started or not job.finished:
            return NOTHING
        return f"{(job.finished - job.started).total_seconds():.1f} s"

    @admin.display(description="Files")
    def given(self, job: Job) -> SafeString | str:
        inputs = job.inputs.select_related("media")
        return format_html_join("\n", "<div>{}: {}</div>", ((one.field, link_to(one.media)) for one in inputs))

    @admin.display(description="Wallet")
    def from_wallet(self, job: Job) -> SafeString | str:
        return link_to(job.wallet)

    @admin.display(description="Movements")
    def own_movements(self, job: Job) -> SafeString:
        return link_to_list(Movement, "Movements", job__id__exact=job.pk)

    @admin.display(description="Video")
    def video(self, job: Job) -> SafeString | str:
        return link_to(job.result)

    @admin.display(description="Poster")
    def picture(self, job: Job) -> SafeString | str:
        return link_to(job.poster)

    @admin.display(description="Notes")
    def said(self, job: Job) -> SafeString | str:
        return format_html_join("\n", "<div>{}</div>", ((sentence,) for sentence in job.warnings)) or NOTHING

    @admin.display(description="Error")
    def sentence(self, job: Job) -> str:
        return job.error or NOTHING

    @admin.display(description="Tried again as")
    def new_one(self, job: Job) -> SafeString | str:
        return link_to(job.tried_again)

    @admin.display(description="Timings")
    def took(self, job: Job) -> str:
        """By stage, in the engine's words."""
        return (
            ", ".join(f"{stage} {milliseconds:,} ms" for stage, milliseconds in (job.timings or {}).items()) or NOTHING
        )

    @admin.display(description="Understood of the prompt")
    def words_used(self, job: Job) -> str:
        return ", ".join(job.prompt_used) or NOTHING

    @admin.display(description="What was said")
    def exchanged(self, job: Job) -> SafeString:
        return link_to_list(Exchange, "Exchanges", job__id__exact=job.pk)

    @admin.display(description="Shared pages")
    def own_pages(self, job: Job) -> SafeString:
        return link_to_list(Share, "Shared pages", job__id__exact=job.pk)

    @admin.display(description="Webhook delivery")
    def own_delivery(self, job: Job) -> SafeString | str:
        return link_to(Delivery.objects.filter(job=job).first())

    @with_reason("Cancel, credits back", "Cancelled")
    def cancel(self, request: HttpRequest, job: Job, reason: str) -> None:
        if lifecycle.cancel(job.user, job.pk).status != Status.CANCELLED:
            raise Conflict("It has ended already.")

    @with_reason("Try again, as a new job", "Tried again")
    def retry(self, request: HttpRequest, job: Job, reason: str) -> str:
        return f"as {lifecycle.again(job.pk).pk}"

    @with_reason("Refund", "Refunded")
    def refund(self, request: HttpRequest, job: Job, reason: str) -> str:
        lifecycle.refund(job.pk, reason)
        return f"{job.price} credits"


@admin.register(Media)
class MediaAdmin(Kept[Media]):
    list_display = ("__str__", "of_owner", "kind", "file_size", "seconds", "ready", "created", "uses", "open_link")
    list_filter = ("kind", "ready", "created")
    list_select_related = ("owner", "result_of", "poster_of", "preview_of")
    search_fields = ("filename",)
    search_ids = ("id",)
    search_owner = "owner"
    ordering = ("-created", "-id")
    fields = (
        *("id", "filename", "of_owner", "created", "ready", "open_link"),
        *("kind", "content_type", "file_size", "seconds", "width", "height"),
        *("used_by", "made_by", "name"),
    )

    def has_change_permission(self, request: HttpRequest, obj: Media | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Media]:
        rows: QuerySet[Media] = super().get_queryset(request)
        return rows.prefetch_related("used_in")

    @admin.display(description="Owner", ordering="owner__email")
    def of_owner(self, media: Media) -> SafeString | str:
        return link_to(media.owner)

    @admin.display(description="Size", ordering="size")
    def file_size(self, media: Media) -> str:
        return filesizeformat(media.size)

    @admin.display(description="File")
    def open_link(self, media: Media) -> SafeString | str:
        return format_html('<a href="{}">Open</a>', media_path(media)) if media.ready else NOTHING

    @admin.display(description="Uses")
    def uses(self, media: Media) -> str:
        made = next((word for word in ("result", "poster", "preview") if hasattr(media, f"{word}_of")), "")
        return made or str(len(media.used_in.all()))

    @admin.display(description="Used in")
    def used_by(self, media: Media) -> SafeString | str:
        uses = media.used_in.select_related("job")
        return format_html_join("\n", "<div>{}</div>", ((link_to(use.job),) for use in uses)) or NOTHING

    @admin.display(description="Made by")
    def made_by(self, media: Media) -> SafeString | str:
        return link_to(
            next(
                (made for word in ("result_of", "poster_of", "preview_of") if (made := getattr(media, word, None))),
                None,
            )
        )

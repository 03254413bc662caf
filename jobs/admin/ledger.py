"""Credits: wallets, to which the operator may grant, and their movements, which nobody changes."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs import credits
from jobs.admin.base import Kept, link_to, link_to_list
from jobs.admin.grants import GrantForm
from jobs.admin.reasons import with_reason
from jobs.models import Job, Movement, Wallet, WalletKind


@admin.register(Wallet)
class WalletAdmin(Kept[Wallet]):
    list_display = ("__str__", "owner", "kind", "available", "held", "all_movements")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    search_owner = "user"
    ordering = ("-pk",)
    actions = ("grant",)
    fields = ("owner", "kind", "available", "held", "all_movements", "paid_jobs")

    @admin.display(description="Owner", ordering="user__email")
    def owner(self, wallet: Wallet) -> SafeString | str:
        return link_to(wallet.user)

    @admin.display(description="Movements")
    def all_movements(self, wallet: Wallet) -> SafeString:
        return link_to_list(Movement, "Movements", wallet__id__exact=wallet.pk)

    @admin.display(description="Jobs")
    def paid_jobs(self, wallet: Wallet) -> SafeString:
        return link_to_list(Job, "Paid from here", wallet__id__exact=wallet.pk)

    @with_reason("Grant credits", "Granted", form=GrantForm)
    def grant(self, request: HttpRequest, wallet: Wallet, amount: int, reason: str) -> str:
        credits.grant(wallet, amount, reason)
        return f"{amount} credits"


class OfWallets(admin.SimpleListFilter):
    """By the kind of wallet. Both kinds are common, so movements are walked from the newest on."""

    title, parameter_name = "wallet", "wallets"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.value, str(kind.label)) for kind in WalletKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Movement]) -> QuerySet[Movement]:
        if self.value() not in WalletKind.values:
            return queryset
        return queryset.filter(Exists(Wallet.objects.filter(pk=OuterRef("wallet"), kind=self.value())))


@admin.register(Movement)
class MovementAdmin(Kept[Movement]):
    list_display = ("created", "kind", "amount", "source", "target", "of_wallet", "for_job", "note")
    list_filter = ("kind", OfWallets, "created")
    list_select_related = ("wallet__user", "job")
    search_fields = ("note",)
    search_ids = ("job",)
    search_owner = "wallet__user"
    fields = ("created", "kind", "amount", "source", "target", "of_wallet", "for_job", "note")

    def has_change_permission(self, request: HttpRequest, obj: Movement | None = None) -> bool:
        return False

    @admin.display(description="Wallet", ordering="wallet__user__email")
    def of_wallet(self, movement: Movement) -> SafeString | str:
        return link_to(movement.wallet)

    @admin.display(description="Job")
    def for_job(self, movement: Movement) -> SafeString | str:
        return link_to(movement.job, str(movement.job_id)[:8])

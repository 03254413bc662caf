"""Credits: wallets, to which the operator may grant, and their movements, which nobody changes."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs import credits
from jobs.admin.base import Kept, link_to, link_to_list
from jobs.models import Job, Movement, Wallet

MOST_AT_ONCE = 1_000_000


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A wallet's form: nothing of the row is edited, credits may be granted."""

    amount = forms.IntegerField(label="Credits", min_value=1, max_value=MOST_AT_ONCE, required=False)
    reason = forms.CharField(
        max_length=Movement._meta.get_field("note").max_length, required=False, help_text="Kept with the movement."
    )

    class Meta:
        model = Wallet
        fields = ()

    def clean(self) -> dict[str, Any]:
        """Both or neither."""
        given = super().clean() or self.cleaned_data
        if given.get("amount") and not given.get("reason"):
            self.add_error("reason", "Say why: the reason is kept with the movement.")
        if given.get("reason") and "amount" in given and not given["amount"]:
            self.add_error("amount", "Say how many.")
        return given


@admin.register(Wallet)
class WalletAdmin(Kept[Wallet]):
    form = GrantForm
    list_display = ("__str__", "owner", "kind", "available", "held", "all_movements")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    search_owner = "user"
    ordering = ("-pk",)
    editable = ("amount", "reason")
    fieldsets = (
        (None, {"fields": ("owner", "kind", "available", "held", "all_movements", "paid_jobs")}),
        ("Grant credits", {"fields": ("amount", "reason")}),
    )

    @admin.display(description="Owner", ordering="user__email")
    def owner(self, wallet: Wallet) -> SafeString | str:
        return link_to(wallet.user)

    @admin.display(description="Movements")
    def all_movements(self, wallet: Wallet) -> SafeString:
        return link_to_list(Movement, "Movements", wallet__id__exact=wallet.pk)

    @admin.display(description="Jobs")
    def paid_jobs(self, wallet: Wallet) -> SafeString:
        return link_to_list(Job, "Paid from here", wallet__id__exact=wallet.pk)

    def save_model(self, request: HttpRequest, obj: Wallet, form: Any, change: bool) -> None:
        """The wallet's own columns are moved by the grant, never written from a form."""
        amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"]
        if amount:
            credits.grant(obj, amount, reason)
            self.message_user(request, f"Granted {amount} credits: {reason}", messages.SUCCESS)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> list[Any]:
        """For the history of the wallet's page."""
        amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"]
        return [{"added": {"name": f"{amount} credits", "object": reason}}] if amount else []


@admin.register(Movement)
class MovementAdmin(Kept[Movement]):
    list_display = ("created", "kind", "amount", "source", "target", "of_wallet", "for_job", "note")
    list_filter = ("kind", "wallet__kind", "created")
    list_select_related = ("wallet__user", "job")
    search_fields = ("note", "wallet__user__email")
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

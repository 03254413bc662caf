"""Who uses it: accounts and their keys."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangosUserChangeForm
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from jobs import credits, keys, lifecycle
from jobs.admin.base import Acts, Kept, link_to, link_to_list
from jobs.admin.grants import AccountGrantForm
from jobs.admin.reasons import with_reason
from jobs.errors import Conflict
from jobs.models import ApiKey, Job, Movement, User, Wallet, WalletKind


class LowerCaseEmail(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    def clean_email(self) -> str:
        """As it is kept: two accounts must not differ in capitals only."""
        return str(self.cleaned_data["email"]).lower()


class UserCreationForm(LowerCaseEmail, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class UserChangeForm(LowerCaseEmail, DjangosUserChangeForm):  # type: ignore[type-arg]  # no generic at run time
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(Acts, DjangosUserAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Accounts are not removed, because their jobs and movements stay: suspend them instead."""

    form = UserChangeForm
    add_form = UserCreationForm
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login", "own_jobs")
    list_filter = ("is_active", "is_staff", "date_joined")
    search_fields = ("email",)
    ordering = ("-date_joined",)
    actions = ("grant", "suspend", "readmit", "drop_two_factor")
    readonly_fields = ("is_active", "date_joined", "last_login", "own_jobs", "own_keys", "own_wallets")
    fieldsets = (
        (None, {"fields": ("email", "password", "is_active")}),
        ("What they have", {"fields": ("own_jobs", "own_keys", "own_wallets")}),
        ("What they may do here", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """An operator's address and password are changed by operators only."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only who may do everything may let others do more."""
        if obj is None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return tuple(part for part in self.fieldsets if "is_superuser" not in part[1]["fields"])

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Whoever may edit accounts may not for that reason pay them."""
        return bool(self.admin_site.get_model_admin(Wallet).has_change_permission(request))

    @with_reason("Grant credits", "Granted", form=AccountGrantForm, permission="grant")
    def grant(self, request: HttpRequest, user: User, kind: str, amount: int, reason: str) -> str:
        wallet = credits.wallet_of(user, WalletKind(kind))
        credits.grant(wallet, amount, reason)
        return f"{amount} {wallet.get_kind_display()}"

    @with_reason("Suspend: out, keys off, jobs cancelled", "Suspended")
    def suspend(self, request: HttpRequest, user: User, reason: str) -> str:
        if user == request.user or (user.is_superuser and not request.user.is_superuser):
            raise Conflict("This account is not yours to suspend.")
        return f"{lifecycle.suspend(user)} jobs cancelled"

    @with_reason("Let in again", "Let in")
    def readmit(self, request: HttpRequest, user: User, reason: str) -> None:
        if user.is_superuser and not request.user.is_superuser:
            raise Conflict("This account is not yours to let in.")
        lifecycle.readmit(user)

    @with_reason("Switch two-factor off: phone and codes are lost", "Two-factor off")
    def drop_two_factor(self, request: HttpRequest, user: User, reason: str) -> None:
        if user.is_superuser and not request.user.is_superuser:
            raise Conflict("This account is not yours to open.")
        if not Authenticator.objects.filter(user=user).delete()[0]:
            raise Conflict("It has none.")

    @admin.display(description="Jobs")
    def own_jobs(self, user: User) -> SafeString:
        return link_to_list(Job, "Jobs", user__id__exact=user.pk)

    @admin.display(description="Keys")
    def own_keys(self, user: User) -> SafeString:
        return link_to_list(ApiKey, "Keys", user__id__exact=user.pk)

    @admin.display(description="Wallets")
    def own_wallets(self, user: User) -> SafeString:
        rows = (
            (
                link_to(wallet, wallet.get_kind_display()),
                wallet.available,
                wallet.held,
                link_to_list(Movement, "movements", wallet__id__exact=wallet.pk),
            )
            for wallet in user.wallets.order_by("kind")
        )
        return format_html_join("\n", "<div>{}: {} available, {} held, {}</div>", rows) or SafeString("None yet")


@admin.register(ApiKey)
class ApiKeyAdmin(Kept[ApiKey]):
    """Made by their owners; here they are looked at and revoked."""

    list_display = ("__str__", "name", "owner", "created", "last_used", "expires", "revoked")
    list_filter = (("revoked", admin.EmptyFieldListFilter), "created", "last_used")
    list_select_related = ("user",)
    search_fields = ("^public_id", "name")
    search_key = "public_id"
    search_owner = "user"
    actions = ("revoke",)
    editable = ("name", "expires")
    fields = ("__str__", "name", "owner", "created", "last_used", "expires", "revoked", "jobs_made")

    @admin.display(description="Owner", ordering="user__email")
    def owner(self, key: ApiKey) -> SafeString | str:
        return link_to(key.user)

    @admin.display(description="Jobs")
    def jobs_made(self, key: ApiKey) -> SafeString:
        return link_to_list(Job, "Made with this key", api_key__id__exact=key.pk)

    @with_reason("Revoke at once", "Revoked")
    def revoke(self, request: HttpRequest, key: ApiKey, reason: str) -> None:
        if key.revoked:
            raise Conflict("It was revoked before.")
        keys.revoke(key.user, key.public_id)

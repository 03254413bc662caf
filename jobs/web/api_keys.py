"""API keys: list, create (shown once), revoke."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jobs import credits, keys
from jobs.models import ApiKey, User, WalletKind
from jobs.web import words
from jobs.web.forms import KeyForm
from jobs.web.htmx import Request, for_members, go_to, to_log_in, wants_part


@dataclass(frozen=True)
class Row:
    """A key as the list shows it."""

    key: ApiKey
    created: str
    last_used: str
    expires: str
    state: str  # "", "revoked" or "expired"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def api_keys(request: HttpRequest) -> HttpResponse:
    """The list; a POST makes a key and shows it in its answer, the only time it can be shown."""
    user = request.user
    if not isinstance(user, User):
        if request.method == "POST" or wants_part(request):
            return to_log_in(request)
        return render(request, "api_keys/logged_out.html")
    form, made, secret, status = KeyForm(), None, "", 200
    if request.method == "POST":
        form = KeyForm(request.POST)
        if form.is_valid():
            made, secret = keys.create(user, form.cleaned_data["name"], form.until())
            form = KeyForm()
        else:
            status = 422
    template = "api_keys/_keys.html" if wants_part(request) else "api_keys/page.html"
    context = {
        "form": form,
        "today": timezone.localdate(),
        "made": made,
        "secret": secret,
        "rows": _rows(user),
        **_wallet(user),
    }
    return render(request, template, context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def revoke(request: Request, public_id: str) -> HttpResponse:
    """Ask, then do it."""
    key = get_object_or_404(ApiKey, user=request.user, public_id=public_id)
    if request.method == "POST":
        keys.revoke(request.user, public_id)
        return go_to(request, reverse("api_keys"))
    template = "api_keys/_revoke.html" if wants_part(request) else "api_keys/revoke.html"
    return render(request, template, {"key": key})


def _wallet(user: User) -> dict[str, object]:
    wallet = credits.wallet_of(user, WalletKind.API)
    return {"api_available": words.number(wallet.available), "api_held": wallet.held}


def _rows(user: User) -> list[Row]:
    now = timezone.now()
    return [
        Row(
            key=key,
            created=words.ago(key.created, now),
            last_used=words.ago(key.last_used, now) if key.last_used else gettext("Never"),
            expires=words.day(timezone.localdate(key.expires)) if key.expires else gettext("Never"),
            state="revoked" if key.revoked else "expired" if key.expires and key.expires <= now else "",
        )
        for key in ApiKey.objects.filter(user=user)
    ]

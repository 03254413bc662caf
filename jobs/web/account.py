"""The account: what is kept about a person, the way to every part that they may change, and the way out."""

import logging

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import accounts
from jobs.errors import Problem
from jobs.models import ApiKey, Share, User, Wallet, jobs_of
from jobs.web import words
from jobs.web.forms import RemovalForm
from jobs.web.htmx import Request, for_members, go_to
from jobs.web.sessions import own_sessions

log = logging.getLogger(__name__)


@never_cache
@require_safe
@for_members
def account(request: Request) -> HttpResponse:
    """Everything about the account at one glance."""
    user = request.user
    context = {
        "addresses": _addresses(user),
        "two_factor": is_mfa_enabled(user),
        "codes_left": _codes_left(user),
        "unconfirmed": _is_unconfirmed(user),
        "sessions": len(own_sessions(request)),
        "joined": words.day(user.date_joined),
        "languages": settings.LANGUAGES,
    }
    return render(request, "account/page.html", context)


@require_POST
@for_members
def export(request: Request) -> HttpResponseBase:
    """Everything that is kept about the account, as a zip that is made while it is sent."""
    try:
        pieces = accounts.export(request.user)
    except Problem as problem:
        messages.error(request, words.sentence(problem))
        return go_to(request, reverse("account"))
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{accounts.FILENAME}"'
    response["Cache-Control"] = "private, no-store"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def remove(request: Request) -> HttpResponse:
    """Say what goes and what stays, ask, and, for who has shown again that it is them, do it."""
    form, refusal, status = RemovalForm(), "", 200
    if request.method == "POST":
        form = RemovalForm(request.POST)
        if form.is_valid():
            try:
                answer: HttpResponse = _remove(request)
            except Problem as problem:
                refusal, status = words.sentence(problem), 409
            else:
                return answer
        else:
            status = 422
    return render(
        request, "account/remove.html", {"form": form, "refusal": refusal, **_at_stake(request.user)}, status=status
    )


@reauthentication_required  # type: ignore[untyped-decorator]
def _remove(request: Request) -> HttpResponse:
    email = request.user.email
    accounts.remove(request.user)
    logout(request)
    try:
        get_adapter(request).send_mail("account/email/account_removed", email, {})
    except OSError:
        log.exception("the mail that an account was removed")  # which it was all the same
    messages.success(request, gettext("Your account is deleted."))
    return go_to(request, reverse("home"))


def _at_stake(user: User) -> dict[str, object]:
    wallets = Wallet.objects.filter(user=user)
    return {
        "videos": jobs_of(user).count(),
        "pages": Share.objects.filter(job__user=user, ended=None).count(),
        "keys": ApiKey.objects.filter(user=user, revoked=None).count(),
        "credits_left": words.number(sum(wallet.available + wallet.held for wallet in wallets)),
    }


def _addresses(user: User) -> list[EmailAddress]:
    """Those that allauth knows; for an account that was made at the desk, the one it was made with."""
    known = list(EmailAddress.objects.filter(user=user).order_by("-primary", "email"))
    return known or [EmailAddress(user=user, email=user.email, primary=True, verified=False)]


def _is_unconfirmed(user: User) -> bool:
    """Whether allauth would refuse two-factor log-in: a stranger could lock an address's owner out with it."""
    return not settings.MFA_ALLOW_UNVERIFIED_EMAIL and EmailAddress.objects.filter(user=user, verified=False).exists()


def _codes_left(user: User) -> int:
    """How many recovery codes were not used yet."""
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(codes.wrap().get_unused_codes()) if codes else 0

"""The account: what is kept about a person, and the way to every part that they may change."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.models import User
from jobs.web import words
from jobs.web.htmx import Request, for_members
from jobs.web.sessions import own_sessions


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
        "sessions": len(own_sessions(request)),
        "joined": words.day(user.date_joined),
        "languages": settings.LANGUAGES,
    }
    return render(request, "account/page.html", context)


def _addresses(user: User) -> list[EmailAddress]:
    """Those that allauth knows; for an account that was made at the desk, the one it was made with."""
    known = list(EmailAddress.objects.filter(user=user).order_by("-primary", "email"))
    return known or [EmailAddress(user=user, email=user.email, primary=True, verified=False)]


def _codes_left(user: User) -> int:
    """How many recovery codes were not used yet."""
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(codes.wrap().get_unused_codes()) if codes else 0

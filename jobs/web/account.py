"""The account: what is kept about a person, and the way to every part that they may change."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.models import User
from jobs.web import words
from jobs.web.htmx import Request, for_members


@never_cache
@require_safe
@for_members
def account(request: Request) -> HttpResponse:
    """Everything about the account at one glance."""
    user = request.user
    context = {
        "addresses": _addresses(user),
        "joined": words.day(user.date_joined),
        "languages": settings.LANGUAGES,
    }
    return render(request, "account/page.html", context)


def _addresses(user: User) -> list[EmailAddress]:
    """Those that allauth knows; for an account that was made at the desk, the one it was made with."""
    known = list(EmailAddress.objects.filter(user=user).order_by("-primary", "email"))
    return known or [EmailAddress(user=user, email=user.email, primary=True, verified=False)]

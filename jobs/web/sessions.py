"""Where the account is logged in: keeping that up to date, the list, and ending one session or all others."""

import time
from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jobs.web import words
from jobs.web.devices import device
from jobs.web.htmx import Request, for_members, go_to
from jobs.web.middleware import GetResponse

# How exact "last seen" is: a write for every request would cost more than it tells.
SEEN_STEP_SECONDS = 300
SEEN = "seen"


def last_seen(get_response: GetResponse) -> GetResponse:
    """Keep from where and when each session was last used. Asks for no session that the page did not ask for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        session = request.session
        if session.accessed and session.session_key and request.user.is_authenticated:
            now = int(time.time())
            if now - session.get(SEEN, 0) >= SEEN_STEP_SECONDS:
                session[SEEN] = now
                UserSession.objects.create_from_request(request)
        return response

    return middleware


@dataclass(frozen=True)
class Row:
    """A session as the list shows it."""

    id: int
    device: str
    address: str
    since: str
    seen: str
    is_this: bool


def own_sessions(request: Request) -> list[UserSession]:
    """The account's living sessions, this one first, then the last used; those that ended are cleared away."""
    living: list[UserSession] = UserSession.objects.purge_and_list(request.user)
    this = request.session.session_key
    return sorted(living, key=lambda one: (one.session_key == this, one.last_seen_at), reverse=True)


@never_cache
@require_safe
@for_members
def sessions(request: Request) -> HttpResponse:
    now = timezone.now()
    rows = [
        Row(
            id=one.pk,
            device=device(one.user_agent),
            address=one.ip,
            since=words.moment(one.created_at),
            seen=words.ago(one.last_seen_at, now),
            is_this=one.session_key == request.session.session_key,
        )
        for one in own_sessions(request)
    ]
    return render(request, "account/sessions.html", {"rows": rows})


@require_POST
@for_members
def end(request: Request, session_id: int) -> HttpResponse:
    """End one session, at once. Ending this one is logging out, which has its own page."""
    session = get_object_or_404(UserSession, user=request.user, pk=session_id)
    if session.session_key == request.session.session_key:
        return go_to(request, reverse("account_logout"))
    session.end()
    messages.success(request, gettext("The session has ended."))
    return go_to(request, reverse("sessions"))


@require_POST
@for_members
def end_others(request: Request) -> HttpResponse:
    for session in UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key):
        session.end()
    messages.success(request, gettext("Every other session has ended."))
    return go_to(request, reverse("sessions"))

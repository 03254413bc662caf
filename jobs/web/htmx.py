"""Pages and their live parts: what a request asks for, and the ways to answer it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from jobs.models import User

P = ParamSpec("P")


class Request(HttpRequest):
    """A request of somebody who is logged in."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[Request, P], HttpResponseBase]


def for_members(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Send everybody else to log in."""

    @wraps(view)
    def wrapper(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(cast(Request, request), *args, **kwargs)
        return to_log_in(request)

    return wrapper


def to_log_in(request: HttpRequest) -> HttpResponse:
    """To log in and back to this page; a part never gets the log-in page put into its place."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if htmx:
        here = urlsplit(htmx.current_url_abs_path or "/").path
        return HttpResponseClientRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': here})}")
    if request.method == "POST":
        # Where a form goes there need not be a page: back to the one that it was on.
        return redirect_to_login(urlsplit(request.headers.get("Referer", "")).path or "/")
    return redirect_to_login(request.get_full_path())


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page (and not the browser for the whole, or back from history)."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser on after a POST, with or without htmx."""
    if wants_part(request):
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url, status=303)

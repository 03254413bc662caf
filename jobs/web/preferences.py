"""The reader's choice of theme, kept in a cookie so that the first paint is right."""

from typing import Literal, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

Theme = Literal["light", "dark", ""]  # empty: as the system has it
COOKIE = "theme"
YEAR_SECONDS = 365 * 86_400


def theme_of(request: HttpRequest) -> Theme:
    chosen = request.COOKIES.get(COOKIE, "")
    return cast(Theme, chosen) if chosen in ("light", "dark") else ""


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme and go back to the page it was chosen on."""
    response = HttpResponseRedirect(_back(request))
    chosen = request.POST.get("theme", "")
    if chosen in ("light", "dark"):
        # Not HttpOnly: the page's own script changes it, too, without a request.
        response.set_cookie(COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _back(request: HttpRequest) -> str:
    """The page that `next` names, if it is one of ours."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else reverse("home")

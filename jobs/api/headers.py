"""What every answer of the API says in its headers: what is left of the limits, and when to come again."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from jobs.limits import WINDOW_SECONDS, Allowance

PREFIX = "/api/"


def rate_limits(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: `RateLimit` and `RateLimit-Policy` of the IETF's draft, on answers to requests with a key."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        allowance: Allowance | None = getattr(request, "allowance", None)
        if allowance is not None:
            response["RateLimit-Policy"] = f'"{allowance.kind}";q={allowance.limit};w={WINDOW_SECONDS}'
            response["RateLimit"] = f'"{allowance.kind}";r={allowance.remaining};t={allowance.seconds}'
        return response

    return middleware

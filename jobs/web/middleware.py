"""What happens around every request: it gets an id, which answers and log lines carry."""

import logging
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

log = logging.getLogger("jobs.request")
GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: GetResponse) -> GetResponse:
    """Give the request `request_id`, the answer `X-Request-Id`, and a line in the log to what went wrong."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        if response.status_code >= 500:
            log.error("%s %s → %d [%s]", request.method, request.path, response.status_code, request.request_id)  # type: ignore[attr-defined]
        return response

    return middleware

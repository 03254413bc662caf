"""What happens around every request: it gets an id, which answers and log lines carry."""

import logging
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: GetResponse) -> GetResponse:
    """Give the request `request_id`, and the answer `X-Request-Id`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        own = secrets.token_hex(8)
        request.request_id = own  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-Id"] = own
        return response

    return middleware


class WithRequestId(logging.Filter):
    """Puts the id of the request that a log record is about into `request_id`."""

    def filter(self, record: logging.LogRecord) -> bool:
        own = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = f" [request {own}]" if own else ""
        return True

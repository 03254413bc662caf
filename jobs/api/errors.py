"""Every error of the API in its one form."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from django.http import HttpRequest, JsonResponse

log = logging.getLogger(__name__)


class FieldError(NamedTuple):
    """`field` as the client wrote it (`formState.audio`), or empty."""

    field: str
    message: str


CODES: Mapping[int, str] = {
    400: "invalid_json",
    401: "unauthorized",
    402: "insufficient_credits",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "rate_limited",
    500: "internal",
    503: "unavailable",
}


def error_response(request: HttpRequest, status: int, message: str, errors: Sequence[FieldError] = ()) -> JsonResponse:
    """The error's JSON. With `errors` the sentence is made of the first, its field before it."""
    first = errors[0] if errors else FieldError("", message)
    body: dict[str, object] = {
        "error": f"{first.field}: {first.message}" if first.field else first.message,
        "code": CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_")),
        "requestId": getattr(request, "request_id", ""),
    }
    if first.field:
        body["field"] = first.field
    if errors:
        body["errors"] = [{"field": error.field, "message": error.message} for error in errors]
    return JsonResponse(body, status=status)

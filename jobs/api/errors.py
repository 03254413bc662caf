"""Every error of the API in its one form, from whatever layer it comes."""

import logging
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from jobs.api.parsing import NOT_JSON
from jobs.api.schemas import ImageForm, MultiForm, NewUpload, SubmitImage, VideoForm
from jobs.errors import (
    Conflict,
    IdempotencyMismatch,
    InsufficientCredits,
    NotFound,
    Problem,
    RateLimited,
    Unavailable,
)

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest, Any], HttpResponse]

PREFIX = "/api/"
CODES: Mapping[int, str] = {
    400: "invalid_json",
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
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
SENTENCES: Mapping[int, str] = {
    400: "The request could not be understood.",
    401: "This needs an API key: send it as 'Authorization: Bearer sk_…'. The one that was sent, if any, is not valid.",
    404: "There is nothing at this address.",
    405: "This address does not know that method.",
    413: "The request is too large.",
    500: "Something went wrong on our side. It was logged under this requestId.",
    503: "This does not work right now. Try again in a moment.",
}
PROBLEMS: Sequence[tuple[type[Problem], int]] = (
    (RateLimited, 429),
    (InsufficientCredits, 402),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
    (Problem, 422),
)
# pydantic's words for what is wrong, in ours; {…} are its values.
REASONS: Mapping[str, str] = {
    "missing": "this field is required",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "does not look right",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
}
KNOWN_FIELDS: Mapping[tuple[str, ...], Sequence[str]] = {
    (): [*SubmitImage.model_fields, *NewUpload.model_fields],
    ("formState",): sorted({*VideoForm.model_fields, *ImageForm.model_fields, *MultiForm.model_fields}),
}


class FieldError(NamedTuple):
    """`field` as the client wrote it (`formState.audio`), or empty."""

    field: str
    message: str


def error_response(
    request: HttpRequest, status: int, message: str = "", errors: Sequence[FieldError] = (), code: str = ""
) -> JsonResponse:
    """The error's answer. With `errors` the sentence is made of the first, its field before it."""
    first = errors[0] if errors else FieldError("", message or SENTENCES.get(status, HTTPStatus(status).phrase))
    body: dict[str, object] = {
        "error": f"{first.field}: {first.message}" if first.field else first.message,
        "code": code or CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_")),
        "requestId": getattr(request, "request_id", ""),
    }
    if first.field:
        body["field"] = first.field
    if errors:
        body["errors"] = [{"field": error.field, "message": error.message} for error in errors]
    response = JsonResponse(body, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def add_handlers(api: NinjaAPI) -> None:
    """Have the API answer what is raised in its views in this form."""
    handlers: Mapping[type[Exception], Handler] = {
        ValidationError: _invalid,
        HttpError: _http,
        AuthenticationError: lambda request, _: error_response(request, 401),
        RequestDataTooBig: lambda request, _: error_response(request, 413),
        Problem: problem_response,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def errors_in_our_form(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: errors that did not come from a view of the API (router, method, body, crash) get the form too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code < 400 or not request.path.startswith(PREFIX):
            return response
        if response.get("Content-Type", "").startswith("application/json"):
            return response
        answer = error_response(request, response.status_code)
        if "Allow" in response:
            answer["Allow"] = response["Allow"]
        return answer

    return middleware


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, HttpError):
        error = error.__cause__  # ninja wraps what our parser raises
    return error_response(request, error.status_code, str(error))


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A problem of ours as the API says it."""
    status = next(status for kind, status in PROBLEMS if isinstance(problem, kind))
    errors = [FieldError(problem.field, problem.sentence)] if problem.field else []
    code = "idempotency_mismatch" if isinstance(problem, IdempotencyMismatch) else ""
    response = error_response(request, status, problem.sentence, errors, code)
    if isinstance(problem, RateLimited):
        response["Retry-After"] = str(problem.params["seconds"])
    return response


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s %s", request.method, request.path, exc_info=error, extra={"request": request})
    return error_response(request, 500)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    if any(one["type"] == "missing" and len(one["loc"]) <= 2 for one in error.errors):
        return error_response(request, 400, NOT_JSON)  # there was no body at all
    return error_response(request, 422, errors=[_field_error(one) for one in error.errors])


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """One of pydantic's errors in our words. Its place begins with `query`, or with `body` and the parameter's name."""
    where = tuple(str(part) for part in error["loc"][2 if error["loc"][0] == "body" else 1 :])
    if error["type"] == "extra_forbidden":
        near = get_close_matches(where[-1], KNOWN_FIELDS.get(where[:-1], ()), n=1)
        message = f"unknown field; did you mean `{near[0]}`?" if near else "unknown field"
    elif error["type"] in REASONS:
        message = REASONS[error["type"]].format(**error.get("ctx", {}))
    else:
        message = str(error["msg"]).removeprefix("Value error, ")
    return FieldError(".".join(where), message)

"""Idempotency-Key: a POST that is repeated under the same key is answered as it was the first time."""

import json
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from jobs import idempotency
from jobs.api.auth import caller
from jobs.api.errors import PREFIX, FieldError, error_response, problem_response
from jobs.errors import Problem
from jobs.idempotency import Lost, Mine, Replay
from jobs.models import Claim

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
MAX_KEY = 255
BAD_KEY = "must have 1 to 255 characters"


def once_for_each_key(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. Answers that refused did nothing: they are not kept, and the key can be used again."""

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST" or not request.path.startswith(PREFIX):
            return get_response(request)
        who = caller(request)
        if who is None:
            return get_response(request)
        if not 1 <= len(key) <= MAX_KEY:
            return error_response(request, 422, errors=[FieldError(HEADER, BAD_KEY)])
        try:
            whole = b" ".join([request.method.encode(), request.path.encode(), request.body])
        except RequestDataTooBig:
            return get_response(request)
        try:
            begun = idempotency.begin(who.user, key, whole)
        except Problem as problem:
            return problem_response(request, problem)
        match begun:
            case Replay(status, body):
                return _replayed(status, body)
            case Lost(claim, job):
                body = json.dumps({"id": str(job.pk), "status": "processing"}).encode()
                idempotency.keep(claim, 200, body)
                return _replayed(200, body)
            case Mine(claim):
                return _answered(request, claim, get_response)

    return middleware


def _answered(request: HttpRequest, claim: Claim, get_response: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    request.claim = claim  # type: ignore[attr-defined]  # the submission ties its job to it
    response = get_response(request)
    if response.status_code < 300:
        idempotency.keep(claim, response.status_code, response.content)
    else:
        idempotency.give_up(claim)
    return response


def _replayed(status: int, body: bytes) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type="application/json; charset=utf-8")
    response[REPLAYED] = "true"
    return response

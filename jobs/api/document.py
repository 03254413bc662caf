"""The OpenAPI document: what ninja reads off the types, and what only we know: errors, headers, limits, the webhook."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from ninja import NinjaAPI
from ninja.operation import Operation

from jobs.api.schemas import ErrorAnswer

# Why a status is answered; which of them an operation can answer is below.
REASONS: Mapping[int, str] = {
    400: "The body is not JSON.",
    401: "The key is missing, malformed, unknown, revoked or expired: all the same.",
    402: "The API wallet does not cover the price; nothing was made, nothing held.",
    404: "There is no such thing, or it is somebody else's.",
    405: "This address does not know that method.",
    409: "A request with this Idempotency-Key is under way, or the thing is in a state in which this cannot be done.",
    413: "The body is too large.",
    415: "The body was not sent as application/json.",
    422: "Something in the request cannot be used; `field` names it.",
    429: "Too many requests of this key, or too many unfinished jobs: come again after `Retry-After` seconds.",
    500: "Something went wrong on our side; it was logged under `requestId`.",
    503: "This does not work right now.",
}
ALWAYS = (401, 422, 429, 500, 503)
WITH_BODY = (400, 409, 413, 415)
UPLOAD_ERRORS = (404, 409, 413, 422, 500, 503)

DESCRIPTION = """A face and a voice become a video in which that face speaks it.

Send `Authorization: Bearer sk_…` with every request. Submit with `POST /lipsync-…`, then poll `GET /jobs/{job_id}` or
wait for the webhook. Media are public URLs, or files sent with `POST /uploads`. Limits: 500 MB a file, 10 minutes,
pictures up to 25 megapixels.
"""
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "description": "A repeat of the same request under the same key is answered with the same bytes for 24 hours.",
}
HEADERS = {
    "X-Request-Id": {"schema": {"type": "string"}, "description": "Names this request in our log."},
    "RateLimit": {"schema": {"type": "string"}, "description": 'What is left of the window: `"requests";r=599;t=42`.'},
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": 'The limit: `"requests";q=600;w=60`.'},
}
RETRY_AFTER = {"schema": {"type": "integer"}, "description": "Seconds."}
# Where the answer of one operation leads, by operation and status.
LINKS: Mapping[tuple[str, str], Mapping[str, tuple[str, str, str]]] = {
    **{
        (operation, "200"): {
            "job": ("get_job", "job_id", "$response.body#/id"),
            "end": ("delete_job", "job_id", "$response.body#/id"),
        }
        for operation in ("lipsync_video", "lipsync_image", "lipsync_image_multi")
    },
    ("list_jobs", "200"): {
        "first": ("get_job", "job_id", "$response.body#/jobs/0/id"),
        "next": ("list_jobs", "cursor", "$response.body#/nextCursor"),
    },
}
WEBHOOK = {
    "jobEnded": {
        "post": {
            "operationId": "jobEnded",
            "summary": "A job has ended",
            "description": (
                "The job object, POSTed to the submission's `webhook`, signed after Standard Webhooks 1.0. Any 2xx "
                "ends it; otherwise ten attempts within three days."
            ),
            "parameters": [
                {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": text}
                for name, text in (
                    ("webhook-id", "The same for every attempt."),
                    ("webhook-timestamp", "Seconds since 1970."),
                    (
                        "webhook-signature",
                        "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; two after a rotation.",
                    ),
                )
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobAnswer"}}},
            },
            "responses": {"200": {"description": "Taken."}},
        }
    }
}


class DocumentedAPI(NinjaAPI):
    """ninja's API, with a document that says everything."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The view's name, as a generated client would call it."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        document = super().get_openapi_schema(**kwargs)
        _complete(document)
        return document


def _complete(document: dict[str, Any]) -> None:
    document["info"] |= {"version": settings.VERSION, "description": DESCRIPTION}
    document["servers"] = [{"url": settings.PUBLIC_BASE_URL}]
    document["webhooks"] = WEBHOOK
    error = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= error.pop("$defs", {}) | {"ErrorAnswer": error}
    document["components"]["headers"] = HEADERS
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete_operation(path, method, operation)


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    has_key = bool(operation.get("security"))
    if method == "post" and has_key:
        operation["parameters"].append(IDEMPOTENCY_KEY)
    for status in _statuses(path, method, has_key):
        operation["responses"][str(status)] = {
            "description": REASONS[status],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
        }
    for status, response in operation["responses"].items():
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS if has_key}
        if str(status) == "429":
            response["headers"]["Retry-After"] = RETRY_AFTER
        if leads := LINKS.get((operation["operationId"], str(status))):
            response["links"] = {
                name: {"operationId": target, "parameters": {parameter: value}}
                for name, (target, parameter, value) in leads.items()
            }


def _statuses(path: str, method: str, has_key: bool) -> list[int]:
    if not has_key:
        return list(UPLOAD_ERRORS)
    statuses = [*ALWAYS]
    if method == "post":
        statuses += WITH_BODY
    if "/lipsync-" in path and "/estimate/" not in path:
        statuses.append(402)
    if "{job_id}" in path:
        statuses += [404, 409] if method == "delete" else [404]
    return sorted(statuses)

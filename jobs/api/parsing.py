"""Reading a request's body: JSON, strictly."""

import json
from typing import Any, NoReturn, cast

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

NOT_JSON = "The body is not valid JSON."


class JsonParser(Parser):
    """Takes JSON sent as JSON; NaN and Infinity, which JSON does not know, are refused."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.content_type not in ("application/json", ""):
            raise HttpError(415, "Send the body as JSON, with 'Content-Type: application/json'.")
        try:
            return cast(dict[str, Any], json.loads(request.body, parse_constant=_no_constant))
        except (ValueError, RecursionError):
            raise HttpError(400, NOT_JSON) from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)

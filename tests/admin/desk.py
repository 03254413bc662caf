"""The words in which the tests speak of the operator's pages."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from jobs.models import (
    Job,
    User,
)

HOOK = "http://example.org/hook"
LISTS = (
    "user",
    "apikey",
    "job",
    "wallet",
    "movement",
    "media",
    "delivery",
    "share",
    "complaint",
    "beat",
    "exchange",
    "enginestate",
)
READ_ONLY = ("movement", "media", "beat", "exchange")


Fill = Callable[[User], Job]


def url(page: str, *args: object, **query: object) -> str:
    app = "django_q" if page.startswith(("ormq", "failure")) else "jobs"
    return reverse(f"admin:{app}_{page}", args=[quote(str(one)) for one in args]) + (
        f"?{urlencode(query)}" if query else ""
    )


WHY = "Asked for by mail"


def act(desk: Client, page: str, action: str, *rows: object, **more: object) -> str:
    """Choose rows of a list and do `action`, with a reason: the page that follows."""
    chosen = {"action": action, "_selected_action": [str(row) for row in rows]}
    answer = desk.post(url(f"{page}_changelist"), chosen | {"reason": WHY} | more, follow=True)
    assert answer.status_code in (200, 422)
    return str(answer.content, "utf-8")


def page(desk: Client, address: str) -> str:
    answer = desk.get(address)
    assert answer.status_code == 200, address
    return str(answer.content, "utf-8")

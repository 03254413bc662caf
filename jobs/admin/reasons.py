"""Actions that ask for a reason first: it is kept in the history of every row that they changed."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from jobs.errors import Problem
from jobs.models import Movement

MOST_ROWS = 200  # at once: each is a step of the story of its own

# Changes one row, for a reason; says what came of it beyond the title, or nothing. Raises Problem.
Change = Callable[[Any, HttpRequest, Any, str], str | None]


class ReasonForm(forms.Form):
    """Why something is done to other people's things."""

    reason = forms.CharField(
        max_length=Movement._meta.get_field("note").max_length,
        widget=forms.TextInput(attrs={"size": 80, "autofocus": True}),
        error_messages={"required": "Say why: the reason is kept."},
    )


def with_reason(description: str, done: str) -> Callable[[Change], Any]:
    """An action of a list, and of a row's page: first a page that asks why, then the change of every chosen row.

    `done` is what is said afterwards, before the number of rows, such as "Cancelled".
    """

    def wrap(change: Change) -> Any:
        @admin.action(description=description, permissions=["change"])
        def action(self: Any, request: HttpRequest, chosen: QuerySet[Model]) -> HttpResponse | None:
            form = ReasonForm(request.POST if "reason" in request.POST else None)
            if not form.is_valid():
                return _ask(self, request, chosen, form, description)
            _apply(self, request, chosen, form.cleaned_data["reason"], change, description, done)
            return None

        action.__name__ = change.__name__
        return action

    return wrap


def _ask(desk: Any, request: HttpRequest, chosen: QuerySet[Model], form: ReasonForm, title: str) -> HttpResponse:
    rows = list(chosen[: MOST_ROWS + 1])
    context = {
        **desk.admin_site.each_context(request),
        "title": title,
        "opts": desk.model._meta,
        "rows": rows[:MOST_ROWS],
        "too_many": MOST_ROWS if len(rows) > MOST_ROWS else 0,
        "form": form,
        "action": request.POST["action"],
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/reason.html", context, status=200 if not form.is_bound else 422)


def _apply(
    desk: Any, request: HttpRequest, chosen: QuerySet[Model], reason: str, change: Change, title: str, done: str
) -> None:
    """Row by row, each on its own: what can not be done to one does not hold up the others."""
    changed, refused = 0, []
    for row in chosen[:MOST_ROWS]:
        try:
            told = change(desk, request, row, reason)
        except Problem as problem:
            refused.append(f"{row}: {problem.sentence}")
            continue
        changed += 1
        desk.log_change(request, row, f"{title}: {reason}" + (f" ({told})" if told else ""))
    desk.message_user(request, f"{done}: {changed}.", messages.SUCCESS if changed else messages.WARNING)
    for sentence in refused:
        desk.message_user(request, sentence, messages.WARNING)

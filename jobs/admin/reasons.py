"""Actions that ask for a reason first: it is kept in the history of every row that they changed."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme

from jobs.errors import Problem
from jobs.models import Movement

MOST_ROWS = 200  # at once: each is a step of the story of its own

# Changes one row: the desk, the request, the row, and the form's fields by their names, `reason` among them. Says what
# came of it beyond the title, or nothing. Raises Problem.
Change = Callable[..., str | None]


class ReasonForm(forms.Form):
    """Why something is done to other people's things. What else an action has to know are further fields."""

    reason = forms.CharField(
        max_length=Movement._meta.get_field("note").max_length,
        widget=forms.TextInput(attrs={"size": 80}),
        error_messages={"required": "Say why: the reason is kept."},
        help_text="It is kept in the history of each of these.",
    )


def with_reason(
    description: str, done: str, *, form: type[ReasonForm] = ReasonForm, permission: str = "change"
) -> Callable[[Change], Any]:
    """An action of a list, and of a row's page: first a page that asks why, then the change of every chosen row.

    `done` is what is said afterwards, before the number of rows, such as "Cancelled".
    """

    def wrap(change: Change) -> Any:
        @admin.action(description=description, permissions=[permission])
        def action(self: Any, request: HttpRequest, chosen: QuerySet[Model]) -> HttpResponse:
            asked = form(request.POST if "reason" in request.POST else None)
            if not asked.is_valid():
                return _ask(self, request, chosen, asked, description)
            _apply(self, request, chosen, asked.cleaned_data, change, description, done)
            return HttpResponseRedirect(_back(request))

        action.__name__ = change.__name__
        return action

    return wrap


def _ask(desk: Any, request: HttpRequest, chosen: QuerySet[Model], form: ReasonForm, title: str) -> HttpResponse:
    next(iter(form.fields.values())).widget.attrs["autofocus"] = True
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
        "back": _back(request),
    }
    return TemplateResponse(request, "admin/reason.html", context, status=200 if not form.is_bound else 422)


def _back(request: HttpRequest) -> str:
    """Where the operator came from: the list as it was filtered, or the row's page."""
    back = request.POST.get("back", "")
    # With a host of its own it would not be ours.
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else request.get_full_path()


def _apply(
    desk: Any,
    request: HttpRequest,
    chosen: QuerySet[Model],
    given: dict[str, Any],
    change: Change,
    title: str,
    done: str,
) -> None:
    """Row by row, each on its own: what can not be done to one does not hold up the others."""
    changed, refused = 0, []
    for row in chosen[:MOST_ROWS]:
        try:
            with transaction.atomic():  # nothing without its reason
                told = change(desk, request, row, **given)
                desk.log_change(request, row, f"{title}: {given['reason']}" + (f" ({told})" if told else ""))
        except Problem as problem:
            refused.append(f"{row}: {problem.sentence}")
        else:
            changed += 1
    desk.message_user(request, f"{done}: {changed}.", messages.SUCCESS if changed else messages.WARNING)
    for sentence in refused:
        desk.message_user(request, sentence, messages.WARNING)

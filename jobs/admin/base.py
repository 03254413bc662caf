"""What the operator's pages share: rows that nobody edits, and links from one to the other."""

import re
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.admin.paging import Bounded, Found
from jobs.models import User

Row = TypeVar("Row", bound=Model)
NOTHING = "–"
SHOWN_OF_ID = 8


class Acts(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Offers the actions of the list on a row's own page too. Neither counts more rows than it must."""

    change_form_template = "admin/acts.html"
    paginator = Bounded
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        acts = [act[1:] for act in self.get_actions(request).values() if act is not None]
        more = self.more_context() | {"acts": acts}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def more_context(self) -> dict[str, Any]:
        """For the template of a row's page."""
        return {}


class Kept(Acts, Generic[Row]):
    """Rows that the installation writes: not added and not removed by hand. `editable` names what may be changed.

    A change writes those columns alone, because a row of the story may move on while somebody looks at the form.
    """

    editable: tuple[str, ...] = ()
    # What a search looks up through an index: where an id is looked for, where the whole word, whose e-mail address.
    search_ids: tuple[str, ...] = ()
    search_key = ""
    search_owner = ""

    def more_context(self) -> dict[str, Any]:
        """No button to save where there is nothing to save."""
        return {} if self.editable else {"show_save": False, "show_save_and_continue": False}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[str]:
        shown = [name for _, options in self.get_fieldsets(request, obj) for name in _flat(options["fields"])]
        return [name for name in shown if name not in self.editable]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        """An id and an address are found at once among any number of rows; other words are looked for in names."""
        term = search_term.strip()
        if self.search_ids and (ids := _ids(term)):
            within = (Q(**{f"{field}__gte": ids[0], f"{field}__lte": ids[1]}) for field in self.search_ids)
            return queryset.filter(reduce(or_, within)), False
        if self.search_owner and "@" in term:
            # Kept in lower case, so that an index may help.
            owners = User.objects.filter(email__startswith=term.lower())
            return queryset.filter(**{f"{self.search_owner}__in": owners.values("pk")}), False
        if self.search_key and (found := queryset.filter(**{self.search_key: term})).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        obj.save(update_fields=[name for name in self.editable if name in form.changed_data])


def _ids(text: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin so, if that is at least what a list shows of one."""
    digits = text.lower().replace("-", "")
    if not re.fullmatch(rf"[0-9a-f]{{{SHOWN_OF_ID},32}}", digits):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _flat(fields: Any) -> list[str]:
    return [name for field in fields for name in ([field] if isinstance(field, str) else field)]


def link_to(row: Model | None, text: str = "") -> SafeString | str:
    """A link to the row's page."""
    if row is None:
        return NOTHING
    meta = row._meta
    # Quoted, because the admin would read the _25 in a msg_25… as a sign.
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(str(row.pk))])
    return format_html('<a href="{}">{}</a>', address, text or str(row))


def link_to_list(model: type[Model], text: str, **filters: object) -> SafeString:
    """A link to the list of `model`, filtered."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(filters), text)

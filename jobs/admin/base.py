"""What the operator's pages share: rows that nobody edits, and links from one to the other."""

from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

Row = TypeVar("Row", bound=Model)
NOTHING = "–"


class Kept(admin.ModelAdmin, Generic[Row]):  # type: ignore[type-arg]  # no generic at run time
    """Rows that the installation writes: not added and not removed by hand. `editable` names what may be changed.

    A change writes those columns alone, because a row of the story may move on while somebody looks at the form.
    """

    editable: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[str]:
        shown = [name for _, options in self.get_fieldsets(request, obj) for name in _flat(options["fields"])]
        return [name for name in shown if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        obj.save(update_fields=[name for name in self.editable if name in form.changed_data])


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

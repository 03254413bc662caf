"""Long lists, a numbered page at a time."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Step:
    """A number to go to; without an address it stands for those left out, or is where one is."""

    label: str
    address: str
    here: bool = False


@dataclass(frozen=True)
class Pages(Generic[Row]):
    """The rows of one page, and the way to the others: none if there is only one page."""

    rows: list[Row]
    total: int
    steps: list[Step]


def pages(request: HttpRequest, rows: QuerySet[Row], size: int, address: str) -> Pages[Row]:
    """The page of the list at `address` that `?page=` names; what names none rightly is the first or the last one."""
    paginator = Paginator(rows, size)
    page = paginator.get_page(request.GET.get("page"))
    kept = {name: value for name, value in request.GET.items() if name != "page"}
    steps = [
        Step(str(number), f"{address}?{urlencode(kept | {'page': number})}", number == page.number)
        if isinstance(number, int)
        else Step(str(number), "")
        for number in paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return Pages(list(page.object_list), paginator.count, steps if paginator.num_pages > 1 else [])

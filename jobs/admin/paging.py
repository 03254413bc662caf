"""Pages of a long list: rows are counted only so far, because to count all of them takes longer than to show some."""

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST_COUNTED = 5000  # a hundred pages; what is older is reached by a filter or a search


class MoreThan(int):
    """The number to go on with where nobody counted further; it says so."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class Bounded(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Of a queryset, in its order: the first `MOST_COUNTED` rows."""

    object_list: QuerySet  # type: ignore[type-arg]

    @cached_property
    def count(self) -> int:
        # Without an order the database may stop at the last row that is counted.
        found = self.object_list.order_by()[: MOST_COUNTED + 1].count()
        return found if found <= MOST_COUNTED else MoreThan(MOST_COUNTED)


class Found(ChangeList):
    """A list that does not look for rows a second time if the count found none."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.result_count:
            self.result_list = self.queryset.none()

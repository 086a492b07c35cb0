"""Pages of a table of millions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db.models import Field, QuerySet
from rest_framework.request import Request

from accounts.api.pagination import EnvelopePagination
from accounts.prepared import Parameter, Prepared
from stagebased.api.filters import SubscriptionFilters, applied, compares_columns, wishes
from stagebased.api.outputs import SUBSCRIPTION_COLUMNS
from stagebased.models import Subscription

ROWS = Subscription.objects.values_list(*SUBSCRIPTION_COLUMNS)
#: The same without the other table, so that counting and skipping read an index alone.
BARE = Subscription.objects.values("pk")


class SubscriptionPagination(EnvelopePagination):
    """The same envelope for subscriptions, at a price that hardly grows with the offset.

    A list that fits its first page is not counted, and where its filters only
    compare columns its statement is compiled once for all requests alike.
    Further on, rows are skipped in the index alone and only those of the page
    are read; in the second half they are skipped from the end.
    """

    def page(self, request: Request) -> list[tuple[Any, ...]]:
        """Rows of ``SUBSCRIPTION_COLUMNS``. Raises a 400 naming bad filters."""
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        values = wishes(SubscriptionFilters, request.query_params)
        return self._later_page(values) if self.offset else self._first_page(values)

    def _first_page(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if compares_columns(SubscriptionFilters, values):
            rows = _beginning(tuple(values), self.limit + 1).rows(**values)
        else:
            rows = list(_narrowed(ROWS, values)[: self.limit + 1])
        self.count = len(rows) if len(rows) <= self.limit else self.get_count(_narrowed(BARE, values))
        return rows[: self.limit]

    def _later_page(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        found = _narrowed(BARE, values)
        self.count = self.get_count(found)
        size = min(self.limit, self.count - self.offset)
        if size <= 0:
            return []
        page = ROWS.filter(pk__in=self._keys(found, size))
        return list(page.order_by(*found.query.order_by))

    def _keys(self, found: QuerySet[Any, Any], size: int) -> QuerySet[Any, Any]:
        start = self.offset
        if start > self.count // 2:
            found, start = found.reverse(), self.count - start - size
        return found[start : start + size]


def _narrowed(rows: QuerySet[Any, Any], values: Mapping[str, Any]) -> QuerySet[Any, Any]:
    return applied(SubscriptionFilters, values, rows.order_by("-created_at", "-id"))


@lru_cache(maxsize=256)
def _beginning(names: tuple[str, ...], size: int) -> Prepared:
    """The first rows of the list that these filters give."""
    return Prepared(lambda: _narrowed(ROWS, {name: Parameter(name, _column(name)) for name in names})[:size])


def _column(name: str) -> Field[Any, Any]:
    column: Any = Subscription._meta.get_field(SubscriptionFilters.base_filters[name].field_name)
    return column

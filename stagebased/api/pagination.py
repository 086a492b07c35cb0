"""Pages of a table of millions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Field, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.api.errors import refuse
from accounts.api.pagination import EnvelopePagination
from accounts.prepared import Parameter, Prepared
from stagebased.api.filters import SubscriptionFilters, applied, compares_columns, wishes
from stagebased.api.outputs import SUBSCRIPTION_COLUMNS
from stagebased.models import Subscription

ROWS = Subscription.objects.values_list(*SUBSCRIPTION_COLUMNS)
#: The same without the other table, so that counting and skipping read an index alone.
BARE = Subscription.objects.values("pk")
_ID = SUBSCRIPTION_COLUMNS.index("id")


class SubscriptionPagination(EnvelopePagination):
    """The same envelope for subscriptions, at a price that hardly grows with the offset.

    A list that fits its first page is not counted, and where its filters only
    compare columns its statement is compiled once for all requests alike.
    Further on, rows are skipped in the index alone and only those of the page
    are read; in the second half they are skipped from the end.

    With ``cursor``, empty to begin, there is neither a count nor a way back:
    ``{"next": url or null, "previous": null, "results": [...]}``, for whoever
    reads all of millions.
    """

    behind: str | None

    def page(self, request: Request) -> list[tuple[Any, ...]]:
        """Rows of ``SUBSCRIPTION_COLUMNS``. Raises a 400 naming bad filters."""
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        values = wishes(SubscriptionFilters, request.query_params)
        if "cursor" in request.query_params:
            return self._scanned(values, request.query_params["cursor"])
        return self._later_page(values) if self.offset else self._first_page(values)

    def _scanned(self, values: dict[str, Any], cursor: str) -> list[tuple[Any, ...]]:
        """The rows behind the cursor in the order of their ids, at one price wherever that is.

        Each subscription that is there all the time comes once, whatever comes
        and goes meanwhile.
        """
        found = _narrowed(ROWS, values).order_by("pk")
        if cursor:
            found = found.filter(pk__gt=_key(cursor))
        rows = list(found[: self.limit + 1])
        self.behind = str(rows[self.limit - 1][_ID]) if len(rows) > self.limit else None
        return rows[: self.limit]

    def get_paginated_response(self, data: Any) -> Response:
        if "cursor" not in self.request.query_params:
            return super().get_paginated_response(data)
        following = self.behind and replace_query_param(self._link(0), "cursor", self.behind)
        return Response({"next": following, "previous": None, "results": data})

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


def _key(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise refuse("cursor", "This is no cursor of this list.") from None


def _narrowed(rows: QuerySet[Any, Any], values: Mapping[str, Any]) -> QuerySet[Any, Any]:
    return applied(SubscriptionFilters, values, rows.order_by("-created_at", "-id"))


@lru_cache(maxsize=256)
def _beginning(names: tuple[str, ...], size: int) -> Prepared:
    """The first rows of the list that these filters give."""
    return Prepared(lambda: _narrowed(ROWS, {name: Parameter(name, _column(name)) for name in names})[:size])


def _column(name: str) -> Field[Any, Any]:
    column: Any = Subscription._meta.get_field(SubscriptionFilters.base_filters[name].field_name)
    return column

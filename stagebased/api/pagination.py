"""Pages of a table of millions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.pagination import EnvelopePagination


class DeepPagination(EnvelopePagination):
    """The same envelope, at a price that hardly grows with the offset.

    A list that fits its first page is not counted. Further on, rows are
    skipped in the index alone and only those of the page are read; in the
    second half they are skipped from the end. The queryset must be a
    ``values_list`` ordered by indexed columns down to the primary key, and
    ``rows`` that same list before it was narrowed.
    """

    def __init__(self, rows: QuerySet[Any, Any]) -> None:
        self.rows = rows

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        return self._later_page(queryset) if self.offset else self._first_page(queryset)

    def _first_page(self, queryset: QuerySet[Any]) -> list[Any]:
        rows = list(queryset[: self.limit + 1])
        self.count = len(rows) if len(rows) <= self.limit else self.get_count(queryset)
        return rows[: self.limit]

    def _later_page(self, queryset: QuerySet[Any]) -> list[Any]:
        self.count = self.get_count(queryset)
        size = min(self.limit, self.count - self.offset)
        if size <= 0:
            return []
        page = self.rows.filter(pk__in=self._keys(queryset, size))
        return list(page.order_by(*queryset.query.order_by))

    def _keys(self, queryset: QuerySet[Any], size: int) -> QuerySet[Any, Any]:
        start = self.offset
        if start > self.count // 2:
            queryset, start = queryset.reverse(), self.count - start - size
        return queryset.values("pk")[start : start + size]

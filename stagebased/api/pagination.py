"""Pages of a table of millions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.pagination import EnvelopePagination
from stagebased.api.outputs import SUBSCRIPTION_COLUMNS


class DeepPagination(EnvelopePagination):
    """The same envelope, at a price that hardly grows with the offset.

    Rows are skipped in the index alone and only the ``columns`` of the page's
    rows are read; in the second half they are skipped from the end. The
    queryset must be ordered by indexed columns down to the primary key.
    """

    columns: ClassVar[Sequence[str]]

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        self.count = self.get_count(queryset)
        size = min(self.limit, self.count - self.offset)
        if size <= 0:
            return []
        page = queryset.model._default_manager.filter(pk__in=self._keys(queryset, size))
        return list(page.order_by(*queryset.query.order_by).values_list(*self.columns))

    def _keys(self, queryset: QuerySet[Any], size: int) -> QuerySet[Any, Any]:
        start = self.offset
        if start > self.count // 2:
            queryset, start = queryset.reverse(), self.count - start - size
        return queryset.values("pk")[start : start + size]


class SubscriptionPagination(DeepPagination):
    columns = SUBSCRIPTION_COLUMNS

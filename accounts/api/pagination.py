"""Pages by limit and offset, in the envelope that the stage-based and identity dialects share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.encoding import iri_to_uri
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

#: Beyond this no table reaches; a larger offset would only overflow the database's integer.
MOST_OFFSET = 2**31 - 1
#: What has more digits is beyond every cap; Python itself refuses to read thousands of them.
_MOST_DIGITS = 18


class EnvelopePagination(BasePagination):
    """``{"count": int, "next": url or null, "previous": url or null, "results": [...]}``.

    ``limit`` defaults to ``settings.API_PAGE_SIZE`` and is capped at
    ``settings.API_MAX_PAGE_SIZE``; a value that is no whole number counts as
    not given. ``next`` and ``previous`` are absolute, on the host that was
    asked, and keep every other parameter: clients follow them as they are.
    """

    request: Request
    limit: int
    offset: int
    count: int

    def paginate_queryset(
        self, queryset: QuerySet[Any, Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        self.count = self.get_count(queryset)
        if self.offset >= self.count:
            return []
        return list(queryset[self.offset : self.offset + self.limit])

    def get_limit(self, request: Request) -> int:
        asked = _whole(request.query_params.get("limit"), settings.API_PAGE_SIZE)
        return min(asked or settings.API_PAGE_SIZE, settings.API_MAX_PAGE_SIZE)

    def get_offset(self, request: Request) -> int:
        return min(_whole(request.query_params.get("offset"), 0), MOST_OFFSET)

    def get_count(self, queryset: QuerySet[Any, Any] | Sequence[Any]) -> int:
        if isinstance(queryset, QuerySet):
            return queryset.order_by().count()
        return len(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "count": self.count,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def get_next_link(self) -> str | None:
        after = self.offset + self.limit
        return self._link(after) if after < self.count else None

    def get_previous_link(self) -> str | None:
        if self.offset == 0:
            return None
        return self._link(max(self.offset - self.limit, 0))

    def _link(self, offset: int) -> str:
        # With the last slash, whichever form was asked for: clients cut "<api url>/<endpoint>/" off.
        path = self.request.path.rstrip("/") + "/"
        query = self.request.META.get("QUERY_STRING", "")
        url = self.request.build_absolute_uri(f"{iri_to_uri(path)}?{query}")
        return replace_query_param(replace_query_param(url, "limit", self.limit), "offset", offset)


def _whole(text: str | None, default: int) -> int:
    """The digits as a number; ``default`` for anything else, a sign included."""
    if text is None or not re.fullmatch(r"[0-9]+", text):
        return default
    return int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS

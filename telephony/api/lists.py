"""Which part of a list is asked for.

``_page`` and ``_pagesize`` are the document's (pages count from 0). Beyond
it, and with the same leading underscore by which the document marks
parameters that are no data: ``_search``, ``_order``, ``_direction``,
``_limit``, ``_offset``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from telephony.errors import Unusable

#: No list is longer; a larger start would only overflow the database's integer.
MOST = 2**31 - 1


def listed(
    rows: QuerySet[Any],
    params: QueryDict,
    *,
    out: Callable[[QuerySet[Any]], list[dict[str, Any]]],
    columns: Mapping[str, str],
    searched: tuple[str, ...],
    all_out: Callable[[tuple[str, ...], int, int | None], list[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """``{"total", "items"}``. ``columns``: property → column that may be ordered by. Raises Unusable.

    ``all_out`` gives the same as ``out`` for all rows, by their order and the
    window: a list that is not searched, and asked for again and again.
    """
    order, (start, stop) = _order(params, columns), _window(params)
    found = _searched(rows, params.get("_search", ""), searched)
    if all_out is not None and found is rows:
        return {"total": _count_all(rows.model), "items": all_out(tuple(order), start, stop)}
    return {"total": found.count(), "items": out(found.order_by(*order)[start:stop])}


def _count_all(model: type[Model]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _searched(rows: QuerySet[Any], words: str, searched: tuple[str, ...]) -> QuerySet[Any]:
    """Rows in which each word occurs in one of the columns, without regard to case."""
    if "\x00" in words or len(words) > 200:
        raise Unusable("_search")
    for word in words.split():
        anywhere = Q()
        for column in searched:
            anywhere |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(anywhere)
    return rows


def _order(params: QueryDict, columns: Mapping[str, str]) -> list[str]:
    name, direction = params.get("_order", "id"), params.get("_direction", "asc")
    if name not in columns:
        raise Unusable("_order")
    if direction not in ("asc", "desc"):
        raise Unusable("_direction")
    sign = "-" if direction == "desc" else ""
    return [f"{sign}{columns[name]}"] + ([f"{sign}id"] if name != "id" else [])


def _window(params: QueryDict) -> tuple[int, int | None]:
    bad = [name for name in ("_page", "_pagesize", "_limit", "_offset") if _number(params, name) is None]
    size, page = _number(params, "_pagesize"), _number(params, "_page")
    if "_pagesize" in params and size == 0:
        bad.append("_pagesize")
    if page and "_pagesize" not in params:
        bad.append("_pagesize")
    if bad:
        raise Unusable(*dict.fromkeys(bad))
    if "_pagesize" in params:
        start = min((page or 0) * (size or 0), MOST)
        return start, min(start + (size or 0), MOST)
    start = _number(params, "_offset") or 0
    limit = _number(params, "_limit")
    return start, min(start + limit, MOST) if "_limit" in params and limit is not None else None


def _number(params: QueryDict, name: str) -> int | None:
    """0 when not given, None when it is no whole number."""
    value = params.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,30}", value):
        return None
    return min(int(value), MOST)


def by_key(rows: QuerySet[Any], key: str) -> Model | None:
    """The row of a numeric id as it stands in a URL; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,18}", key):
        return None
    found: Model | None = rows.filter(pk=int(key)).first()
    return found

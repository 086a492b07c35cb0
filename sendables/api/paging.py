"""Lists as arrays, with ``?limit=&cursor=`` and the next page in a ``Link`` header (RFC 8288)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from sendables.api.errors import refuse
from sendables.api.shapes import Row
from sendables.entities import EntitySettings
from sendables.selectors.keyset import BadCursor, Order


class Page(NamedTuple):
    """A page's rows and the cursor of the next one; None when it is the last."""

    rows: Sequence[Row]
    next: str | None


def page_size(request: Request, settings: EntitySettings) -> int:
    """``limit``, at most MAX_PAGE_SIZE; without it MAX_UNPAGINATED, so that no list grows without end."""
    text = request.query_params.get("limit")
    if text is None:
        return int(settings.MAX_UNPAGINATED)
    if not (text.isascii() and text.isdigit() and text.strip("0")):
        raise refuse("limit", "Write a whole number above 0.")
    # Compared by length first: the number may have a million digits.
    most: int = settings.MAX_PAGE_SIZE
    text = text.lstrip("0")
    return most if len(text) > len(str(most)) else min(int(text), most)


#: Fetches at most so many rows, behind the one with these values of the order's paths when there are any.
Fetch = Callable[[int, list[Any] | None], Sequence[Row]]


def cut(
    request: Request, settings: EntitySettings, rows: QuerySet[Any], order: Order, columns: list[str]
) -> Page:
    """The asked page of ``rows`` as tuples of ``columns``, fetched by one statement."""
    wanted = with_order(columns, order)

    def fetch(most: int, behind: list[Any] | None) -> list[Row]:
        asked = rows if behind is None else rows.filter(order.behind(behind))
        return list(order.apply(asked).values_list(*wanted)[:most])

    return page_by(request, settings, order, wanted, fetch)


def with_order(columns: list[str], order: Order) -> list[str]:
    """The columns to fetch for a page: those to be shown first, then what its cursor needs."""
    return list(dict.fromkeys([*columns, *order.paths]))


def page_by(
    request: Request, settings: EntitySettings, order: Order, wanted: list[str], fetch: Fetch
) -> Page:
    """The asked page; one row more than it shows is fetched to know whether there are further ones."""
    size = page_size(request, settings)
    cursor = request.query_params.get("cursor")
    try:
        found = fetch(size + 1, None if cursor is None else order.read(cursor))
    except BadCursor:
        raise refuse("cursor", "This is not a cursor of this list.") from None
    if len(found) <= size:
        return Page(found, None)
    return Page(found[:size], cursor_of(order, wanted, found[size - 1]))


def cursor_of(order: Order, columns: list[str], row: Row) -> str:
    """The cursor that continues behind ``row``, whose values are those of ``columns``."""
    return order.write([row[columns.index(path)] for path in order.paths])


def cut_sorted(request: Request, settings: EntitySettings, things: list[Any]) -> tuple[list[Any], str | None]:
    """The same for a list that a Python key has sorted; its cursor is a position."""
    size, start = page_size(request, settings), position(request)
    page = list(islice(things, start, start + size))
    return page, (str(start + size) if len(things) > start + size else None)


def position(request: Request) -> int:
    """The cursor of a list whose cursors are positions; 0 without one."""
    text = request.query_params.get("cursor", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise refuse("cursor", "This is not a cursor of this list.")
    return int(text)


def link_header(request: Request, next_cursor: str | None) -> dict[str, str]:
    """``Link`` to the next page and, from a later one, to the first."""
    if next_cursor is None and "cursor" not in request.query_params:
        return {}
    here, links = request.build_absolute_uri(), []
    if next_cursor is not None:
        links.append(f'<{replace_query_param(here, "cursor", next_cursor)}>; rel="next"')
    if "cursor" in request.query_params:
        links.append(f'<{remove_query_param(here, "cursor")}>; rel="first"')
    return {"Link": ", ".join(links)}

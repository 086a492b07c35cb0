"""Sets of rows as one parameter of one statement, for both databases.

Django's ``pk__in`` binds one parameter per row and ``bulk_update`` writes one
``CASE`` branch per row and column; at hundreds of rows that costs more than
the update itself. Here a whole set travels as one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

_ARRAYS = "(SELECT * FROM unnest({arrays}) AS given({names}))"
_JSON_LISTS = "(SELECT {picks} FROM json_each(%s))"


class Fragment(NamedTuple):
    """A piece of SQL and its parameters."""

    sql: str
    params: tuple[Any, ...]


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def id_value(value: UUID) -> str:
    """An id the way the database keeps it: SQLite has no UUID type and Django stores 32 digits."""
    return str(value) if on_postgresql() else value.hex


def id_from(value: Any) -> UUID:
    """An id as a raw cursor returns it."""
    return value if isinstance(value, UUID) else UUID(value)


def time_value(value: datetime) -> Any:
    """A moment the way the database keeps it."""
    return connection.ops.adapt_datetimefield_value(value)


def time_text(value: datetime) -> str:
    return str(time_value(value))


def time_from(value: Any) -> datetime | None:
    """A moment as a raw cursor returns it: SQLite's are in UTC without saying so.

    They are texts there where they do not come straight from a column.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def ids_in(ids: Iterable[UUID | str]) -> Fragment:
    """``IN``'s right side for a set of ids: ``WHERE id IN (SELECT …)`` as one parameter.

    Texts among them are taken for ids as the database keeps them.
    """
    if on_postgresql():
        return Fragment("(SELECT unnest(%s::uuid[]))", ("{" + ",".join(map(str, ids)) + "}",))
    kept = [value if isinstance(value, str) else value.hex for value in ids]
    return Fragment("(SELECT value FROM json_each(%s))", (json.dumps(kept),))


def places_in(places: Iterable[str]) -> Fragment:
    """A comparison's right side for rows by their place (``outbox.claims.Claim``): ``WHERE <place> …``.

    PostgreSQL takes each row straight from there: no plan that its statistics
    could mislead it to, which after a burst still speak of the time before.
    """
    if on_postgresql():
        # A place is written (block,row).
        return Fragment("= ANY(%s::tid[])", ("{" + ",".join(f'"{place}"' for place in places) + "}",))
    return Fragment("IN (SELECT value FROM json_each(%s))", (json.dumps(list(places)),))


def records(rows: Sequence[Sequence[Any]], **columns: str) -> Fragment:
    """A table made of ``rows``, whose columns have the given names and PostgreSQL types.

    Values must be what JSON can carry: ids through ``id_value``, moments through ``time_text``.
    """
    if on_postgresql():
        arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
        lists = zip(*rows, strict=True) if rows else ([] for _ in columns)
        # Half the cost of json_to_recordset at thousands of rows, on both sides.
        params = tuple(map(_array, columns.values(), lists))
        return Fragment(_ARRAYS.format(arrays=arrays, names=", ".join(columns)), params)
    picks = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(columns))
    return Fragment(_JSON_LISTS.format(picks=picks), (json.dumps(rows),))


#: Types whose values are written without quotes.
_BARE = frozenset({"int", "uuid"})


def _array(kind: str, values: Iterable[Any]) -> str:
    """An array as PostgreSQL reads it (its documentation, section 8.15.6)."""
    written = map(_bare if kind in _BARE else _quoted, values)
    return "{" + ",".join(written) + "}"


def _bare(value: Any) -> str:
    return "NULL" if value is None else str(value)


def _quoted(value: Any) -> str:
    if value is None:
        return "NULL"
    text = value if isinstance(value, str) else json.dumps(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute and return every row."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()

"""Inserting deliveries by one statement whose text does not grow with them.

``bulk_create`` binds one parameter for each row and column, which costs more
than the insert itself. Here a column in which all rows agree travels as one
value, and one in which they differ as one array.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection

from outbox import sets
from outbox.models import Delivery

_INSERT = """
INSERT INTO outbox_delivery ({names})
SELECT {values} FROM {given} AS given WHERE TRUE
    ON CONFLICT DO NOTHING
RETURNING CAST(id AS text), CAST({place} AS text)"""


class _Column(NamedTuple):
    name: str
    attribute: str
    #: The PostgreSQL type it travels as.
    kind: str
    #: A value the way the database keeps it, where that is not the value itself.
    write: Callable[[Any], Any] | None


def insert_new(rows: Sequence[Delivery]) -> dict[UUID, str]:
    """Insert those whose occasion is not there yet: by id, the place of each (``outbox.claims``).

    One statement.
    """
    columns = {column: _values(column, rows) for column in _columns()}
    alike = {column: values[0] for column, values in columns.items() if _is_alike(column, values)}
    differing = {column: values for column, values in columns.items() if column not in alike}
    given = sets.records(
        list(zip(*differing.values(), strict=True)), **{column.name: column.kind for column in differing}
    )
    statement = _INSERT.format(
        names=", ".join(column.name for column in columns),
        values=", ".join(_alone(one) if one in alike else f"given.{one.name}" for one in columns),
        given=given.sql,
        place="ctid" if sets.on_postgresql() else "id",
    )
    found = sets.fetch(statement, [*alike.values(), *given.params])
    stored = {sets.id_from(key): place for key, place in found}
    for row in rows:
        if row.pk in stored:
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return stored


def _values(column: _Column, rows: Sequence[Delivery]) -> list[Any]:
    """The column's values; a single one where all are alike."""
    get = attrgetter(column.attribute)
    values = [get(row) for row in rows]
    # The ids go as an array even when there is only one: something must.
    if column.name != "id" and values.count(values[0]) == len(values):
        values = values[:1]
    if column.write is None:
        return values
    return [value if value is None else column.write(value) for value in values]


def _is_alike(column: _Column, values: list[Any]) -> bool:
    return column.name != "id" and len(values) == 1


def _alone(column: _Column) -> str:
    """A value that stands for all rows, in SQL."""
    return f"%s::{column.kind}" if sets.on_postgresql() else "%s"


def _columns() -> tuple[_Column, ...]:
    return _columns_on(connection.vendor)


@cache
def _columns_on(vendor: str) -> tuple[_Column, ...]:
    return tuple(
        _Column(str(field.column), field.attname, *_travel(field)) for field in Delivery._meta.concrete_fields
    )


def _travel(field: Any) -> tuple[str, Callable[[Any], Any] | None]:
    target = getattr(field, "target_field", field)
    kinds: dict[str, tuple[str, Callable[[Any], Any] | None]] = {
        "UUIDField": ("uuid", sets.id_value),
        "DateTimeField": ("timestamptz", sets.time_text),
        "JSONField": ("jsonb", json.dumps),
        "BooleanField": ("boolean", None),
        "PositiveSmallIntegerField": ("integer", None),
        "BigAutoField": ("bigint", None),
        # As text: a cast to a length would cut what is too long instead of refusing it.
        "CharField": ("text", None),
        "TextField": ("text", None),
    }
    return kinds[target.get_internal_type()]

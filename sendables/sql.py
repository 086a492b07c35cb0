"""Sets of any size in one parameter, and rows compared as a whole: what the ORM has no word for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import BooleanField, F, Func, QuerySet, Value

#: What a bigint holds; a larger number is nobody's id.
BIGGEST_ID = 2**63 - 1
_IN_JSON = "{column} IN (SELECT value FROM json_each(%s))"


class Among(Func):
    """The column's value is one of ``values``, which travel as one parameter however many they are.

    ``column IN (…)`` binds one parameter each: at ten thousand that costs
    more than the query, and SQLite has a limit.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str | F | Func, values: Iterable[Any]) -> None:
        super().__init__(F(column) if isinstance(column, str) else column)
        self.values = list(values)

    def __repr__(self) -> str:
        return f"Among({self.source_expressions[0]!r}, {len(self.values)} values)"

    def _field(self) -> Any:
        field: Any = self.get_source_expressions()[0].output_field
        return getattr(field, "target_field", field)

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # Func's template arguments have no use here
        column, params = compiler.compile(self.get_source_expressions()[0])
        field = self._field()
        kept = self.values
        if not _are_whole_numbers(field, kept):
            kept = [field.get_db_prep_value(value, connection) for value in kept]
        if connection.vendor == "sqlite":
            return _IN_JSON.format(column=column), [*params, json.dumps(kept)]
        array = "{" + ",".join(_element(value) for value in kept) + "}"
        # Without a length: a cast to varchar(5) would cut a longer value to one that is there.
        kind = field.rel_db_type(connection).partition("(")[0]
        return f"{column} = ANY(%s::{kind}[])", [*params, array]


def _are_whole_numbers(field: Any, values: list[Any]) -> bool:
    """Whether the values are already as the database keeps them, as almost all ids are."""
    return isinstance(field, models.IntegerField) and all(type(value) is int for value in values)


def _element(value: Any) -> str:
    """A value as PostgreSQL writes it in an array."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


class RowsBefore(Func):
    """``(a, b, c) < (x, y, z)``, by which an index is entered at the middle (keyset pagination).

    ``backwards`` turns the comparison round.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, columns: Sequence[Any], values: Sequence[Value], *, backwards: bool = False) -> None:
        super().__init__(*columns, *values)
        self.sign = ">" if backwards else "<"

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # Func's template arguments have no use here
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        half = len(compiled) // 2
        left, right = (", ".join(sql for sql, _ in part) for part in (compiled[:half], compiled[half:]))
        params = [param for _, part in compiled for param in part]
        return f"({left}) {self.sign} ({right})", params


def storable_ids(values: Iterable[Any]) -> list[int]:
    """Those whole numbers that can be somebody's id."""
    return [value for value in values if -BIGGEST_ID <= value <= BIGGEST_ID]


def storable(field: Any, values: Iterable[Any]) -> list[Any]:
    """Those values that the field's column can hold at all; no other is anywhere in the table."""
    if isinstance(field, models.IntegerField | models.AutoField):
        return storable_ids(values)
    return [value for value in values if not (isinstance(value, str) and "\x00" in value)]


def statement(rows: QuerySet[Any]) -> tuple[str, list[Any]] | None:
    """The query's SQL and parameters, to be put into a larger statement; None when it can find nothing."""
    try:
        sql, params = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return sql, list(params)


def quoted(model: Any) -> str:
    return connection.ops.quote_name(model._meta.db_table)

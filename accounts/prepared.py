"""Statements whose SQL text is made once.

Django builds the text of a statement anew at each use, and for a look-up by
key that costs five times what the look-up costs. The few statements that run
with every API call are therefore compiled at their first use and kept; only
values differ from then on. They are still written as querysets, so they
follow the models and read the same on every database.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import AutoField, BigAutoField, Expression, Field, Model, QuerySet, SmallAutoField
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery


class Parameter(Expression):
    """Stands in a queryset for a value that is given when the statement runs.

    ``like`` is a field that has such values: it says how they are written for
    the database.
    """

    def __init__(self, name: str, like: Field[Any, Any]) -> None:
        super().__init__(output_field=like)
        self.name = name

    # Itself among the parameters, to be found there when values come.
    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


class _Compiled(NamedTuple):
    sql: str
    params: tuple[Any, ...]
    #: Position of a column, and what makes its Python value of the database's.
    converters: tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]


class Prepared:
    """A queryset with ``Parameter`` in place of what varies.

    ``build`` makes the queryset; it is called at the first use, not at import.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """All rows, with the values in place of the parameters; columns as ``values_list`` has them.

        A queryset of whole records gives all their columns, those of
        ``select_related`` behind them.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        return self._rows(*self._text(values, connection), connection)

    def window(self, start: int, stop: int | None, **values: Any) -> list[tuple[Any, ...]]:
        """``rows[start:stop]``, read as such; None: to the end."""
        connection = connections[DEFAULT_DB_ALIAS]
        sql, params = self._text(values, connection)
        most = connection.ops.no_limit_value() if stop is None else max(stop - start, 0)
        return self._rows(f"{sql} LIMIT %s OFFSET %s", [*params, most, start], connection)

    def _rows(self, sql: str, params: list[Any], connection: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows = cursor.fetchall()
        compiled = self._compiled[connection.vendor]
        return [_converted(row, compiled, connection) for row in rows] if compiled.converters else rows

    def text(self, **values: Any) -> tuple[str, list[Any]]:
        """The SQL and its parameters, to be executed or put into a larger statement."""
        return self._text(values, connections[DEFAULT_DB_ALIAS])

    def _text(self, values: dict[str, Any], connection: Any) -> tuple[str, list[Any]]:
        compiled = self._compiled.get(connection.vendor) or self._compile(connection)
        return compiled.sql, [_bound(param, values, connection) for param in compiled.params]

    def _compile(self, connection: Any) -> _Compiled:
        compiler = self._build().query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        found = compiler.get_converters([column for column, _, _ in compiler.select])
        converters = tuple((at, tuple(steps), column) for at, (steps, column) in found.items())
        compiled = _Compiled(sql, tuple(params), converters)
        self._compiled[connection.vendor] = compiled
        return compiled


def records(row: tuple[Any, ...], *models: type[Model]) -> list[Any]:
    """The records that a row of whole records is made of; None for one that an outer join did not find."""
    found, start = [], 0
    for model in models:
        names, key = _columns(model)
        values = row[start : start + len(names)]
        found.append(model.from_db(DEFAULT_DB_ALIAS, names, values) if values[key] is not None else None)
        start += len(names)
    return found


@cache
def _columns(model: type[Model]) -> tuple[list[str], int]:
    """The attributes of all columns, and the place of the key among them."""
    names = [field.attname for field in model._meta.concrete_fields]
    return names, names.index(model._meta.pk.attname)


def _varies(field: Field[Any, Any]) -> bool:
    """Whether its default is made anew for each record: an id, a time, an empty object."""
    return field.has_default() and callable(field.default)


def _bound(param: Any, values: dict[str, Any], connection: Any) -> Any:
    if isinstance(param, Parameter):
        return param.output_field.get_db_prep_save(values[param.name], connection)
    return param


def _converted(row: tuple[Any, ...], compiled: _Compiled, connection: Any) -> tuple[Any, ...]:
    values = list(row)
    for at, steps, column in compiled.converters:
        for step in steps:
            values[at] = step(values[at], column, connection)
    return tuple(values)


class _Column(NamedTuple):
    """Where a value of a new row comes from, and how it is written."""

    name: str
    field: Field[Any, Any]
    #: Whether the field itself sets the value at this moment, as times of change are.
    is_set: bool
    #: The value that new records have, where all have the same, and how it is written.
    default: Any
    written: Any


class PreparedInsert:
    """Inserting one row of a model. With ``ignore_conflicts`` a row that is there already stays as it is.

    Like ``bulk_create`` it sends no signals. Most columns of a new row hold
    their default; how that is written is found out once, too.
    """

    def __init__(self, model: type[Model], *, ignore_conflicts: bool = False) -> None:
        self._model = model
        self._on_conflict = OnConflict.IGNORE if ignore_conflicts else None
        self._compiled: dict[str, tuple[str, list[_Column]]] = {}

    def __call__(self, record: Model) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        sql, columns = self._compiled.get(connection.vendor) or self._compile(connection)
        values = []
        for name, field, is_set, default, written in columns:
            value = field.pre_save(record, add=True) if is_set else getattr(record, name)
            values.append(written if value is default else field.get_db_prep_save(value, connection))
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
        record._state.adding, record._state.db = False, DEFAULT_DB_ALIAS

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        # A key that the database counts up is left to it.
        return [field for field in self._model._meta.local_concrete_fields if not _is_serial(field)]

    def _compile(self, connection: Any) -> tuple[str, list[_Column]]:
        template = self._model()
        for field in self._fields:
            setattr(template, field.attname, Parameter(field.attname, field))
        query = InsertQuery(self._model, on_conflict=self._on_conflict)
        # raw: values are taken as they are; times of change are filled in for each row, not once.
        query.insert_values(self._fields, [template], raw=True)
        [(sql, params)] = query.get_compiler(connection=connection).as_sql()
        columns = [_column(param.output_field, connection) for param in params]
        self._compiled[connection.vendor] = sql, columns
        return self._compiled[connection.vendor]


def _column(field: Field[Any, Any], connection: Any) -> _Column:
    is_set = type(field).pre_save is not Field.pre_save
    if _varies(field):
        # No value is this object.
        return _Column(field.attname, field, is_set, object(), None)
    default = field.get_default()
    return _Column(field.attname, field, is_set, default, field.get_db_prep_save(default, connection))


def _is_serial(field: Field[Any, Any]) -> bool:
    return isinstance(field, AutoField | BigAutoField | SmallAutoField)

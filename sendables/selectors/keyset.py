"""Pages by the last row's place instead of by counting: page 1,000 costs what page 1 costs.

A cursor is the ordering columns' values of the last row shown, as URL-safe
text. What arrives or goes meanwhile shifts nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, OrderBy, Q, QuerySet, Value

from sendables.sql import RowsBefore, storable


class BadCursor(ValueError):
    """The text is no cursor of this list."""


class Column(NamedTuple):
    path: str
    descending: bool
    #: The field whose type the column has: a foreign key's target, a generated field's output.
    type: Any
    #: Rows without a value come last, in either direction.
    nullable: bool


class Order:
    """A total order of a model's rows: the given orderings, then the primary key to tell the rest apart."""

    def __init__(self, model: Any, names: Sequence[str], *, last: str) -> None:
        wanted = [*names, *([] if last in [name.lstrip("-") for name in names] else [f"-{last}"])]
        self.columns = [_column(model, name.lstrip("-"), descending=name[0] == "-") for name in wanted]

    @property
    def paths(self) -> list[str]:
        return [column.path for column in self.columns]

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.order_by(*(_ordering(column) for column in self.columns))

    def behind(self, values: Sequence[Any]) -> Any:
        """The condition of being behind the row with these values (or expressions) of ``paths``."""
        directions = {column.descending for column in self.columns}
        if len(directions) == 1 and not any(column.nullable for column in self.columns):
            columns = [F(path) for path in self.paths]
            return RowsBefore(columns, self._expressions(values), backwards=not directions.pop())
        behind, equal = Q(pk__in=[]), Q()
        for column, value in zip(self.columns, values, strict=True):
            # Equal so far and then further: one step per column.
            behind |= equal & _further(column, value)
            equal &= Q(**{column.path: value})
        return behind

    def _expressions(self, values: Sequence[Any]) -> list[Any]:
        return [
            value if hasattr(value, "resolve_expression") else Value(value, output_field=column.type)
            for column, value in zip(self.columns, values, strict=True)
        ]

    def write(self, values: Sequence[Any]) -> str:
        """The cursor for a row with these values of ``paths``."""
        # str() first: an id's JSON number may be cut by whoever reads it as a float.
        text = json.dumps([_as_text(value) for value in values], cls=DjangoJSONEncoder, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def read(self, cursor: str) -> list[Any]:
        """The values in a cursor; raises BadCursor."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            told = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
            values = [column.type.to_python(text) for column, text in zip(self.columns, told, strict=True)]
        except (ValueError, TypeError, ValidationError, RecursionError):
            raise BadCursor from None
        for column, value in zip(self.columns, values, strict=True):
            if not (column.nullable if value is None else storable(column.type, [value])):
                raise BadCursor
        return values


def _column(model: Any, path: str, *, descending: bool) -> Column:
    *relations, _ = path.split("__")
    steps = [field_at(model, "__".join(relations[: at + 1])) for at in range(len(relations))]
    end = field_at(model, path)
    return Column(path, descending, _type(end), nullable=any(field.null for field in [*steps, end]))


def _ordering(column: Column) -> OrderBy:
    nulls_last = column.nullable or None
    place = F(column.path)
    return place.desc(nulls_last=nulls_last) if column.descending else place.asc(nulls_last=nulls_last)


def _further(column: Column, value: Any) -> Q:
    """What comes behind the value in this column."""
    if value is None:
        return Q(pk__in=[])
    further = Q(**{f"{column.path}__{'lt' if column.descending else 'gt'}": value})
    return further | Q(**{f"{column.path}__isnull": True}) if column.nullable else further


def field_at(model: Any, path: str) -> Any:
    """The field that a path of an ordering or a filter ends at; FieldDoesNotExist."""
    *relations, name = path.split("__")
    end = reduce(lambda here, relation: here._meta.get_field(relation).related_model, relations, model)
    return end._meta.pk if name == "pk" else end._meta.get_field(name)


def _type(field: Any) -> Any:
    field = getattr(field, "target_field", field)
    return getattr(field, "output_field", field)


def _as_text(value: Any) -> Any:
    if value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

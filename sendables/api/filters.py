"""Query parameters of lists.

Different parameters must all hold, of one given several times any. What no
row can match finds nothing; what makes no sense at all is treated as
FILTER_INVALID says. No value is an error of the server.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request

from sendables.api.errors import refuse
from sendables.entities import OPTIONS, EntitySettings, FilterType
from sendables.selectors.keyset import field_at
from sendables.sql import storable

RECIPIENT_PREFIX = "recipient_"
#: Lookups of a moment; the values are Unix timestamps for all of them.
_MOMENT_LOOKUPS = ("exact", "gt", "gte", "lt", "lte", "date")
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
_NOTHING = Q(pk__in=[])


class Nonsense(ValueError):
    """The value is none of the field's type."""


def filter_sendables(request: Request, sendables: QuerySet[Any], settings: EntitySettings) -> QuerySet[Any]:
    """Content rows that the parameters ask for; those of recipients apart."""
    params = request.query_params
    asked = {key: params.getlist(key) for key in params if not key.startswith(RECIPIENT_PREFIX)}
    return apply(asked, sendables, settings.FILTER_FIELDS_SENDABLES, settings.FILTER_INVALID)


def filter_recipients(request: Request, users: QuerySet[Any], settings: EntitySettings) -> QuerySet[Any]:
    """Users that the parameters with the prefix ``recipient_`` ask for."""
    params, cut = request.query_params, len(RECIPIENT_PREFIX)
    asked = {key[cut:]: params.getlist(key) for key in params if key.startswith(RECIPIENT_PREFIX)}
    return apply(asked, users, settings.FILTER_FIELDS_RECIPIENTS, settings.FILTER_INVALID)


def apply(
    asked: dict[str, list[str]],
    rows: QuerySet[Any],
    fields: dict[str, FilterType],
    invalid: dict[FilterType, str],
) -> QuerySet[Any]:
    """``rows`` narrowed by those parameters that are filters; untouched when none is."""
    treatments = {**OPTIONS["FILTER_INVALID"].default, **invalid}
    for key, values in asked.items():
        path, _, lookup = (key, "", "") if key in fields else key.partition("__")
        type_ = fields.get(path)
        if type_ is None or (lookup and type_ is not FilterType.DATETIME):
            continue
        condition = _any_of(rows.model, key, path, lookup, type_, values, treatments[type_])
        rows = rows if condition is None else rows.filter(condition)
    return rows


def _any_of(
    model: Any, key: str, path: str, lookup: str, type_: FilterType, values: list[str], treatment: str
) -> Q | None:
    """The condition of one parameter; None when nothing is left of it."""
    if key != path and lookup not in _MOMENT_LOOKUPS:
        return _NOTHING
    try:
        field = field_at(model, path)
    except FieldDoesNotExist:
        return _NOTHING
    found: Q | None = None
    for value in values:
        try:
            one = _CONDITIONS[type_](field, path, lookup, value)
        except Nonsense:
            if treatment == "error":
                raise refuse(key, "This value cannot be compared with the field.") from None
            if treatment == "ignore":
                continue
            one = _NOTHING
        found = one if found is None else found | one
    return found


def _value(field: Any, text: str) -> Any:
    """The text as the field's own type; Nonsense. None when no row can have it."""
    field = getattr(field, "target_field", field)
    try:
        value = field.to_python(text)
    except (ValidationError, ValueError, OverflowError):
        raise Nonsense from None
    if isinstance(field, models.DateField) and value is not None and not isinstance(value, str):
        return value
    return next(iter(storable(field, [value])), None)


def _equals(field: Any, path: str, lookup: str, text: str) -> Q:
    value = _value(field, text)
    return _NOTHING if value is None else Q(**{path: value})


def _contains(field: Any, path: str, lookup: str, text: str) -> Q:
    return _NOTHING if "\x00" in text else Q(**{f"{path}__icontains": text})


def _moment(field: Any, path: str, lookup: str, text: str) -> Q:
    moment = _from_timestamp(text)
    lookup = lookup or "exact"
    return Q(**{f"{path}__{lookup}": timezone.localdate(moment) if lookup == "date" else moment})


def _from_timestamp(text: str) -> datetime:
    """The moment; beyond what a calendar has, its first or last day, where no row is."""
    try:
        seconds = float(text)
    except ValueError:
        raise Nonsense from None
    if math.isnan(seconds):
        raise Nonsense
    least, most = _EARLIEST.timestamp(), _LATEST.timestamp()
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(max(seconds, least), most))


def _boolean(field: Any, path: str, lookup: str, text: str) -> Q:
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise Nonsense
    return Q(**{path: known[text.lower()]})


def _in(field: Any, path: str, lookup: str, text: str) -> Q:
    values = [_value(field, item) for item in text.split(",")]
    return Q(**{f"{path}__in": [value for value in values if value is not None]})


def _fulltext(field: Any, path: str, lookup: str, text: str) -> Q:
    """All words: by the database's text search on PostgreSQL, else each contained."""
    if "\x00" in text:
        return _NOTHING
    if connection.vendor == "postgresql":
        return Q(_TextSearch(path, text))
    found = Q()
    for word in text.split():
        found &= Q(**{f"{path}__icontains": word})
    return found


class _TextSearch(models.Func):
    output_field = models.BooleanField()
    conditional = True
    template = "to_tsvector('simple', %(expressions)s)"
    arg_joiner = ") @@ plainto_tsquery('simple', "

    def __init__(self, path: str, text: str) -> None:
        super().__init__(models.F(path), models.Value(text, output_field=models.TextField()))


_CONDITIONS: dict[FilterType, Callable[[Any, str, str, str], Q]] = {
    FilterType.EQUALS: _equals,
    FilterType.CONTAINS: _contains,
    FilterType.DATETIME: _moment,
    FilterType.BOOL: _boolean,
    FilterType.IN: _in,
    FilterType.FULLTEXT: _fulltext,
}

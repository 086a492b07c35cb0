"""Rows of every model, for tests that open every page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.db import models
from django.utils.timezone import now

from contacts.models import Address
from outbox.models import Delivery
from sendables.models import Posting
from sheets.models import Import

#: What a column cannot hold just anything of: a value for the row of that number.
SPECIAL: dict[type[models.Model], dict[str, Callable[[int], Any]]] = {
    Address: {"kind": lambda at: "msisdn", "value": lambda at: f"+2782{at:07d}"},
    Import: {"kind": lambda at: "people"},
    Posting: {"entity": lambda at: "notice", "audience": lambda at: {"everybody": True}},
    Delivery: {"state": lambda at: "failed", "priority": lambda at: 5, "ended_at": lambda at: now()},
}
_BY_TYPE: list[tuple[type[models.Field], Callable[[int], Any]]] = [
    (models.UUIDField, lambda at: uuid4()),
    (models.DateTimeField, lambda at: now()),
    (models.DateField, lambda at: date(2026, 1, 1)),
    (models.TimeField, lambda at: time(8)),
    (models.BooleanField, lambda at: True),
    (models.JSONField, lambda at: {}),
    (models.FileField, lambda at: f"file-{at}.bin"),
    (models.URLField, lambda at: f"https://example.org/{at}"),
    (models.EmailField, lambda at: f"{at}@example.org"),
    (models.IntegerField, lambda at: at + 1),
    (models.FloatField, lambda at: 1.0),
    (models.DecimalField, lambda at: 1),
    (models.CharField, lambda at: f"x{at}"),
    (models.TextField, lambda at: f"Text {at}"),
]


class World:
    """Rows of every model that has a page, and of all they refer to; each refers to others than the rest."""

    def __init__(self) -> None:
        self._rows: dict[type[models.Model], list[Any]] = {}
        self._under_way: set[type[models.Model]] = set()

    def fill(self, model: type[models.Model], count: int) -> list[Any]:
        """See to it that there are so many, made here."""
        model = model._meta.concrete_model or model
        rows = self._rows.setdefault(model, [])
        if model not in self._under_way:
            self._under_way.add(model)
            for at in range(len(rows), count):
                row = model(**self._values(model, at, count))
                row.save(force_insert=True)
                rows.append(row)
            self._under_way.discard(model)
        return rows

    def _values(self, model: type[models.Model], at: int, count: int) -> dict[str, Any]:
        special = SPECIAL.get(model, {})
        found: dict[str, Any] = {}
        references = 0
        for field in model._meta.concrete_fields:
            if field.name in special:
                found[field.name] = special[field.name](at)
            elif isinstance(field, models.ForeignKey):
                found[field.name] = self._other(field, at, references, count)
                references += 1
            elif not (
                field.has_default() or field.null or field.blank or isinstance(field, models.AutoField)
            ):
                found[field.name] = self._value(field, at)
        return found

    def _other(self, field: models.ForeignKey, at: int, shift: int, count: int) -> Any:
        """Another row's for each row, and for each reference of one row: nobody blocks themselves."""
        others = self.fill(field.related_model, count)
        if at >= len(others):
            return None
        return others[at] if field.unique else others[(at + shift) % len(others)]

    def _value(self, field: models.Field, at: int) -> Any:
        if field.choices:
            return field.choices[0][0]
        return next(value(at) for kind, value in _BY_TYPE if isinstance(field, kind))

    def first(self, model: type[models.Model]) -> Any:
        return self._rows[model._meta.concrete_model or model][0]

    def attach(self, inline: type[models.Model], parent: Any, count: int) -> None:
        """Give all rows of an inline to one parent, where nothing forbids that."""
        for field in inline._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and isinstance(parent, field.related_model):
                for row in self.fill(inline, count):
                    inline._base_manager.filter(pk=row.pk).update(**{field.name: parent})
                return


def fill_every_list(count: int) -> None:
    """So many rows behind every list of the admin site."""
    world = World()
    for model in admin.site._registry:
        world.fill(model, count)

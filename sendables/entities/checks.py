"""``manage.py check`` for ``settings.SENDABLES``: what is wrong with it is said before the first request."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from sendables.entities.options import OPTIONS, FilterType, Kind
from sendables.entities.rates import Rate
from sendables.entities.registry import Entity, configured, entities, has_field, raw_setting, resolve
from sendables.models import AbstractReceipt, AbstractSendable

Problems = Iterator[checks.CheckMessage]


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _are(items: Any, test: Callable[[Any], bool]) -> bool:
    return isinstance(items, list | tuple) and all(map(test, items))


def _is_rate(value: Any) -> bool:
    if not isinstance(value, str):
        return value is None or callable(value)
    try:
        Rate.parse(value)
    except ValueError:
        return False
    return True


def _is_mapping(value: Any, known: Callable[[Any, Any], bool]) -> bool:
    return isinstance(value, dict) and all(known(*item) for item in value.items())


#: Whether a resolved value is of its kind.
RULES: dict[Kind, Callable[[Any], bool]] = {
    Kind.MODEL: lambda value: isinstance(value, type) and issubclass(value, Model),
    Kind.OBJECT: callable,
    Kind.MAYBE_OBJECT: lambda value: value is None or callable(value),
    Kind.OBJECTS: lambda value: _are(value, callable),
    Kind.FLAG: lambda value: isinstance(value, bool),
    Kind.FLAG_OR_OBJECT: lambda value: isinstance(value, bool) or callable(value),
    Kind.NAME: lambda value: isinstance(value, str) and value != "",
    Kind.NAMES: lambda value: _are(value, lambda item: isinstance(item, str)),
    Kind.ORDER: lambda value: callable(value) or _are(value, lambda item: isinstance(item, str)),
    Kind.COUNT: _is_count,
    Kind.DAYS: lambda value: type(value) is int and value >= 0,
    Kind.MAYBE_COUNT: lambda value: value is None or _is_count(value),
    Kind.RATE: _is_rate,
    Kind.FILTERS: lambda value: _is_mapping(
        value, lambda key, type_: isinstance(key, str) and isinstance(type_, FilterType)
    ),
    Kind.TREATMENTS: lambda value: _is_mapping(
        value, lambda type_, word: isinstance(type_, FilterType) and word in ("ignore", "empty", "error")
    ),
}


def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Everything that is wrong with SENDABLES."""
    found = configured()
    if not _is_mapping(found, lambda name, keys: isinstance(name, str) and isinstance(keys, dict)):
        return [_error("SENDABLES must be a dict of dicts, one per entity.", "E001")]
    problems = list(_names(found))
    for name in found:
        problems += _keys(name)
    if problems:
        return problems
    return [problem for kind in entities() for problem in _entity(kind)]


def _error(text: str, number: str, hint: str | None = None) -> checks.Error:
    return checks.Error(text, hint=hint, id=f"sendables.{number}")


def _names(found: dict[str, Any]) -> Problems:
    for name in found:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
            yield _error(
                f"SENDABLES: {name!r} is not a name for an entity.",
                "E002",
                "Write up to 40 small letters, digits and underscores, a letter first.",
            )


def _keys(name: str) -> Problems:
    for key in configured()[name]:
        where = f"SENDABLES[{name!r}][{key!r}]"
        if key not in OPTIONS:
            close = difflib.get_close_matches(str(key), OPTIONS, n=1)
            yield _error(f"{where} is no setting.", "E003", f"Did you mean {close[0]}?" if close else None)
        else:
            yield from _value(name, key, where)


def _value(name: str, key: str, where: str) -> Problems:
    kind = OPTIONS[key].kind
    try:
        value = resolve(kind, raw_setting(name, key))
    except (ImportError, LookupError, ValueError) as error:
        yield _error(f"{where} names what is not there: {error}", "E004")
        return
    if not RULES[kind](value):
        yield _error(f"{where} must be: {kind.value}.", "E005")


def _entity(kind: Entity) -> Problems:
    problem = _model_problem(kind)
    if problem:
        yield _error(f"SENDABLES[{kind.name!r}]['SENDABLE_CLASS']: {problem}", "E006")
        return
    yield from _fields(kind)
    yield from _orders(kind)
    yield from _filters(kind)


def _model_problem(kind: Entity) -> str | None:
    """What keeps the entity's models from being used, or None."""
    model = kind.settings.SENDABLE_CLASS
    if model is None:
        return "an entity needs a content model."
    if not issubclass(model, AbstractSendable) or model._meta.abstract:
        return f"{model.__name__} must be a concrete subclass of sendables.models.AbstractSendable."
    if not has_field(model, "receipts") or not issubclass(kind.receipt_model, AbstractReceipt):
        return (
            f"{model.__name__} needs a receipt model: a subclass of sendables.models.AbstractReceipt with "
            f"sendable = ForeignKey({model.__name__}, related_name='receipts', …)."
        )
    unique = [set(constraint.fields) for constraint in kind.receipt_model._meta.total_unique_constraints]
    if {"sendable", "recipient"} not in unique:
        return f"{kind.receipt_model.__name__}'s Meta must keep the constraints of AbstractReceipt.Meta."
    return None


def _fields(kind: Entity) -> Problems:
    settings, model = kind.settings, kind.content_model
    for key in ("SENT_FIELD_NAMES", "OPTIONAL_FIELD_NAMES"):
        for name in getattr(settings, key):
            if not has_field(model, name):
                yield _error(f"SENDABLES[{kind.name!r}][{key!r}]: {model.__name__} has no {name!r}.", "E007")
    for key, owner in (("SENDABLE_KEY_NAME", model), ("PARTICIPANT_KEY_NAME", get_user_model())):
        name = getattr(settings, key)
        if not (has_field(owner, name) and getattr(owner._meta.get_field(name), "unique", False)):
            yield _error(
                f"SENDABLES[{kind.name!r}][{key!r}]: {owner.__name__} has no unique field {name!r}.", "E008"
            )


def _orders(kind: Entity) -> Problems:
    for key, model in (("ORDER_RECEIVED", kind.receipt_model), ("ORDER_SENT", kind.content_model)):
        names = getattr(kind.settings, key)
        for name in [] if callable(names) else names:
            if not _leads_somewhere(model, name.lstrip("-")):
                yield _error(
                    f"SENDABLES[{kind.name!r}][{key!r}]: {model.__name__} has no {name.lstrip('-')!r}.",
                    "E009",
                )


def _filters(kind: Entity) -> Problems:
    """The project's own ones: those that all entities begin with name fields that not all of them have."""
    for key, model in (
        ("FILTER_FIELDS_SENDABLES", kind.content_model),
        ("FILTER_FIELDS_RECIPIENTS", get_user_model()),
    ):
        for name in configured().get(kind.name, {}).get(key, ()):
            if not _leads_somewhere(model, name):
                yield _error(f"SENDABLES[{kind.name!r}][{key!r}]: {model.__name__} has no {name!r}.", "E010")


def _leads_somewhere(model: Any, path: str) -> bool:
    """Whether the path of an ordering or a filter ends at a field."""
    *relations, name = path.split("__")
    try:
        for relation in relations:
            model = model._meta.get_field(relation).related_model
            if model is None:
                return False
        return name == "pk" or bool(model._meta.get_field(name))
    except FieldDoesNotExist:
        return False

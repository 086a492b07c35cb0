"""Entities by name: ``settings.SENDABLES`` made usable.

``manage.py check`` finds what is wrong with it (``entities.checks``); nothing
here fails later than the first use.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import models
from django.utils.module_loading import import_string

from sendables.entities.options import BUILT_IN, OPTIONS, Kind

_OBJECT_KINDS = (Kind.OBJECT, Kind.MAYBE_OBJECT, Kind.FLAG_OR_OBJECT, Kind.OBJECTS)


def configured() -> dict[str, dict[str, Any]]:
    """``settings.SENDABLES``; empty when the project has none."""
    return getattr(settings, "SENDABLES", {})


def resolve(kind: Kind, value: Any) -> Any:
    """The value that a setting means: dotted paths become what they name. ImportError, LookupError."""
    if kind is Kind.MODEL and isinstance(value, str):
        return apps.get_model(value) if value.count(".") == 1 else import_string(value)
    if kind is Kind.RATE and isinstance(value, str) and "/" not in value:
        return import_string(value)
    if kind not in _OBJECT_KINDS:
        return value
    if isinstance(value, list | tuple):
        return [resolve(Kind.OBJECT, item) for item in value]
    return import_string(value) if isinstance(value, str) else value


class EntitySettings:
    """One entity's settings as attributes: the project's word, then the entity's default, then the app's."""

    def __init__(self, name: str) -> None:
        self.entity_name = name

    def __getattr__(self, key: str) -> Any:
        if key not in OPTIONS:
            raise AttributeError(key)
        value = resolve(OPTIONS[key].kind, raw_setting(self.entity_name, key))
        setattr(self, key, value)
        return value

    def of_view(self, view: str, key: str) -> Any:
        """``<view>_<key>``, or the entity-wide ``<key>`` where the view has no own."""
        return getattr(self, f"{view}_{key}") or getattr(self, key)


def raw_setting(name: str, key: str) -> Any:
    """The value as it stands in settings or defaults, dotted paths unresolved."""
    for layer in (configured().get(name, {}), BUILT_IN.get(name, {})):
        if key in layer:
            return layer[key]
    return OPTIONS[key].default


class Entity:
    """A kind of sendable: its name, its two tables and its settings."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.settings = EntitySettings(name)

    def __repr__(self) -> str:
        return f"<entity {self.name}>"

    @cached_property
    def content_model(self) -> Any:
        model = self.settings.SENDABLE_CLASS
        if model is None:
            raise ImproperlyConfigured(f"SENDABLES[{self.name!r}] needs a SENDABLE_CLASS")
        return model

    @cached_property
    def receipt_model(self) -> Any:
        return self.content_model._meta.get_field("receipts").related_model

    @property
    def contents(self) -> models.QuerySet[Any]:
        return self.content_model._default_manager.all()

    @property
    def receipts(self) -> Any:
        return self.receipt_model._default_manager.all()

    @cached_property
    def has_sender(self) -> bool:
        """From a person, who has a list of sent ones; else from "the system"."""
        return has_field(self.content_model, "sender")

    @cached_property
    def has_threads(self) -> bool:
        return has_field(self.content_model, "thread")

    @cached_property
    def key_path(self) -> str:
        """Where a receipt finds the id that the outside knows its sendable by."""
        name = self.settings.SENDABLE_KEY_NAME
        return "sendable_id" if self.key_is_primary else f"sendable__{name}"

    @cached_property
    def key_is_primary(self) -> bool:
        return self.settings.SENDABLE_KEY_NAME in ("pk", self.content_model._meta.pk.name)


def has_field(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


@cache
def entity(name: str) -> Entity:
    """The entity of that name; KeyError when nothing is known of it."""
    if name not in BUILT_IN and name not in configured():
        raise KeyError(name)
    return Entity(name)


def entities() -> list[Entity]:
    """All of them: the built-in ones, then the project's own."""
    return [entity(name) for name in [*BUILT_IN, *(set(configured()) - set(BUILT_IN))]]


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "SENDABLES":
        entity.cache_clear()


setting_changed.connect(_forget, dispatch_uid="sendables.entities")

"""Whom a send reaches and which ids an action accepts: ready-made policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import User
from sendables.selectors import audience
from sendables.sql import Among, storable


def get_valid_recipients_lenient(
    request: Request, keys: list[Any], serializer: Any, **kwargs: Any
) -> QuerySet[User]:
    """Those of the asked people who exist; the rest is passed over."""
    return audience.named(keys, key_name=serializer.item_key_name)


def get_valid_recipients_strict(
    request: Request, keys: list[Any], serializer: Any, **kwargs: Any
) -> QuerySet[User]:
    """Those people, or a 400 that names whoever does not exist or may not be written to."""
    users = get_valid_recipients_lenient(request, keys, serializer)
    kind, sender = serializer.kind, request.user
    may: Any = audience.allowed(kind, sender, users, allow_self=serializer.allow_self)  # type: ignore[arg-type]  # permissions let no anonymous user come here
    refuse_others(keys, may.values_list(serializer.item_key_name, flat=True), serializer)
    return users


def get_valid_items_lenient(
    request: Request, keys: list[Any], serializer: Any, item_type: type[Model], user_role: str, **removal: Any
) -> QuerySet[Any]:
    """Those of the asked ones that are the caller's; the rest is passed over."""
    field = serializer.kind.content_model._meta.get_field(serializer.kind.settings.SENDABLE_KEY_NAME)
    mine = item_type._default_manager.filter(**{user_role: request.user, **removal})
    return mine.filter(Among(serializer.item_key_name, storable(field, keys)))


def get_valid_items_strict(
    request: Request, keys: list[Any], serializer: Any, item_type: type[Model], user_role: str, **removal: Any
) -> QuerySet[Any]:
    """Those items, or a 400 that names the ids that are not the caller's."""
    items = get_valid_items_lenient(request, keys, serializer, item_type, user_role, **removal)
    refuse_others(keys, items.values_list(serializer.item_key_name, flat=True), serializer)
    return items


def refuse_others(keys: list[Any], valid: Iterable[Any], serializer: Any) -> None:
    """Raise a ValidationError that names, ascending, the keys that are not among ``valid``."""
    invalid = sorted(set(keys) - set(valid))
    if invalid:
        named = ", ".join(map(str, invalid))
        message = f"Invalid {serializer.item_entity_name}s: {named}."
        raise serializers.ValidationError({serializer.items_field_name: [message]})


def get_received_prefetch_fields(sendable_class: type[Model]) -> list[str]:
    """Relations of a receipt that a serializer class will read."""
    has_sender = any(field.name == "sender" for field in sendable_class._meta.get_fields())
    return ["sendable", "sendable__sender"] if has_sender else ["sendable"]

"""Serializer fields of the dialect's bodies."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from rest_framework import serializers

from sendables.entities import Entity

_PLAIN_INTEGER = serializers.IntegerField


class KeyListField(serializers.ListField):
    """A list of ids or other keys, not empty.

    A list of nothing but JSON integers, the usual case, is taken as it is:
    asking the child about each of ten thousand would take longer than
    storing them.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty=False, **kwargs)

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        # type() and not isinstance(): True is an int to Python and no id to anybody.
        if type(self.child) is _PLAIN_INTEGER and all(type(item) is int for item in data):
            return data
        return super().run_child_validation(data)


def content_fields(kind: Entity) -> dict[str, serializers.Field]:
    """Fresh fields for what a send carries: checked as the content model's own fields are."""
    return copy.deepcopy(_content_fields(kind))


@cache
def _content_fields(kind: Entity) -> dict[str, serializers.Field]:
    required, optional = kind.settings.SENT_FIELD_NAMES, kind.settings.OPTIONAL_FIELD_NAMES
    most = kind.settings.MAX_CONTENT_LENGTH
    extra: dict[str, dict[str, Any]] = {name: {"required": False} for name in optional}
    if most and "content" in [*required, *optional]:
        extra.setdefault("content", {})["max_length"] = most
    meta = type(
        "Meta", (), {"model": kind.content_model, "fields": [*required, *optional], "extra_kwargs": extra}
    )
    base: Any = type("ContentSerializer", (serializers.ModelSerializer,), {"Meta": meta})
    return dict(base().get_fields())

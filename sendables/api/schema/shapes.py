"""An entity's shapes on the wire, as its settings make them."""

from __future__ import annotations

from functools import cache
from typing import Any

from rest_framework import serializers

from accounts.api.openapi import Dialect, Parameter
from accounts.api.openapi.inspector import OperationSchema
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import (
    INSTANT,
    Shape,
    array,
    boolean,
    integer,
    mapping,
    named,
    nullable,
    record,
    string,
    told,
)
from sendables.api.fields import content_fields
from sendables.api.filters import _MOMENT_LOOKUPS, RECIPIENT_PREFIX
from sendables.entities import Entity, FilterType

INBOX = Dialect(
    "Inbox",
    "Messages and notices",
    "In-app messages from person to person and notices from the system, with read state: the API of "
    "drf-sendables. Lists are arrays; the next page is in the `Link` header. Every path answers with and "
    "without its last slash.",
    json_refusal,
)
LINK = {"Link": string()}
#: What callers may log in with, for views that are not the framework's.
SECURITY: list[dict[str, list[str]]] = [{"session": []}, {"basic": []}, {"token": ["sendables:read"]}]
WHEN = "2026-03-02T08:15:00Z"
_EXAMPLES: dict[str, Any] = {"content": "The clinic opens at ten tomorrow.", "subject": "Opening hours"}
_FILTER_SHAPES: dict[FilterType, Shape] = {
    FilterType.BOOL: boolean(),
    FilterType.DATETIME: {"type": "number"},
}
_FILTER_WORDS = {
    FilterType.EQUALS: "is this",
    FilterType.CONTAINS: "contains this, whatever the case",
    FilterType.BOOL: "is this",
    FilterType.IN: "is one of these, with commas between",
    FilterType.FULLTEXT: "contains all these words",
}


def title(kind: Entity) -> str:
    """The entity as part of names: ``Message``."""
    return kind.name.title().replace("_", "").replace("-", "")


def of_field(field: serializers.Field[Any, Any, Any, Any]) -> Shape:
    """A serializer field's shape."""
    shape: Shape = OperationSchema()._map_serializer_field(field, "response")
    return {name: value for name, value in shape.items() if name not in ("title", "readOnly")}


def key_shape(kind: Entity) -> Shape:
    """The id that the outside knows one by."""
    return of_field(kind.settings.SENDABLE_KEY_TYPE())


def key_example(kind: Entity) -> Any:
    whole = issubclass(kind.settings.SENDABLE_KEY_TYPE, serializers.IntegerField)
    return 1 if whole else "0b1f1c9a-0a8f-4c57-8b0e-3d1f5a1f2c11"


def person_shape(kind: Entity) -> Shape:
    return named("Participant" if _plain_people(kind) else f"{title(kind)}Participant", _person(kind))


def _person(kind: Entity) -> Shape:
    return record({kind.settings.PARTICIPANT_KEY_NAME: person_key(kind), "username": string()})


def _plain_people(kind: Entity) -> bool:
    return str(kind.settings.PARTICIPANT_KEY_NAME) == "id"


def person_key(kind: Entity) -> Shape:
    return of_field(kind.settings.PARTICIPANT_KEY_TYPE())


def person_example(kind: Entity) -> dict[str, Any]:
    name = kind.settings.PARTICIPANT_KEY_NAME
    return {name: 2 if name == "id" else "alice", "username": "alice"}


@cache
def content_shapes(kind: Entity) -> dict[str, Shape]:
    """The content's own fields, by name."""
    return {name: of_field(field) for name, field in content_fields(kind).items()}


def shown_fields(kind: Entity) -> dict[str, Shape]:
    """Those that every shape shows, as they are read: of any length."""
    shapes = content_shapes(kind)
    return {name: _read(shapes[name]) for name in kind.settings.SENT_FIELD_NAMES}


def _read(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if name not in ("maxLength", "minLength")}


def content_example(kind: Entity) -> dict[str, Any]:
    return {name: _EXAMPLES.get(name, "…") for name in kind.settings.SENT_FIELD_NAMES}


def received_shape(kind: Entity) -> Shape:
    if kind.settings.LIST_SERIALIZER_CLASS:
        return mapping(description="As this installation's own serializer writes it.")
    fields = {
        kind.settings.SENDABLE_KEY_NAME: key_shape(kind),
        "is_read": boolean(),
        "sent_on": INSTANT,
        **shown_fields(kind),
    }
    if kind.has_sender:
        fields["sender"] = told(nullable(person_shape(kind)), "Null when the account is gone.")
    return named(f"Received{title(kind)}", record(fields))


def received_example(kind: Entity) -> dict[str, Any]:
    return {
        kind.settings.SENDABLE_KEY_NAME: key_example(kind),
        "is_read": False,
        "sent_on": WHEN,
        **content_example(kind),
        **({"sender": person_example(kind)} if kind.has_sender else {}),
    }


def sent_shape(kind: Entity) -> Shape:
    if kind.settings.LIST_SENT_SERIALIZER_CLASS:
        return mapping(description="As this installation's own serializer writes it.")
    return named(
        f"Sent{title(kind)}",
        record(
            {
                kind.settings.SENDABLE_KEY_NAME: key_shape(kind),
                "sent_on": INSTANT,
                **shown_fields(kind),
                "recipients": array(person_shape(kind)),
            }
        ),
    )


def sent_example(kind: Entity) -> dict[str, Any]:
    return {
        kind.settings.SENDABLE_KEY_NAME: key_example(kind),
        "sent_on": WHEN,
        **content_example(kind),
        "recipients": [person_example(kind)],
    }


def list_of(kind: Entity, view: str, item: Shape) -> Shape:
    """A list, or the page of the paginator that the settings name for the view."""
    paginator = kind.settings.of_view(view, "PAGINATION_CLASS")
    shape: Shape = array(item)
    return paginator().get_paginated_response_schema(shape) if paginator else shape


PAGE = (
    Parameter(
        "limit", "Most items of the page; else as many as the installation allows.", integer(minimum=1), 50
    ),
    Parameter("cursor", "Where the page begins, as the `Link` header of the one before says.", string()),
)


def filters(kind: Entity, *, of_recipients: bool = False) -> tuple[Parameter, ...]:
    """What a list can be narrowed by."""
    found = [
        each for name, type_ in kind.settings.FILTER_FIELDS_SENDABLES.items() for each in _filter(name, type_)
    ]
    if of_recipients:
        found += [
            each
            for name, type_ in kind.settings.FILTER_FIELDS_RECIPIENTS.items()
            for each in _filter(RECIPIENT_PREFIX + name, type_)
        ]
    return tuple(found)


def _filter(name: str, type_: FilterType) -> list[Parameter]:
    shape = _FILTER_SHAPES.get(type_, string())
    if type_ is not FilterType.DATETIME:
        return [Parameter(name, f"Only where it {_FILTER_WORDS[type_]}; given several times, any.", shape)]
    words = {"exact": "at this moment", "gt": "after it", "gte": "at it or after", "lt": "before it"}
    words |= {"lte": "at it or before", "date": "on the same day"}
    return [
        Parameter(f"{name}__{lookup}", f"Unix time; only {words[lookup]}.", shape)
        for lookup in _MOMENT_LOOKUPS
    ]


def by_key(kind: Entity) -> Parameter:
    return Parameter("key", f"The {kind.name}'s id.", key_shape(kind), key_example(kind), "path")

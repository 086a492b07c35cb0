"""Rows as the wire shows them, without a serializer per row.

A shape is a list of columns to fetch and a function from such a row to the
answer's object. It shows the entity's SENT_FIELD_NAMES beside what every
received or sent item has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from django.utils import timezone

from sendables.entities import Entity

Row = Sequence[Any]


class Shape(NamedTuple):
    columns: list[str]
    render: Callable[[Row], dict[str, Any]]


def wire_time(value: datetime) -> str:
    """ISO 8601 in the current time zone, ``Z`` for UTC; without offset when the project has USE_TZ off."""
    return _wire_time_utc(timezone.localtime(value) if timezone.is_aware(value) else value)


def _wire_time_utc(value: datetime) -> str:
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def time_writer() -> Callable[[datetime], str]:
    """``wire_time``, quicker for many where the current time zone is UTC as the database's values are."""
    if timezone.get_current_timezone_name() != "UTC":
        return wire_time
    return _wire_time_utc


def participant_columns(kind: Entity) -> list[str]:
    """Columns of the user model that people are shown by."""
    return list(dict.fromkeys([kind.settings.PARTICIPANT_KEY_NAME, "username"]))


def received_columns(kind: Entity) -> list[str]:
    """What a received item shows, in terms of its receipt."""
    names = kind.settings.SENT_FIELD_NAMES
    columns = [kind.key_path, "unread", "sent_on", *(f"sendable__{name}" for name in names)]
    if kind.has_sender:
        people = participant_columns(kind)
        columns += ["sendable__sender_id", *(f"sendable__sender__{column}" for column in people)]
    return columns


def received_shape(kind: Entity) -> Shape:
    """A receipt: id, is_read, the content's fields, sent_on and, where there is one, the sender."""
    names = [kind.settings.SENDABLE_KEY_NAME, "is_read", "sent_on", *kind.settings.SENT_FIELD_NAMES]
    people = participant_columns(kind) if kind.has_sender else None
    write_time, sender_at = time_writer(), len(names)

    def render(row: Row) -> dict[str, Any]:
        # Runs a thousand times for one page: one dict from the row, then what differs from it.
        item = dict(zip(names, row, strict=False))
        item["is_read"] = not row[1]
        item["sent_on"] = write_time(row[2])
        if people is not None:
            known = row[sender_at] is not None
            item["sender"] = dict(zip(people, row[sender_at + 1 :], strict=False)) if known else None
        return item

    return Shape(received_columns(kind), render)


def sent_shape(kind: Entity) -> Shape:
    """A content row, without its recipients: id, the content's fields, sent_on."""
    key, names = kind.settings.SENDABLE_KEY_NAME, kind.settings.SENT_FIELD_NAMES
    write_time = time_writer()

    def render(row: Row) -> dict[str, Any]:
        return {key: row[1], "sent_on": write_time(row[2]), **dict(zip(names, row[3:], strict=False))}

    return Shape(["pk", key, "sent_on", *names], render)


def rows_of(objects: Iterable[Any], columns: list[str]) -> list[Row]:
    """The columns' values of model instances, by the same paths as a query's."""
    paths = [column.split("__") for column in columns]
    return [[reduce(_attribute, path, each) for path in paths] for each in objects]


def _attribute(thing: Any, name: str) -> Any:
    return None if thing is None else getattr(thing, name)

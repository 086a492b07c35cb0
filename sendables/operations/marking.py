"""Marking what was received as read or unread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity, entity
from sendables.operations.inboxes import announce, lock, note_change
from sendables.signals import sendables_read, sendables_unread
from sendables.sql import Among, storable


@dataclass(frozen=True)
class Marked:
    """How many of the asked ones the reader holds, and how many of these were not so already."""

    found: int
    changed: int


def mark_read(*, entity_name: str, reader: User, keys: Iterable[Any]) -> Marked:
    """Mark the reader's copies of these as read; other people's and unknown ones are passed over."""
    kind = entity(entity_name)
    return mark(kind, reader, with_keys(kind, keys), read=True)


def mark_unread(*, entity_name: str, reader: User, keys: Iterable[Any]) -> Marked:
    """Mark the reader's copies of these as unread; other people's and unknown ones are passed over."""
    kind = entity(entity_name)
    return mark(kind, reader, with_keys(kind, keys), read=False)


def mark_all_read(*, entity_name: str, reader: User) -> int:
    """Mark all that the reader has unread; how many that were."""
    return mark(entity(entity_name), reader, Q(unread=True), read=True).changed


def with_keys(kind: Entity, keys: Iterable[Any]) -> Q:
    """Receipts of the sendables that the outside knows by these keys."""
    field = kind.content_model._meta.get_field(kind.settings.SENDABLE_KEY_NAME)
    return Q(Among(kind.key_path, storable(field, keys)))


@transaction.atomic
def mark(kind: Entity, reader: User, which: Q, *, read: bool) -> Marked:
    """Mark those of the reader's visible receipts that ``which`` is true of."""
    box = lock(kind, reader)
    if box is None:
        return Marked(0, 0)
    # The lock keeps everybody else off these receipts: what is found stays so until it is changed.
    found = dict(kind.receipts.of(reader).visible().filter(which).values_list("sendable_id", "unread"))
    changing = [key for key, unread in found.items() if unread == read]
    if changing:
        now = timezone.now() if read else None
        kind.receipts.of(reader).held().filter(Among("sendable_id", changing)).update(read_at=now)
        note_change(kind, box, unread=-len(changing) if read else len(changing))
        signal = sendables_read if read else sendables_unread
        announce(signal, entity=kind.name, reader=reader.pk, keys=changing)
    return Marked(len(found), len(changing))

"""Marking what was received as read or unread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
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
    return _mark(entity_name, reader, keys, read=True)


def mark_unread(*, entity_name: str, reader: User, keys: Iterable[Any]) -> Marked:
    """Mark the reader's copies of these as unread; other people's and unknown ones are passed over."""
    return _mark(entity_name, reader, keys, read=False)


@transaction.atomic
def mark_all_read(*, entity_name: str, reader: User) -> int:
    """Mark all that the reader has unread; how many that were."""
    kind = entity(entity_name)
    box = lock(kind, reader)
    if box is None:
        return 0
    changed = kind.receipts.of(reader).visible().filter(unread=True).update(read_at=timezone.now())
    if changed:
        note_change(kind, box, unread=-changed)
        announce(sendables_read, entity=kind.name, reader=reader.pk, keys=None)
    return changed


def held_by(kind: Entity, reader: User, keys: Iterable[Any]) -> Any:
    """The reader's visible receipts of the sendables with these keys."""
    field = kind.content_model._meta.get_field(kind.settings.SENDABLE_KEY_NAME)
    return kind.receipts.of(reader).visible().filter(Among(kind.key_path, storable(field, keys)))


@transaction.atomic
def _mark(entity_name: str, reader: User, keys: Iterable[Any], *, read: bool) -> Marked:
    kind = entity(entity_name)
    keys = list(keys)
    box = lock(kind, reader)
    if box is None:
        return Marked(0, 0)
    mine = held_by(kind, reader, keys)
    changed = mine.filter(unread=read).update(read_at=timezone.now() if read else None)
    if not changed:
        return Marked(mine.count(), 0)
    note_change(kind, box, unread=-changed if read else changed)
    announce(sendables_read if read else sendables_unread, entity=kind.name, reader=reader.pk, keys=keys)
    return Marked(mine.count() if changed < len(keys) else changed, changed)

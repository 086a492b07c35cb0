"""Deleting: a recipient's copy, and a sender's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity, entity
from sendables.operations.collecting import collect_touched
from sendables.operations.inboxes import announce, lock, note_change
from sendables.operations.marking import with_keys
from sendables.signals import sendables_deleted, sent_removed
from sendables.sql import Among, storable


def delete_received(*, entity_name: str, reader: User, keys: Iterable[Any]) -> int:
    """Delete the reader's copies of these; how many that were. Nobody else's lists change."""
    kind = entity(entity_name)
    return delete_copies(kind, reader, with_keys(kind, keys))


@transaction.atomic
def delete_copies(kind: Entity, reader: User, which: Q) -> int:
    """Delete those of the reader's visible receipts that ``which`` is true of."""
    box = lock(kind, reader)
    if box is None:
        return 0
    # The lock keeps everybody else off these receipts: what is counted is what is deleted.
    mine = dict(kind.receipts.of(reader).visible().filter(which).values_list("sendable_id", "unread"))
    if not mine:
        return 0
    keys = list(mine)
    kind.receipts.of(reader).held().filter(Among("sendable_id", keys)).update(deleted_at=timezone.now())
    note_change(kind, box, unread=-sum(mine.values()))
    collect_touched(kind, keys)
    announce(sendables_deleted, entity=kind.name, reader=reader.pk, keys=keys)
    return len(keys)


def delete_sent(*, entity_name: str, sender: User, keys: Iterable[Any]) -> int:
    """Remove these from the sender's list; how many that were. Recipients keep their copies."""
    kind = entity(entity_name)
    name = kind.settings.SENDABLE_KEY_NAME
    field = kind.content_model._meta.get_field(name)
    return remove_sent(kind, sender, Q(Among(name, storable(field, keys))))


@transaction.atomic
def remove_sent(kind: Entity, sender: User, which: Q) -> int:
    """Remove those of the sender's contents that ``which`` is true of from the sent ones."""
    if not kind.has_sender:
        return 0
    mine = kind.contents.filter(which, sender=sender.pk, removed_at=None).order_by("pk")
    keys = list(mine.select_for_update(no_key=True).values_list("pk", flat=True))
    if not keys:
        return 0
    kind.contents.filter(Among("pk", keys)).update(removed_at=timezone.now())
    collect_touched(kind, keys)
    announce(sent_removed, entity=kind.name, by=sender.pk, keys=keys)
    return len(keys)

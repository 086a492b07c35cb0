"""Deleting: a recipient's copy, a sender's, and the content once nobody holds it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity, entity
from sendables.operations.inboxes import announce, lock, note_change
from sendables.operations.marking import held_by
from sendables.signals import sendables_deleted, sent_removed
from sendables.sql import Among, storable


@transaction.atomic
def delete_received(*, entity_name: str, reader: User, keys: Iterable[Any]) -> int:
    """Delete the reader's copies of these; how many that were. Nobody else's lists change."""
    kind = entity(entity_name)
    box = lock(kind, reader)
    if box is None:
        return 0
    # The lock keeps everybody else off these receipts, so what is counted is what is deleted.
    mine = dict(held_by(kind, reader, keys).values_list("sendable_id", "unread"))
    if not mine:
        return 0
    kind.receipts.of(reader).held().filter(Among("sendable_id", mine)).update(deleted_at=timezone.now())
    note_change(kind, box, unread=-sum(mine.values()))
    collect_touched(kind, list(mine))
    announce(sendables_deleted, entity=kind.name, reader=reader.pk, keys=list(mine))
    return len(mine)


@transaction.atomic
def delete_sent(*, entity_name: str, sender: User, keys: Iterable[Any]) -> int:
    """Remove these from the sender's list; how many that were. Recipients keep their copies."""
    kind = entity(entity_name)
    if not kind.has_sender:
        return 0
    mine = list(sent_by(kind, sender, keys).select_for_update(no_key=True).values_list("pk", flat=True))
    if not mine:
        return 0
    kind.contents.filter(Among("pk", mine)).update(removed_at=timezone.now())
    collect_touched(kind, mine)
    announce(sent_removed, entity=kind.name, by=sender.pk, keys=mine)
    return len(mine)


def sent_by(kind: Entity, sender: User, keys: Iterable[Any]) -> QuerySet[Any]:
    """What the sender sent of these and has not removed, in key order."""
    name = kind.settings.SENDABLE_KEY_NAME
    field = kind.content_model._meta.get_field(name)
    mine = kind.contents.filter(Among(name, storable(field, keys)), sender=sender.pk, removed_at=None)
    return mine.order_by("pk")


def collect_touched(kind: Entity, keys: list[Any]) -> None:
    """Remove those of these contents that nobody holds since the caller's change.

    Their rows are locked before looking: of two people who let go at the same
    moment, the second sees what the first did. What is too large for one bite
    is left to the sweep.
    """
    if not kind.settings.DELETE_HANGING_SENDABLES:
        return
    rows = kind.contents.filter(Among("pk", keys)).select_for_update(no_key=True).order_by("pk")
    if kind.has_sender:
        let_go = [row.pk for row in rows.only("sender", "removed_at") if row.removed_at or not row.sender_id]
    else:
        let_go = list(rows.values_list("pk", flat=True))
    if let_go and mark_hanging(kind, kind.contents.filter(Among("pk", let_go))):
        remove_hanging(kind, kind.contents.filter(Among("pk", let_go)))


def nobody_holds(kind: Entity) -> Q:
    """Contents that neither a recipient nor the sender can see any more."""
    receipts = kind.receipts.filter(sendable=OuterRef("pk"))
    unheld = ~Exists(receipts.held())
    if not kind.has_sender:
        return Q(unheld)
    return Q(unheld) & (Q(removed_at__isnull=False) | Q(sender=None) | Q(~Exists(receipts)))


def mark_hanging(kind: Entity, rows: QuerySet[Any]) -> int:
    """Note of those of ``rows`` that nobody holds since when that is so; how many that were."""
    return rows.filter(nobody_holds(kind), hanging_since=None).update(hanging_since=timezone.now())


def remove_hanging(kind: Entity, rows: QuerySet[Any]) -> int:
    """Remove hanging contents and their receipts, at most a bite of each; how many rows that were.

    Only what has been hanging for HANGING_DAYS. Fewer than a bite means done.
    """
    bite = kind.settings.COLLECT_BITE
    before = timezone.now() - timedelta(days=kind.settings.HANGING_DAYS)
    ripe = list(rows.filter(hanging_since__lte=before).order_by("pk").values_list("pk", flat=True)[:bite])
    receipts = kind.receipts.filter(Among("sendable_id", ripe)).order_by()
    removed, _ = kind.receipts.filter(pk__in=receipts.values("pk")[:bite]).delete()
    if removed < bite:
        empty = kind.contents.filter(Among("pk", ripe)).exclude(
            Exists(kind.receipts.filter(sendable=OuterRef("pk")))
        )
        removed += empty.delete()[0]
    return removed

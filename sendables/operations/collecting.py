"""Content that nobody holds any more: noted when it happens, removed in bounded bites."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from sendables.entities import Entity
from sendables.sql import Among


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
    unheld = Q(~Exists(receipts.held()))
    if not kind.has_sender:
        return unheld
    expired = Q(expires_at__lte=timezone.now())
    return unheld & (Q(removed_at__isnull=False) | Q(sender=None) | expired | Q(~Exists(receipts)))


def mark_hanging(kind: Entity, rows: QuerySet[Any]) -> int:
    """Note of those of ``rows`` that nobody holds since when that is so; how many that were."""
    return rows.filter(nobody_holds(kind), hanging_since=None).update(hanging_since=timezone.now())


@transaction.atomic
def remove_hanging(kind: Entity, rows: QuerySet[Any]) -> int:
    """Remove hanging contents and their receipts, at most a bite of each; how many rows that were.

    Only what has been hanging for HANGING_DAYS. 0 means that nothing is left.
    """
    bite = kind.settings.COLLECT_BITE
    before = timezone.now() - timedelta(days=kind.settings.HANGING_DAYS)
    ripe = list(rows.filter(hanging_since__lte=before).order_by("pk").values_list("pk", flat=True)[:bite])
    receipts = kind.receipts.filter(Among("sendable_id", ripe)).order_by()
    removed: int = kind.receipts.filter(pk__in=receipts.values("pk")[:bite]).delete()[0]
    if removed < bite:
        others = kind.receipts.filter(sendable=OuterRef("pk"))
        removed += kind.contents.filter(Among("pk", ripe)).exclude(Exists(others)).delete()[0]
    return removed

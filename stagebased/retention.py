"""How long it can be seen what a change of many subscriptions did to each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.retention import Rule, bites, register
from stagebased.models import BulkChange, BulkItem

BULK_CHANGE_KEPT = 90


def _old(days: float | None) -> QuerySet[BulkChange]:
    kept = BULK_CHANGE_KEPT if days is None else days
    before: datetime = timezone.now() - timedelta(days=kept)
    return BulkChange.objects.filter(finished_at__lt=before)


def _bites(days: float | None) -> Iterator[int]:
    """Items first: there may be a million in one change."""
    yield from bites(BulkItem.objects.filter(bulk__in=_old(days)))
    yield from bites(_old(days))


register(
    Rule(
        "bulk-changes",
        "changes of many subscriptions that are finished, and their items",
        days=lambda: BULK_CHANGE_KEPT,
        count=lambda days: BulkItem.objects.filter(bulk__in=_old(days)).count() + _old(days).count(),
        bites=_bites,
    )
)

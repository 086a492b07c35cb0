"""Hourly sums of what the collector met, so that nobody counts messages one by one.

A gateway's collector works alone (``collector.sweep``), so its sums need no
differences.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F
from django.utils import timezone

from outbox.counts import hour_of
from smsbridge.models import CollectorCount


def add(gateway: str, met: Mapping[CollectorCount.What, int]) -> None:
    """Add to the sums of this hour, in the transaction of what is counted."""
    for what, number in met.items():
        if number:
            row, _ = CollectorCount.objects.get_or_create(
                hour=hour_of(timezone.now()), gateway=gateway, what=what
            )
            CollectorCount.objects.filter(pk=row.pk).update(count=F("count") + number)

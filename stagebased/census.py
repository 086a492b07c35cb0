"""How many people are at each stage of each set, counted now and then.

The count reads every running subscription, so it is made by the clock and
kept as a few rows; pages read those, and say how old they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max

from stagebased.models import StageCount, Subscription

#: A count that is younger is not made anew: two clocks give the same as one.
EVERY = timedelta(minutes=4)


def take(*, now: datetime) -> bool:
    """Count anew unless that was done a moment ago; whether it was."""
    latest = StageCount.objects.aggregate(at=Max("counted_at"))["at"]
    if latest is not None and now - latest < EVERY:
        return False
    running = Subscription.objects.filter(active=True, completed=False)
    found = running.order_by().values_list("messageset", "next_sequence_number").annotate(Count("pk"))
    rows = [
        StageCount(messageset_id=messageset, position=position, count=count, counted_at=now)
        for messageset, position, count in found
    ]
    with transaction.atomic():
        StageCount.objects.all().delete()
        StageCount.objects.bulk_create(rows, ignore_conflicts=True)
    return True

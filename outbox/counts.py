"""How many deliveries there are: totals from hourly counts, and the queue's depth.

Nothing here counts deliveries one by one except those still waiting, which
are found in small partial indexes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Min, Sum

from outbox.models import Delivery, DeliveryCount, Gateway


class Entry(NamedTuple):
    """What is counted together: deliveries of one channel and gateway that entered a state for one reason."""

    state: str
    channel: str
    gateway: str
    reason: str = ""


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def add(entered: Mapping[Entry, int], *, at: datetime) -> None:
    """Record that so many deliveries entered a state. One statement; call it in their transaction."""
    DeliveryCount.objects.bulk_create(
        DeliveryCount(hour=hour_of(at), count=count, **entry._asdict()) for entry, count in entered.items()
    )


def totals(*, since: datetime | None = None, until: datetime | None = None) -> dict[Entry, int]:
    """How many deliveries entered each state, in the hours from ``since`` to before ``until``."""
    rows = DeliveryCount.objects.all()
    if since is not None:
        rows = rows.filter(hour__gte=hour_of(since))
    if until is not None:
        rows = rows.filter(hour__lt=until)
    summed = rows.values_list("state", "channel", "gateway", "reason").annotate(total=Sum("count"))
    return {Entry(*key): total for *key, total in summed.order_by()}


class Depth(NamedTuple):
    """What waits for a gateway. ``waiting`` counts no further than ``COUNT_MOST``."""

    gateway: str
    waiting: int
    #: When the longest due one became due; None when nothing is due.
    oldest_due: datetime | None


#: A queue deeper than this is deep; counting on would cost what it tells.
COUNT_MOST = 100_000


def depth(gateway: str, *, now: datetime) -> Depth:
    """How much waits for a gateway, and since when. Reads the index of waiting deliveries only."""
    waiting = Delivery.objects.filter(gateway=gateway, state=Delivery.State.QUEUED)
    # One look per priority, because the index is in that order; each finds the first entry.
    due = [
        waiting.filter(priority=priority, not_before__lte=now).aggregate(first=Min("not_before"))["first"]
        for priority in Delivery.Priority.values
    ]
    return Depth(
        gateway,
        waiting.order_by()[:COUNT_MOST].count(),
        min((first for first in due if first is not None), default=None),
    )


def depths(*, now: datetime) -> list[Depth]:
    """``depth`` of every gateway of which there is a record."""
    return [depth(name, now=now) for name in Gateway.objects.order_by("name").values_list("name", flat=True)]


#: Hours whose counts may still be added to; older ones have been added up.
SQUASH_HOURS = 48


def squash(*, now: datetime) -> int:
    """Add up the many small rows of an hour; how many rows that saved.

    Rows that another sweep is adding up are left to it.
    """
    with transaction.atomic():
        rows = list(
            DeliveryCount.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            )
            .filter(hour__gte=hour_of(now) - timedelta(hours=SQUASH_HOURS))
            .order_by("pk")[:20_000]
        )
        summed, several = _sums(rows)
        DeliveryCount.objects.filter(pk__in=several).delete()
        DeliveryCount.objects.bulk_create(
            DeliveryCount(hour=hour, count=count, **entry._asdict())
            for (hour, entry), count in summed.items()
        )
    return len(several) - len(summed)


def _sums(rows: Iterable[DeliveryCount]) -> tuple[dict[tuple[datetime, Entry], int], list[int]]:
    """The sums of what is in more than one row, and those rows' ids."""
    grouped: dict[tuple[datetime, Entry], list[DeliveryCount]] = defaultdict(list)
    for row in rows:
        grouped[row.hour, Entry(row.state, row.channel, row.gateway, row.reason)].append(row)
    several = {key: found for key, found in grouped.items() if len(found) > 1}
    sums = {key: sum(row.count for row in found) for key, found in several.items()}
    return sums, [row.pk for found in several.values() for row in found]

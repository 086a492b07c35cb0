"""When a broadcast's messages may go out, by each person's own clock."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from broadcasts.models import SOURCE, Broadcast, Recipient
from outbox.hours import next_allowed, next_closing, zone_named
from outbox.models import Delivery

#: Deliveries opened again in one transaction.
BATCH = 1000
#: In these states what waits may go out.
_ON_ITS_WAY = (Broadcast.State.SENDING, Broadcast.State.DONE)


class Window(NamedTuple):
    """From when, and until quiet hours begin again."""

    opens: datetime
    closes: datetime | None


def window(broadcast: Broadcast, timezone: str, now: datetime) -> Window:
    zone = zone_named(timezone or broadcast.timezone) or ZoneInfo("UTC")
    limits = zone, broadcast.not_before, broadcast.not_after
    opens = next_allowed(now, *limits)
    return Window(opens, next_closing(opens, *limits))


def reopen(now: datetime) -> int:
    """Give messages whose hours were over, or that a pause held, their next hours; how many."""
    opened = 0
    while count := _batch(now):
        opened += count
        if count < BATCH:
            break
    return opened


@transaction.atomic
def _batch(now: datetime) -> int:
    held = Delivery.objects.filter(
        source=SOURCE,
        state=Delivery.State.QUEUED,
        closes_at__lte=now,
        cause__in=Broadcast.objects.filter(state__in=_ON_ITS_WAY).values("pk"),
    )
    locked = held.select_for_update(skip_locked=True, of=("self",)).order_by("closes_at")
    rows = list(locked.values_list("pk", "cause", "slot_key")[:BATCH])
    broadcasts = Broadcast.objects.in_bulk({cause for _, cause, _ in rows})
    # A repeat's key has a mark behind the recipient's id.
    recipients = {key: int(slot_key.partition("~")[0]) for key, _, slot_key in rows}
    zones = dict(Recipient.objects.filter(pk__in=recipients.values()).values_list("pk", "timezone"))
    by_window: dict[Window, list[UUID]] = defaultdict(list)
    for key, cause, _ in rows:
        by_window[window(broadcasts[cause], zones.get(recipients[key], ""), now)].append(key)
    for (opens, closes), keys in by_window.items():
        Delivery.objects.filter(pk__in=keys).update(not_before=opens, closes_at=closes)
    return len(rows)

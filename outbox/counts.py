"""How many deliveries there are: totals from hourly counts, and the queue's depth.

Nothing here counts deliveries one by one except those still waiting, which
are found in small partial indexes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from outbox.models import DeliveryCount


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

"""How many more deliveries a gateway may be given within its rate.

The rate is kept exactly however many workers there are: in any 60 seconds no
more than ``rate_per_minute`` are handed over. What was handed over in the last
minute stands on the gateway's row, which the hand-over locks; only gateways
with a rate pay for that.
"""

from __future__ import annotations

from datetime import datetime

from outbox.models import Gateway

WINDOW = 60.0


def left(gateway: Gateway, *, now: datetime) -> int | None:
    """How many may be handed over at ``now``; None without a rate. A guess unless the row is locked."""
    if gateway.rate_per_minute is None:
        return None
    used = sum(count for _, count in _within(gateway, now.timestamp()))
    return max(0, gateway.rate_per_minute - used)


def left_locked(gateway: Gateway, *, now: datetime) -> int | None:
    """As ``left``, having locked the gateway's row until the transaction ends."""
    if gateway.rate_per_minute is None:
        return None
    locked = Gateway.objects.select_for_update().get(pk=gateway.pk)
    gateway.recent, gateway.rate_per_minute = locked.recent, locked.rate_per_minute
    return left(gateway, now=now)


def use(gateway: Gateway, count: int, *, now: datetime) -> None:
    """Remember that so many were handed over; the row is locked by ``left_locked``."""
    if gateway.rate_per_minute is None or not count:
        return
    moment = now.timestamp()
    gateway.recent = [*_within(gateway, moment), [moment, count]]
    Gateway.objects.filter(pk=gateway.pk).update(recent=gateway.recent)


def _within(gateway: Gateway, moment: float) -> list[list]:
    return [entry for entry in gateway.recent if entry[0] > moment - WINDOW]

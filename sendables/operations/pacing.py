"""Sending limits per person, exact under concurrency and the same on every path that sends.

A limit of N per period is a purse that holds N and refills evenly. Instead of
the purse's content, one moment is kept: until when what was spent is paid
for. That moment may lie at most one period ahead of now (generic cell rate
algorithm, ITU-T I.371).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity
from sendables.entities.rates import Rate
from sendables.models import Pace
from sendables.operations.errors import TooFast


def rate_of(setting: Any, user: User) -> Rate | None:
    """The limit that a SEND_RATE or RECIPIENT_RATE sets for the user."""
    text = setting(user) if callable(setting) else setting
    return Rate.parse(text) if text else None


def spend(kind: Entity, user: User | None, limit: str, amount: int) -> None:
    """Take ``amount`` from the user's purse of ``limit`` ("SEND_RATE", "RECIPIENT_RATE"); raises TooFast.

    Must run in the transaction of the send, which gives it back by rolling
    back. Administrators have no limit.
    """
    if user is None or user.is_staff:
        return
    rate = rate_of(getattr(kind.settings, limit), user)
    if rate is not None:
        _spend(user, f"{kind.name} {limit}", rate, amount, timezone.now())


def _spend(user: User, name: str, rate: Rate, amount: int, now: datetime) -> None:
    if amount > rate.most:
        raise TooFast(wait=None)
    pace, _ = Pace.objects.select_for_update().get_or_create(
        user=user, kind=name, defaults={"paid_until": now}
    )
    paid_until = max(pace.paid_until, now) + rate.period * amount / rate.most
    ahead = paid_until - now - rate.period
    if ahead > timedelta(0):
        raise TooFast(wait=ahead.total_seconds())
    pace.paid_until = paid_until
    pace.save(update_fields=["paid_until"])

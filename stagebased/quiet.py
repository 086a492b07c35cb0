"""Lets messages that quiet hours kept back go out when the next morning comes.

A delivery carries the time at which its hours end (``closes_at``). From then on
the dispatcher passes over it; here its next hours are worked out.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from stagebased.calendar import zone_named
from stagebased.planner import sql
from stagebased.planner.batch import Shelf, Window, window
from stagebased.planner.sql import Held


def reopen(now: datetime) -> int:
    """Give every waiting message whose hours are over its next ones; how many. Two statements a batch."""
    opened, shelf = 0, Shelf()
    while count := _batch(now, shelf):
        opened += count
    return opened


@transaction.atomic
def _batch(now: datetime, shelf: Shelf) -> int:
    held = sql.held(now, settings.PLANNER_BATCH)
    shelf.fetch({one.messageset_id for one in held})
    windows: dict[tuple[object, ...], Window] = {}
    times = []
    for one in held:
        if one[1:] not in windows:
            windows[one[1:]] = window(shelf[one.messageset_id], now, _zone(one))
        opens, closes, _ = windows[one[1:]].texts()
        times.append((one.key, opens, closes))
    if times:
        sql.reopen(times)
    return len(times)


def _zone(held: Held) -> ZoneInfo:
    names = (held.timezone, held.schedule_timezone)
    return next((zone for name in names if name and (zone := zone_named(name))), ZoneInfo("UTC"))

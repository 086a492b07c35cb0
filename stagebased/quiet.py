"""Lets messages that quiet hours kept back go out when the next morning comes.

A delivery carries the time at which its hours end (``closes_at``). From then on
the dispatcher passes over it; here its next hours are worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from outbox import sets
from outbox.hours import zone_named
from stagebased.planner.batch import Shelf, Window, window


class Held(NamedTuple):
    """A waiting delivery whose quiet hours have begun, and whose they are."""

    key: str
    messageset_id: int
    timezone: str
    schedule_timezone: str


_HELD = """
SELECT CAST(d.id AS text), s.messageset_id, c.timezone, p.timezone
  FROM outbox_delivery d
  JOIN stagebased_subscription s ON s.id = d.cause
  JOIN contacts_contact c ON c.id = s.contact_id
  JOIN stagebased_schedule p ON p.id = s.schedule_id
 WHERE d.state = 'queued' AND d.closes_at <= %s
 ORDER BY d.closes_at LIMIT %s {lock}
"""
_REOPEN = """
UPDATE outbox_delivery SET not_before = given.opens, closes_at = given.closes
  FROM {given} AS given
 WHERE outbox_delivery.id = given.k
RETURNING 1
"""


def reopen(now: datetime) -> int:
    """Give every waiting message whose hours are over its next ones; how many. Two statements a batch."""
    opened, shelf = 0, Shelf()
    while count := _batch(now, shelf):
        opened += count
    return opened


@transaction.atomic
def _batch(now: datetime, shelf: Shelf) -> int:
    held = _held(now, settings.PLANNER_BATCH)
    shelf.fetch({one.messageset_id for one in held})
    windows: dict[tuple[object, ...], Window] = {}
    times = []
    for one in held:
        if one[1:] not in windows:
            windows[one[1:]] = window(shelf[one.messageset_id], now, _zone(one))
        opens, closes, _ = windows[one[1:]].texts()
        times.append((one.key, opens, closes))
    if times:
        _reopen(times)
    return len(times)


def _zone(held: Held) -> ZoneInfo:
    names = (held.timezone, held.schedule_timezone)
    return next((zone for name in names if name and (zone := zone_named(name))), ZoneInfo("UTC"))


def _held(now: datetime, limit: int) -> list[Held]:
    """Deliveries of programmes that wait because of quiet hours, locked."""
    lock = "FOR UPDATE OF d SKIP LOCKED" if sets.on_postgresql() else ""
    return [Held._make(row) for row in sets.fetch(_HELD.format(lock=lock), [sets.time_value(now), limit])]


def _reopen(times: Sequence[tuple[str, str, str | None]]) -> None:
    """Let deliveries go out from one moment to another: key, and both as texts (``outbox.sets``)."""
    given = sets.records(times, k="uuid", opens="timestamptz", closes="timestamptz")
    sets.fetch(_REOPEN.format(given=given.sql), given.params)

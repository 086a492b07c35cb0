"""Where somebody belongs whose position follows a date: a due date, a birth.

A set says how many days after the date (before: negative) it begins. Its first
message is that of the first slot after that day begins, the second that of the
next slot, and so on through the sets that follow. So whoever joins, and
whenever, hears each message at the same slot as everybody with the same date.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from stagebased.calendar import zone_named
from stagebased.models import Schedule
from stagebased.simulation import Path, Send, walk
from stagebased.slots import own_zone
from stagebased.steps import Start, pass_by

_INSTANT = timedelta(microseconds=1)


def beginning(anchor: date, starts_after: int, schedule: Schedule, zone: str) -> datetime:
    """When the day begins that is so many days after the date."""
    theirs = (zone_named(zone) if zone and schedule.in_contact_timezone else None) or own_zone(schedule)
    return datetime.combine(anchor + timedelta(days=starts_after), time(), theirs).astimezone(UTC)


def slots_of(path: Path, begins: datetime, schedule_id: int, zone: str) -> list[Send]:
    """All slots of the chain from its beginning, whether or not they are over, each with its position."""
    start = Start(path.chain[0], schedule_id, 1)
    # A slot at the very beginning of the day belongs to it.
    return list(walk(path, start, begins - _INSTANT, zone, pass_by))


def stage_at(path: Path, sends: list[Send], schedule_id: int, now: datetime) -> Start | None:
    """Where the next message is for somebody who has been there since the beginning; None: all are over."""
    first = path.programmes[path.chain[0]]
    at: Start | None = Start(first.id, schedule_id, first.at_or_after(1) or 1)
    for send in sends:
        if send.due_at > now or at is None:
            break
        at = send.step.follow_up if send.step.completes else at._replace(position=send.step.position)
    return at


def due_at(sends: list[Send], at: Start) -> datetime | None:
    """When the message at that place is due; None: not in this chain."""
    return next(
        (
            send.due_at
            for send in sends
            if send.programme.id == at.messageset_id and send.position >= at.position
        ),
        None,
    )

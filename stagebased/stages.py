"""Where somebody belongs whose position follows a date: a due date, a birth.

A set says how many days after the date (before: negative) it begins. Its first
message is that of the first slot after that day begins, the second that of the
next slot, and so on through the sets that follow. So whoever joins, and
whenever, hears each message at the same slot as everybody with the same date.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from outbox.hours import zone_named
from stagebased.models import MessageSet, Schedule
from stagebased.simulation import Path, Send, greeted, load, walk
from stagebased.slots import own_zone
from stagebased.steps import QUEUED, Programme, Start, Step, let_go, pass_by, step

_INSTANT = timedelta(microseconds=1)
#: How far from a date a set may begin.
MOST_DAYS = 100 * 366


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


def simulate_dated(
    messageset: MessageSet,
    anchor: date,
    start: datetime,
    lang: str,
    zone: str = "",
    *,
    schedule: Schedule | None = None,
    left_out: Collection[tuple[int, int]] = (),
    welcome: bool = False,
    drafts: bool = False,
) -> list[Send]:
    """What somebody with that date gets who joins at ``start``; nothing where all is over by then.

    As ``simulation.simulate``, for a set that says when it begins
    (``starts_after``). What cannot be sent does not end the list: for who
    follows a date the number is over even so.
    """
    schedule = schedule or messageset.default_schedule
    loaded = load(messageset.pk, schedule.pk, greetings=welcome, drafts=drafts, reader=lang)
    path = loaded.without(left_out)
    path.schedules[schedule.pk] = schedule
    begins = beginning(anchor, messageset.starts_after or 0, schedule, zone)
    slots = slots_of(path, begins, schedule.pk, zone)
    at = stage_at(path, slots, schedule.pk, start)
    if at is None:
        return []
    due = due_at(slots, at)
    since = max(start, due - _INSTANT) if due else start

    def rule(programme: Programme, position: int) -> Step:
        found = step(programme, position, lang)
        return found if found.state == QUEUED else let_go(programme, found, position)

    return [*greeted(path, at, start, lang, zone), *walk(path, at, since, zone, rule)]

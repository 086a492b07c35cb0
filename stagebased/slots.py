"""Finds the slots that have come due and records each once.

A schedule remembers up to which minute its slots have been looked for
(``planned_until``). Whoever looks next records what is due since then, in one
transaction that moves that minute on; several may do it at once, because a
slot is unique. Of several that have been missed only the latest is caught up,
and only within the grace; the others are kept as *missed*, so that nobody gets
a whole day's messages at once, or one in the middle of the night.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef

from outbox.hours import zone_named
from stagebased.calendar import BadCronField, Cron, latest_slot, parse_cron, slots_between
from stagebased.models import DueSlot, MessageSet, Schedule, Subscription

log = logging.getLogger(__name__)
State = DueSlot.State
#: After a longer standstill the slots before this time are not even recorded as missed.
LONGEST_RECORD = timedelta(days=7)

# A loose index scan: one look into the index for each zone, however many people live there.
_ZONES_IN_USE = """
WITH RECURSIVE used(name) AS (
    SELECT MIN(timezone) FROM contacts_contact WHERE NOT timezone = ''
    UNION ALL
    SELECT (SELECT MIN(timezone) FROM contacts_contact WHERE timezone > used.name AND NOT timezone = '')
      FROM used WHERE used.name IS NOT NULL
)
SELECT name FROM used WHERE name IS NOT NULL
"""


def record_due_slots(now: datetime) -> int:
    """Record every slot that has come due by ``now`` and was not recorded yet; how many were found.

    A fixed number of statements, however many schedules there are (and one
    more per 1000 new slots).
    """
    with transaction.atomic():
        schedules = list(Schedule.objects.filter(planned_until__lt=now))
        zones = zones_in_use() if any(schedule.in_contact_timezone for schedule in schedules) else []
        grace = longest_grace()
        found = [slot for schedule in schedules for slot in _due(schedule, zones, now, grace)]
        if found:
            patient = _catching_up_all(found)
            _take_turns(found, patient, now)
            DueSlot.objects.bulk_create(found, ignore_conflicts=True, batch_size=1000)
            _give_way(patient, now)
        # Never back: another worker with a later clock may have been here meanwhile.
        looked_at = Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules])
        looked_at.filter(planned_until__lt=now).update(planned_until=now)
    return len(found)


def zones_in_use() -> list[str]:
    """The time zones that people live in, as far as known."""
    with connection.cursor() as cursor:
        cursor.execute(_ZONES_IN_USE)
        return [name for (name,) in cursor.fetchall()]


def own_zone(schedule: Schedule) -> ZoneInfo:
    """The schedule's zone; UTC, with a warning, where this machine does not know it."""
    zone = zone_named(schedule.timezone)
    if zone is None:
        log.warning("schedule %s: unknown time zone %r, taken as UTC", schedule.pk, schedule.timezone)
    return zone or ZoneInfo("UTC")


def cron_of(schedule: Schedule) -> Cron:
    """Raises BadCronField."""
    return parse_cron(
        minute=schedule.minute,
        hour=schedule.hour,
        day_of_month=schedule.day_of_month,
        month_of_year=schedule.month_of_year,
        day_of_week=schedule.day_of_week,
    )


def readings(schedule: Schedule, zones: Iterable[str]) -> Iterator[tuple[str, ZoneInfo]]:
    """In which zones the schedule is read: the name its slots carry, and the zone.

    One that is read in its own zone has a single reading, named "". One that
    is read in people's zones has its own zone for those whose zone is not
    known; a zone name that means nothing is read as its own.
    """
    own = own_zone(schedule)
    if not schedule.in_contact_timezone:
        yield "", own
        return
    for name in sorted({schedule.timezone, *zones}):
        yield name, zone_named(name) or own


def latest_due(schedule: Schedule, now: datetime) -> list[tuple[str, datetime]]:
    """For each reading of the schedule, its last slot not later than ``now``. Raises BadCronField."""
    cron = cron_of(schedule)
    zones = zones_in_use() if schedule.in_contact_timezone else []
    found = [(name, latest_slot(cron, zone, now)) for name, zone in readings(schedule, zones)]
    return [(name, due_at) for name, due_at in found if due_at is not None]


def _due(schedule: Schedule, zones: list[str], now: datetime, grace: timedelta) -> Iterator[DueSlot]:
    try:
        cron = cron_of(schedule)
    except BadCronField as error:
        # Checked when it was saved; one that came in another way must not hold up the others.
        log.error("schedule %s is passed over: %s: %s", schedule.pk, error.field, error.message)
        return
    since = max(schedule.planned_until, now - max(grace, LONGEST_RECORD))
    for name, zone in readings(schedule, zones):
        for due_at in slots_between(cron, zone, since, now):
            state = State.PLANNING if due_at >= now - grace else State.MISSED
            yield DueSlot(schedule=schedule, timezone=name, due_at=due_at, state=state)


def longest_grace() -> timedelta:
    """The longest grace of the installation and its sets; sets with a shorter one see to it themselves."""
    usual = timedelta(minutes=settings.PLANNER_GRACE_MINUTES)
    return max(usual, MessageSet.objects.aggregate(longest=Max("grace"))["longest"] or usual)


def spaced_sets() -> list[int]:
    """The sets that catch up a message for each slot missed."""
    return list(MessageSet.objects.filter(catch_up=MessageSet.CatchUp.SPACED).values_list("pk", flat=True))


def _catching_up_all(found: list[DueSlot]) -> set[int]:
    """Of the schedules of these slots, those with somebody on a set that catches up all."""
    spaced = spaced_sets()
    if not spaced:
        return set()
    running = Subscription.objects.filter(
        schedule=OuterRef("pk"), messageset__in=spaced, active=True, completed=False, process_status=0
    )
    schedules = Schedule.objects.filter(Exists(running), pk__in={slot.schedule_id for slot in found})
    return set(schedules.values_list("pk", flat=True))


def _take_turns(found: list[DueSlot], patient: set[int], now: datetime) -> None:
    """Of a schedule's slots within the grace only the last stays open, unless somebody catches up all."""
    by_reading: dict[tuple[int, str], list[DueSlot]] = defaultdict(list)
    for slot in found:
        if slot.state == State.PLANNING:
            by_reading[slot.schedule_id, slot.timezone].append(slot)
    for (schedule_id, _), waiting in by_reading.items():
        for turn, slot in enumerate(waiting[:-1]):
            slot.turn, slot.superseded = turn, True
            if schedule_id not in patient:
                slot.state = State.MISSED
        waiting[-1].turn = len(waiting) - 1
    for slot in found:
        slot.finished_at = now if slot.state == State.MISSED else None


def _give_way(patient: set[int], now: datetime) -> None:
    """One message at a time: of the open slots of a kind only the newest is worked off for everybody."""
    open_slots = DueSlot.objects.filter(state=State.PLANNING)
    newer = open_slots.filter(
        schedule=OuterRef("schedule"), timezone=OuterRef("timezone"), due_at__gt=OuterRef("due_at")
    )
    older = open_slots.filter(Exists(newer), superseded=False)
    older.filter(schedule__in=patient).update(superseded=True)
    older.exclude(schedule__in=patient).update(state=State.MISSED, finished_at=now)

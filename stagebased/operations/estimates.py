"""How many people of each set are due on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from stagebased.calendar import BadCronField, slots_between
from stagebased.models import Schedule, SendEstimate, Subscription
from stagebased.slots import cron_of, readings, zones_in_use

_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)


@transaction.atomic
def estimate(*, now: datetime) -> int:
    """Store for each set how many subscriptions and people are due on this day (UTC); for how many sets.

    Cron fields are read as the planner reads them, ranges and names included,
    in each person's zone where the schedule says so. Done again on the same
    day it replaces what was stored.
    """
    today = now.astimezone(UTC).date()
    due = _due(today)
    counts = due.order_by().values_list("messageset").annotate(Count("pk"), Count("contact", distinct=True))
    rows = [
        SendEstimate(date=today, messageset_id=key, subscriptions=number, identities=people, computed_at=now)
        for key, number, people in counts
    ]
    known = SendEstimate.objects.filter(date=today)
    known.exclude(messageset__in=[row.messageset_id for row in rows]).delete()
    SendEstimate.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["date", "messageset"],
        update_fields=["subscriptions", "identities", "computed_at"],
    )
    return len(rows)


def _due(day: date) -> QuerySet[Subscription]:
    """Those that are ready and have a slot on that day which is not dealt with beforehand."""
    begins = datetime.combine(day, time(), UTC)
    ready = Subscription.objects.filter(active=True, completed=False, process_status=0)
    used = Schedule.objects.filter(pk__in=ready.order_by().values("schedule"))
    ready = ready.exclude(last_slot_at__gte=begins + _DAY - _INSTANT)
    plain: list[int] = []
    zoned = Q(pk__in=[])
    for schedule in used:
        names = list(_readings_due(schedule, begins))
        if schedule.in_contact_timezone:
            zoned |= Q(schedule=schedule.pk, zone__in=names)
        elif names:
            plain.append(schedule.pk)
    if not zoned.children:
        return ready.filter(schedule__in=plain)
    zone = Coalesce(NullIf("contact__timezone", Value("")), F("schedule__timezone"))
    return ready.annotate(zone=zone).filter(Q(schedule__in=plain) | zoned)


def _readings_due(schedule: Schedule, begins: datetime) -> Iterator[str]:
    try:
        cron = cron_of(schedule)
    except BadCronField:
        return
    zones = zones_in_use() if schedule.in_contact_timezone else []
    for name, zone in readings(schedule, zones):
        if slots_between(cron, zone, begins - _INSTANT, begins + _DAY - _INSTANT):
            yield name

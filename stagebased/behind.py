"""Who is behind: fewer messages than slots since the subscription began.

One pass of SQL over the running subscriptions of each set, schedule and time
zone. Slots are counted by the
schedule that a subscription runs on now, through the sets that follow, since it
was made, or since a pause, a move or a corrected date let the count begin anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Min

from outbox import sets
from outbox.sets import Fragment
from stagebased import programmes
from stagebased.calendar import BadCronField, slots_between
from stagebased.models import MessageSet, Schedule, Subscription
from stagebased.planner.sql import READY
from stagebased.slots import cron_of, readings, zones_in_use

#: A slot this young may still be under way: it is not held against anybody.
UNDER_WAY = timedelta(minutes=10)


class Place(NamedTuple):
    messageset_id: int
    sequence_number: int


class Behind(NamedTuple):
    """A subscription that is behind by so many messages, where it is and where it should be.

    ``expected`` is the next message; at the end of all sets, their last one.
    """

    subscription_id: UUID
    messages: int
    current: Place
    expected: Place


_BEHIND = """
SELECT reached.id, reached.messageset_id, reached.next_sequence_number, reached.at - reached.done AS messages,
       place.messageset, place.number
  FROM (SELECT counted.*, CASE WHEN skipped + runs > {length} THEN {length} ELSE skipped + runs END AS at
          FROM (
        SELECT s.id, s.messageset_id, s.next_sequence_number,
               {total} - {slots} AS runs, {first} AS skipped, {next} AS done
          FROM stagebased_subscription s
         WHERE s.messageset_id = %s AND s.schedule_id = %s AND {ready} AND s.created_at < %s{zones}
       ) AS counted) AS reached
  JOIN {places} AS place ON place.n = CASE WHEN reached.at = {length} THEN {length} - 1 ELSE reached.at END
 WHERE reached.at > reached.done
"""
_READ = """
SELECT CAST(id AS text), messageset_id, next_sequence_number, messages, messageset, number FROM ({}) AS found
"""
_NOT_ABOVE = "(SELECT COUNT(*) FROM json_each(%s) WHERE value <= {expression})"
_ZONES = " AND (SELECT c.timezone FROM contacts_contact c WHERE c.id = s.contact_id) IN (%s, %s)"


def find(now: datetime) -> Iterator[Behind]:
    """All running subscriptions that are behind at ``now``."""
    for part in statements(now):
        for key, messageset, number, messages, *expected in sets.fetch(_READ.format(part.sql), part.params):
            yield Behind(UUID(key), messages, Place(messageset, number), Place(*expected))


def statements(now: datetime) -> Iterator[Fragment]:
    """A query for each set, schedule and zone with somebody on it, of those who are behind.

    Its columns: the subscription's id, the set and the number where it is, how many
    messages it is behind, the set and the number where it should be.
    """
    until, zones = now - UNDER_WAY, zones_in_use()
    running = Subscription.objects.filter(active=True, completed=False, process_status=0)
    used = list(running.order_by().values_list("messageset", "schedule").annotate(Min("created_at")))
    schedules = Schedule.objects.in_bulk({schedule for _, schedule, _ in used})
    places = _places({messageset for messageset, _, _ in used})
    for messageset, schedule, since in used:
        for name, slots in _slots(schedules[schedule], zones, since, until):
            if part := _of(messageset, schedules[schedule], name, slots, places[messageset], until):
                yield part


def _places(set_ids: set[int]) -> dict[int, list[Place]]:
    """For each set all its messages and those of the sets that follow, in their order."""
    following = dict(MessageSet.objects.values_list("pk", "next_set"))
    loaded = programmes.load(following.keys())
    found: dict[int, list[Place]] = {}
    for start in set_ids:
        chain: list[int] = []
        key: int | None = start
        while key is not None and key not in chain:
            chain.append(key)
            key = following[key]
        found[start] = [Place(one, number) for one in chain for number in loaded[one].numbers]
    return found


def _slots(
    schedule: Schedule, zones: Sequence[str], since: datetime, until: datetime
) -> Iterator[tuple[str, list[datetime]]]:
    try:
        cron = cron_of(schedule)
    except BadCronField:
        return
    for name, zone in readings(schedule, zones):
        if found := slots_between(cron, zone, since, until):
            yield name, found


def _of(
    messageset: int,
    schedule: Schedule,
    zone: str,
    slots: list[datetime],
    places: list[Place],
    until: datetime,
) -> Fragment | None:
    numbers = [place.sequence_number for place in places if place.messageset_id == messageset]
    if not numbers:
        return None
    moments, own = _List([sets.time_text(slot) for slot in slots], "timestamptz"), _List(numbers, "int")
    table = sets.records(
        [(n, *place) for n, place in enumerate(places)], n="int", messageset="bigint", number="int"
    )
    statement = _BEHIND.format(
        total=len(slots),
        slots=moments.not_above("COALESCE(s.counted_from, s.created_at)"),
        first=own.not_above("COALESCE(s.counted_position, s.initial_sequence_number) - 1"),
        next=own.not_above("s.next_sequence_number - 1"),
        ready=READY,
        length=len(places),
        places=table.sql,
        zones=_ZONES if zone else "",
    )
    params: list[Any] = [moments.param, own.param, own.param, messageset, schedule.pk, sets.time_value(until)]
    if zone:
        params += [zone, "" if zone == schedule.timezone else zone]
    return Fragment(statement, (*params, *table.params))


class _List:
    """An ordered list as one parameter, asked how many of its values are not above another."""

    def __init__(self, values: Sequence[Any], kind: str) -> None:
        self._kind = kind
        self.param = "{" + ",".join(f'"{value}"' for value in values) + "}"
        if not sets.on_postgresql():
            self.param = json.dumps(list(values))

    def not_above(self, expression: str) -> str:
        if sets.on_postgresql():
            return f"width_bucket({expression}, %s::{self._kind}[])"
        return _NOT_ABOVE.format(expression=expression)

"""What somebody gets and when, worked out by the planner's own rules, without writing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from stagebased import programmes
from stagebased.calendar import next_allowed, slots, zone_named
from stagebased.models import MessageSet, Schedule
from stagebased.slots import cron_of, own_zone
from stagebased.steps import QUEUED, Programme, Start, Step, step

#: Nothing is foretold beyond this many slots, or this time: a circle of sets never ends.
MOST = 5000
LONGEST = timedelta(days=3660)


@dataclass(frozen=True)
class Send:
    """One slot of the simulated subscription.

    ``goes_out`` is the slot, or later when it falls into the set's quiet hours.
    A ``step`` that is not *queued* says why nothing is sent.
    """

    due_at: datetime
    goes_out: datetime
    programme: Programme
    position: int
    step: Step


@dataclass(frozen=True)
class Path:
    """A chain of sets with their content and the schedules it may run on."""

    #: The sets' ids in their order.
    chain: list[int]
    programmes: dict[int, Programme]
    schedules: dict[int, Schedule]


def load(messageset_id: int, schedule_id: int | None = None) -> Path:
    """The set, all that follow it, and their schedules. Raises MessageSet.DoesNotExist."""
    following = dict(MessageSet.objects.values_list("pk", "next_set"))
    if messageset_id not in following:
        raise MessageSet.DoesNotExist
    chain: list[int] = []
    key: int | None = messageset_id
    while key is not None and key not in chain:
        chain.append(key)
        key = following[key]
    defaults = dict(MessageSet.objects.filter(pk__in=chain).values_list("pk", "default_schedule"))
    wanted = {*defaults.values(), schedule_id or defaults[messageset_id]}
    return Path(chain, programmes.load(chain), Schedule.objects.in_bulk(wanted))


#: What a slot brings somebody at a position of a set.
Rule = Callable[[Programme, int], Step]


def simulate(
    messageset: MessageSet,
    start: datetime,
    lang: str,
    zone: str = "",
    *,
    schedule: Schedule | None = None,
    position: int = 1,
) -> list[Send]:
    """What somebody who joins at ``start`` gets, to the end of the chain of sets.

    ``zone`` is the person's, empty where it is not known; ``position`` is where
    they begin. A message that cannot be sent ends the list, because the person
    stays there until somebody mends it.
    """
    schedule = schedule or messageset.default_schedule
    path = load(messageset.pk, schedule.pk)
    path.schedules[schedule.pk] = schedule
    begin = Start(messageset.pk, schedule.pk, position)
    return list(_until_stuck(walk(path, begin, start, zone, lambda programme, at: step(programme, at, lang))))


def _until_stuck(sends: Iterable[Send]) -> Iterator[Send]:
    for send in sends:
        yield send
        if send.step.state != QUEUED and not send.step.completes:
            return


def walk(path: Path, begin: Start, start: datetime, zone: str, rule: Rule) -> Iterator[Send]:
    """Each slot after ``start`` and what it brings, through all sets of the chain."""
    stages = _stages(path, begin, start, zone, rule)
    return islice(takewhile(lambda send: send.due_at <= start + LONGEST, stages), MOST)


def _stages(path: Path, at: Start | None, begun: datetime, zone: str, rule: Rule) -> Iterator[Send]:
    while at is not None:
        last = None
        for last in _stage(path, at, begun, zone, rule):
            yield last
        if last is None:
            return
        at, begun = last.step.follow_up, last.due_at


def _stage(path: Path, at: Start, begun: datetime, zone: str, rule: Rule) -> Iterator[Send]:
    """One set, from its first slot to the one that completes it."""
    programme, schedule = path.programmes[at.messageset_id], path.schedules[at.schedule_id]
    position = at.position
    for due_at in _slots(schedule, zone, begun):
        found = rule(programme, position)
        yield Send(due_at, _goes_out(programme, schedule, zone, due_at), programme, position, found)
        if found.completes:
            return
        position = found.position


def _slots(schedule: Schedule, zone: str, after: datetime) -> Iterator[datetime]:
    theirs = (zone_named(zone) if zone and schedule.in_contact_timezone else None) or own_zone(schedule)
    return slots(cron_of(schedule), theirs, after)


def _goes_out(programme: Programme, schedule: Schedule, zone: str, due_at: datetime) -> datetime:
    theirs: ZoneInfo = (zone_named(zone) if zone else None) or own_zone(schedule)
    return next_allowed(due_at, theirs, programme.not_before, programme.not_after)

"""What somebody gets and when, worked out by the planner's own rules, without writing anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from outbox.hours import next_allowed, zone_named
from stagebased import programmes
from stagebased.calendar import BadCronField, slots
from stagebased.models import MessageSet, Schedule
from stagebased.slots import cron_of, own_zone
from stagebased.steps import QUEUED, Programme, Start, Step, greeting, step

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
    #: Whether it is the welcome.
    greets: bool = False

    @property
    def number(self) -> int:
        """The number of the message, or of the place where one is missing; 0: the welcome."""
        return 0 if self.greets else self.step.number or self.position


@dataclass(frozen=True)
class Path:
    """A chain of sets with their content and the schedules it may run on."""

    #: The sets' ids in their order.
    chain: list[int]
    programmes: dict[int, Programme]
    schedules: dict[int, Schedule]

    def without(self, left_out: Collection[tuple[int, int]]) -> Path:
        """The same as if these messages, by set and number, did not exist."""
        if not left_out:
            return self
        kept = {
            key: _without(found, {n for of, n in left_out if of == key})
            for key, found in self.programmes.items()
        }
        return replace(self, programmes=kept)


def _without(programme: Programme, numbers: Collection[int]) -> Programme:
    messages = {number: found for number, found in programme.messages.items() if number not in numbers}
    return replace(programme, messages=messages)


def load(
    messageset_id: int,
    schedule_id: int | None = None,
    *,
    greetings: bool = False,
    drafts: bool = False,
    reader: str = "",
) -> Path:
    """The set, all that follow it, and their schedules. Raises MessageSet.DoesNotExist.

    With ``reader``, a language, only as much as concerns somebody who reads it.

    With what newcomers get, and as if drafts were published, where asked for. Sets
    in preparation are played as if they were active.
    """
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
    loaded = programmes.load(chain, greetings=greetings, drafts=drafts, reader=reader)
    played = {key: replace(found, active=True) for key, found in loaded.items()}
    return Path(chain, played, Schedule.objects.in_bulk(wanted))


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
    left_out: Collection[tuple[int, int]] = (),
    welcome: bool = False,
    drafts: bool = False,
) -> list[Send]:
    """What somebody who joins at ``start`` gets, to the end of the chain of sets.

    ``zone`` is the person's, empty where it is not known; ``position`` is where
    they begin; ``left_out`` are messages, by set and number, played as if they did
    not exist. With ``welcome`` the list begins with what they get at once; with
    ``drafts`` it is what they would get were all drafts published. A message
    that cannot be sent ends the list, because the person stays there until
    somebody mends it.
    """
    schedule = schedule or messageset.default_schedule
    loaded = load(messageset.pk, schedule.pk, greetings=welcome, drafts=drafts, reader=lang)
    path = loaded.without(left_out)
    path.schedules[schedule.pk] = schedule
    begin = Start(messageset.pk, schedule.pk, position)
    sends = walk(path, begin, start, zone, lambda programme, at: step(programme, at, lang))
    return [*greeted(path, begin, start, lang, zone), *_until_stuck(sends)]


def greeted(path: Path, begin: Start, start: datetime, lang: str, zone: str) -> Iterator[Send]:
    """What somebody gets at once who joins there, if the path knows a welcome."""
    programme, schedule = path.programmes[begin.messageset_id], path.schedules[begin.schedule_id]
    if programme.greetings:
        goes_out = _goes_out(programme, schedule, zone, start)
        found = greeting(programme, begin.position, lang)
        yield Send(start, goes_out, programme, begin.position, found, greets=True)


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


def next_sends(
    messageset: MessageSet, zone: str, after: datetime, count: int
) -> list[tuple[datetime, datetime]]:
    """The set's next slots for somebody in that zone, each with the moment at which its message goes out.

    Empty where its schedule means nothing or is never due.
    """
    schedule = messageset.default_schedule
    try:
        due = list(islice(_slots(schedule, zone, after), count))
    except BadCronField:
        return []
    return [(slot, _goes_out(messageset, schedule, zone, slot)) for slot in due]


def _slots(schedule: Schedule, zone: str, after: datetime) -> Iterator[datetime]:
    theirs = (zone_named(zone) if zone and schedule.in_contact_timezone else None) or own_zone(schedule)
    return slots(cron_of(schedule), theirs, after)


def _goes_out(programme: Programme | MessageSet, schedule: Schedule, zone: str, due_at: datetime) -> datetime:
    theirs: ZoneInfo = (zone_named(zone) if zone else None) or own_zone(schedule)
    return next_allowed(due_at, theirs, programme.not_before, programme.not_after)

"""Bringing subscriptions to where they should be, without sending anything."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from outbox.hours import zone_named
from stagebased import programmes, simulation
from stagebased.calendar import BadCronField, slots_between
from stagebased.errors import Refused
from stagebased.models import Change, Schedule, Subscription
from stagebased.operations.audit import Author, change
from stagebased.operations.dates import facts, realign
from stagebased.operations.moved import store_moved
from stagebased.operations.optouts import hold_unwanted
from stagebased.operations.rivals import holders, store_all
from stagebased.operations.waiting import cancel_waiting
from stagebased.operations.which import Which
from stagebased.simulation import Path
from stagebased.slots import cron_of, own_zone
from stagebased.steps import Programme, Start

#: Longest chain that somebody is moved through at once: a circle of sets never ends.
MOST_SETS = 200


class Station(NamedTuple):
    """Where somebody is in one of the sets of a chain, and the slot at which they ended there, if any."""

    messageset_id: int
    position: int
    ended_at: datetime | None = None
    follow_up: Start | None = None


class _Calendars:
    """Where subscriptions would be had each slot sent its message: counted, not walked.

    Slots and chains are worked out once for all that share them. The rule is
    ``steps.pass_by``: each slot goes to the next number, the last one ends the
    set, and the set that follows begins with the slot after it.
    """

    def __init__(self, since: datetime, now: datetime) -> None:
        self._since, self._now = since, now
        self._paths: dict[tuple[int, int], Path] = {}
        self._slots: dict[tuple[int, str], list[datetime]] = {}

    def path(self, subscription: Subscription) -> Path:
        key = subscription.messageset_id, subscription.schedule_id
        return self._paths.get(key) or self._paths.setdefault(key, simulation.load(*key))

    def stations(self, subscription: Subscription) -> Iterator[Station]:
        path = self.path(subscription)
        after: datetime | None
        after, position = subscription.counting
        at: Start | None = Start(subscription.messageset_id, subscription.schedule_id, position)
        for _ in range(MOST_SETS):
            if at is None or after is None:
                return
            programme = path.programmes[at.messageset_id]
            slots = self._of(path.schedules[at.schedule_id], subscription.contact.timezone)
            station = _station(programme, at, slots, bisect_right(slots, after))
            yield station
            at, after = station.follow_up, station.ended_at

    def _of(self, schedule: Schedule, zone: str) -> list[datetime]:
        key = schedule.pk, zone if schedule.in_contact_timezone else ""
        if key not in self._slots:
            theirs = (zone_named(key[1]) if key[1] else None) or own_zone(schedule)
            since = max(self._since, self._now - simulation.LONGEST)
            try:
                self._slots[key] = slots_between(cron_of(schedule), theirs, since, self._now)
            except BadCronField:
                self._slots[key] = []
        return self._slots[key]


def _station(programme: Programme, at: Start, slots: list[datetime], first: int) -> Station:
    """How far the slots from the first one on lead in a set."""
    numbers, had = programme.numbers, len(slots) - first
    index = bisect_left(numbers, at.position)
    needed = max(len(numbers) - index, 1)
    if not numbers or had < needed:
        position = numbers[index + had] if numbers and had and index + had < len(numbers) else at.position
        return Station(at.messageset_id, position)
    # The number of the last message stays on a completed subscription; past the end it stays as it is.
    position = numbers[-1] if index < len(numbers) else at.position
    return Station(at.messageset_id, position, slots[first + needed - 1], programme.follow_up)


@transaction.atomic
def fast_forward(*, which: Which, author: Author, now: datetime | None = None) -> list[Subscription]:
    """Move subscriptions to where they would be had every slot that counts sent its message.

    Nothing is sent and nobody is moved back. Where a set would have ended, the
    subscription is completed and the ones that follow it are made, each as of
    the slot at which the one before ended. Those that follow a date go where it
    is by now. Returns, for each that moved, the one that is running afterwards.
    """
    now, found = now or timezone.now(), which.locked()
    moves = _Moves(author, now, found)
    calendars = _Calendars(min((one.counting[0] for one in found), default=now), now)
    for subscription in found:
        if subscription.anchor_date is None:
            path = calendars.path(subscription)
            moves.follow(subscription, calendars.stations(subscription), path)
    moves.store()
    dated = [subscription.pk for subscription in found if subscription.anchor_date is not None]
    moved = realign(subscription_ids=dated, now=now)
    rows = [_position(one.subscription, one.before, one.running, author) for one in moved]
    Change.objects.bulk_create(rows)
    return moves.running + [one.running for one in moved]


class _Moves:
    """Subscriptions on their way: changed here, stored together."""

    def __init__(self, author: Author, now: datetime, found: Sequence[Subscription]) -> None:
        self.running: list[Subscription] = []
        self._author, self._now = author, now
        self._rows: list[Change] = []
        self._moved: list[Subscription] = []
        self._made: list[Subscription] = []
        keys = [subscription.pk for subscription in found]
        later = Subscription.objects.filter(continues__in=keys).select_related("contact")
        self._continued: dict[UUID | None, Subscription] = {one.continues_id: one for one in later}
        self._holders = holders({subscription.contact_id for subscription in found})

    def follow(self, subscription: Subscription, stations: Iterable[Station], path: Path) -> None:
        before, at = facts(subscription), subscription
        for station in stations:
            at.next_sequence_number = max(at.next_sequence_number, station.position)
            if station.ended_at is not None:
                successor = self._successor(at, station.ended_at, station.follow_up, path)
                at.completed, at.active, at.stopped = True, False, Subscription.Stopped.NO
                at.process_status = Subscription.ProcessStatus.COMPLETED
                if successor is None:
                    break
                at = successor
        if subscription.completed or facts(subscription) != before:
            self._note(subscription, before, at)

    def _note(self, subscription: Subscription, before: dict[str, Any], at: Subscription) -> None:
        subscription.updated_at, subscription.updated_by = self._now, self._author.user
        if at is subscription:
            subscription.counted_from, subscription.counted_position = self._now, at.next_sequence_number
        self._moved.append(subscription)
        self.running.append(at)
        self._rows.append(_position(subscription, before, at, self._author))

    def _successor(
        self, ended: Subscription, ended_at: datetime, follow_up: Start | None, path: Path
    ) -> Subscription | None:
        """None where no set follows, or the person is there already and nobody may be there twice."""
        if follow_up is None:
            return None
        exclusive = path.programmes[follow_up.messageset_id].one_active
        place = ended.contact_id, follow_up.messageset_id
        if exclusive and self._holders.get(place, ended.pk) != ended.pk:
            return None
        if ended.pk in self._continued:
            # Somebody had let this one run again after its end.
            self._moved.append(self._continued[ended.pk])
            return self._continued[ended.pk]
        made = Subscription(
            contact=ended.contact,
            messageset_id=follow_up.messageset_id,
            schedule_id=follow_up.schedule_id,
            lang=ended.lang,
            initial_sequence_number=follow_up.position,
            next_sequence_number=follow_up.position,
            # Who was stopped before is stopped in the next set too.
            active=ended.active,
            stopped=ended.stopped,
            paused_until=ended.paused_until,
            exclusive=exclusive,
            metadata={},
            continues=ended,
            created_at=ended_at,
            last_slot_at=ended_at,
            updated_at=self._now,
            updated_by=self._author.user,
        )
        self._holders[place] = made.pk
        self._made.append(made)
        return made

    def store(self) -> None:
        store_moved(self._moved)
        hold_unwanted(self._made)
        store_all(self._made)
        Change.objects.bulk_create(self._rows, batch_size=500)
        cancel_waiting([one.pk for one in self._moved if one.completed])


@transaction.atomic
def rewind(*, which: Which, messages: int, author: Author, now: datetime | None = None) -> list[Subscription]:
    """Go back by so many messages of the set, at most to its first; those that moved.

    What comes next is what was heard before. Raises Refused for less than one.
    """
    if messages < 1:
        raise Refused({"messages": ["Ensure this value is greater than or equal to 1."]})
    now, found = now or timezone.now(), which.locked()
    sets = programmes.load({subscription.messageset_id for subscription in found})
    moved, rows = [], []
    for subscription in found:
        numbers = sets[subscription.messageset_id].numbers
        position = _earlier(numbers, subscription.next_sequence_number, messages)
        if position < subscription.next_sequence_number:
            before = facts(subscription)
            subscription.next_sequence_number, subscription.detour = position, None
            subscription.updated_at, subscription.updated_by = now, author.user
            subscription.counted_from, subscription.counted_position = now, position
            moved.append(subscription)
            rows.append(_position(subscription, before, subscription, author))
    store_moved(moved)
    Change.objects.bulk_create(rows, batch_size=500)
    return moved


def _earlier(numbers: Sequence[int], position: int, messages: int) -> int:
    at = bisect_left(numbers, position) - messages
    return numbers[max(at, 0)] if numbers else position


def _position(
    subscription: Subscription, before: dict[str, Any], running: Subscription, author: Author
) -> Change:
    successor = None if running is subscription else running
    return change(
        Change.Kind.POSITION, subscription, author, before=before, after=facts(running), successor=successor
    )

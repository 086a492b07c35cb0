"""Subscriptions whose position follows a date: begun at the right stage, moved when the date is corrected."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contacts.models import Contact
from stagebased import simulation
from stagebased.errors import Refused, UnknownSubscription
from stagebased.models import Change, MessageSet, Schedule, Subscription
from stagebased.operations.audit import Author, change
from stagebased.operations.moved import store_moved
from stagebased.operations.optouts import hold_unwanted
from stagebased.operations.rivals import store_all, taken
from stagebased.operations.waiting import cancel_waiting
from stagebased.operations.which import Which
from stagebased.simulation import Path, Send
from stagebased.stages import MOST_DAYS, beginning, due_at, slots_of, stage_at
from stagebased.steps import Start

Stopped = Subscription.Stopped
_INSTANT = timedelta(microseconds=1)
#: Dates that are taken.
YEARS = range(1900, 2200)


class Calendar(NamedTuple):
    """The chain of sets that a date speaks of, with all its slots for that date."""

    path: Path
    sends: list[Send]
    schedule_id: int
    begins: datetime

    def stage(self, now: datetime) -> Start | None:
        return stage_at(self.path, self.sends, self.schedule_id, now)

    def speaks_of(self, subscription: Subscription) -> bool:
        return subscription.messageset_id in self.path.chain

    def order(self, at: Start) -> tuple[int, int]:
        return self.path.chain.index(at.messageset_id), at.position

    def is_exclusive(self, at: Start) -> bool:
        return self.path.programmes[at.messageset_id].one_active

    def nothing_before(self, at: Start) -> datetime | None:
        """The moment until which somebody waits for the message there."""
        due = due_at(self.sends, at)
        return due - _INSTANT if due else None


def settle(subscription: Subscription, *, anchor_date: date, now: datetime) -> None:
    """Put a new subscription with a date, not stored yet, where it belongs: set, schedule and position.

    Raises Refused when its set does not say when it begins, or when the last
    of its messages is over.
    """
    subscription.anchor_date, subscription.anchor_set_id = anchor_date, subscription.messageset_id
    zones = Contact.objects.filter(pk=subscription.contact_id).values_list("timezone", flat=True)
    calendar = _calendar(subscription, anchor_date, zones.first() or "")
    at = calendar.stage(now)
    if at is None:
        raise Refused({"anchor_date": ["The programme is over for this date."]})
    subscription.messageset_id, subscription.schedule_id = at.messageset_id, at.schedule_id
    subscription.exclusive = calendar.is_exclusive(at)
    subscription.initial_sequence_number = subscription.next_sequence_number = at.position
    _wait_for_own_slot(subscription, calendar.nothing_before(at))


@transaction.atomic
def correct_date(
    *,
    subscription_id: UUID,
    anchor_date: date,
    author: Author,
    repeat: bool = False,
    now: datetime | None = None,
) -> Subscription:
    """Move a subscription to where a corrected date puts it; the one that is running afterwards.

    When the date turns out earlier, it jumps ahead, if need be into a later
    set of the chain, and what is jumped over does not come back. When it turns
    out later, nothing is heard twice: the next message waits for its own slot.
    With ``repeat`` the position goes back instead. One that went by itself
    follows the date from now on; the date it has already changes nothing.
    Raises UnknownSubscription, and Refused for one that has ended and for a set
    that does not say when it begins.
    """
    now = now or timezone.now()
    subscription = _locked(subscription_id)
    if subscription.anchor_date == anchor_date and not repeat:
        return subscription
    before = facts(subscription)
    calendar = _new_calendar(subscription, anchor_date)
    subscription.anchor_set_id = calendar.path.chain[0]
    subscription.anchor_date, subscription.updated_by = anchor_date, author.user
    running = _move(subscription, calendar, repeat=repeat, now=now)
    made = None if running is subscription else running
    _store([subscription], [made] if made else [])
    change(Change.Kind.DATE, subscription, author, before=before, after=facts(running), successor=made).save(
        force_insert=True
    )
    return running


@transaction.atomic
def correct_dates(
    *, which: Which, anchor_date: date, author: Author, repeat: bool = False, now: datetime | None = None
) -> list[Subscription]:
    """``correct_date`` for several; those that are running afterwards.

    Of a person all that follow a date; subscriptions that are named one by one
    may also begin to.
    """
    named = which.contact_id is None
    return [
        correct_date(subscription_id=one.pk, anchor_date=anchor_date, author=author, repeat=repeat, now=now)
        for one in which.locked()
        if named or one.anchor_date is not None
    ]


def check_date(subscription: Subscription, *, anchor_date: date, now: datetime | None = None) -> None:
    """Raise Refused where a new subscription cannot begin from this date, or a stored one not move to it."""
    if subscription._state.adding:
        settle(copy(subscription), anchor_date=anchor_date, now=now or timezone.now())
    else:
        _new_calendar(subscription, anchor_date)


def _new_calendar(subscription: Subscription, anchor_date: date) -> Calendar:
    """What a corrected date says of a subscription. Raises Refused where it says nothing."""
    if subscription.completed:
        raise Refused({"anchor_date": ["This subscription has ended."]})
    calendar = _calendar(subscription, anchor_date, subscription.contact.timezone)
    if not calendar.speaks_of(subscription):
        raise Refused({"anchor_date": ["Its set no longer follows the one that the date speaks of."]})
    return calendar


@transaction.atomic
def forget_date(*, subscription_id: UUID, author: Author, now: datetime | None = None) -> None:
    """Let a subscription go on by itself from where it is. Raises UnknownSubscription."""
    subscription = _locked(subscription_id)
    if subscription.anchor_date is None:
        return
    before = facts(subscription)
    subscription.anchor_date = subscription.anchor_set = None
    subscription.updated_at, subscription.updated_by = now or timezone.now(), author.user
    _store([subscription], [])
    change(Change.Kind.DATE, subscription, author, before=before, after=facts(subscription)).save(
        force_insert=True
    )


def _locked(subscription_id: UUID) -> Subscription:
    rows = Subscription.objects.select_for_update(no_key=True, of=("self",)).select_related("contact")
    found = rows.filter(pk=subscription_id).first()
    if found is None:
        raise UnknownSubscription(f"There is no subscription {subscription_id}.")
    return found


class Moved(NamedTuple):
    """A subscription that was moved, where it had been, and the one that is running afterwards."""

    subscription: Subscription
    before: dict[str, Any]
    running: Subscription


@transaction.atomic
def realign(*, subscription_ids: Collection[UUID], now: datetime) -> list[Moved]:
    """Move those whose position follows a date ahead to where it is by now; those that it moved.

    The others are left alone.
    """
    rows = Subscription.objects.filter(
        pk__in=subscription_ids, anchor_set__starts_after__isnull=False, completed=False
    )
    locked = rows.select_for_update(no_key=True, of=("self",)).select_related("contact").order_by("pk")
    calendars: dict[tuple[object, ...], Calendar] = {}
    moved: list[Moved] = []
    left: list[Moved] = []
    for subscription in locked:
        if subscription.anchor_date is None:
            continue
        key = (
            subscription.anchor_set_id,
            subscription.anchor_date,
            subscription.messageset_id,
            subscription.schedule_id,
            subscription.contact.timezone,
        )
        if key not in calendars:
            calendars[key] = _calendar(subscription, subscription.anchor_date, subscription.contact.timezone)
        if not calendars[key].speaks_of(subscription):
            # Editors have led the chain elsewhere: it goes on by itself.
            continue
        before = facts(subscription)
        running = _move(subscription, calendars[key], repeat=False, now=now)
        where = moved if running is not subscription or facts(subscription) != before else left
        where.append(Moved(subscription, before, running))
    _store(
        [one.subscription for one in moved + left],
        [one.running for one in moved if one.running is not one.subscription],
    )
    return moved


def facts(subscription: Subscription) -> dict[str, Any]:
    """Where a subscription is, for the record."""
    anchor = subscription.anchor_date
    return {
        "messageset": subscription.messageset_id,
        "schedule": subscription.schedule_id,
        "lang": subscription.lang,
        "next_sequence_number": subscription.next_sequence_number,
        "anchor_date": anchor.isoformat() if anchor else None,
    }


def _calendar(subscription: Subscription, anchor: date, zone: str) -> Calendar:
    root = MessageSet.objects.get(pk=subscription.anchor_set_id or subscription.messageset_id)
    if root.starts_after is None:
        raise Refused({"anchor_date": [f"The set {root.short_name} does not say when it begins."]})
    own = subscription.messageset_id == root.pk
    schedule = Schedule.objects.get(pk=subscription.schedule_id if own else root.default_schedule_id)
    if anchor.year not in YEARS or abs(root.starts_after) > MOST_DAYS:
        raise Refused({"anchor_date": ["This date is out of range."]})
    begins = beginning(anchor, root.starts_after, schedule, zone)
    path = simulation.load(root.pk, schedule.pk)
    return Calendar(path, slots_of(path, begins, schedule.pk, zone), schedule.pk, begins)


def _move(subscription: Subscription, calendar: Calendar, *, repeat: bool, now: datetime) -> Subscription:
    """Change the subscription, which is not stored here; another one when it goes on in another set."""
    here = Start(subscription.messageset_id, subscription.schedule_id, subscription.next_sequence_number)
    there = calendar.stage(now)
    subscription.updated_at = now
    if there is None:
        _end(subscription, Stopped.NO, completed=True)
        return subscription
    if not repeat and calendar.order(there) < calendar.order(here):
        there = here
    if there.messageset_id == here.messageset_id:
        subscription.next_sequence_number = there.position
        _wait_for_own_slot(subscription, calendar.nothing_before(there))
        return subscription
    successor = _successor(subscription, there, calendar, now)
    _end(subscription, Stopped.SWITCHED, completed=False)
    # Somebody who is there already goes on there.
    return subscription if taken([successor]) else successor


def _wait_for_own_slot(subscription: Subscription, nothing_before: datetime | None) -> None:
    """The slots before that of its next message count as dealt with."""
    subscription.last_slot_at = nothing_before
    if nothing_before is not None:
        subscription.counted_from = nothing_before
        subscription.counted_position = subscription.next_sequence_number


def _end(subscription: Subscription, stopped: str, *, completed: bool) -> None:
    subscription.active, subscription.completed, subscription.stopped = False, completed, stopped
    subscription.paused_until = None
    if completed:
        subscription.process_status = Subscription.ProcessStatus.COMPLETED


def _successor(old: Subscription, at: Start, calendar: Calendar, now: datetime) -> Subscription:
    made = Subscription(
        contact_id=old.contact_id,
        messageset_id=at.messageset_id,
        schedule_id=at.schedule_id,
        lang=old.lang,
        initial_sequence_number=at.position,
        next_sequence_number=at.position,
        active=old.active,
        stopped=old.stopped,
        paused_until=old.paused_until,
        anchor_date=old.anchor_date,
        anchor_set_id=old.anchor_set_id,
        exclusive=calendar.is_exclusive(at),
        metadata={},
        continues=old,
        created_at=now,
        updated_at=now,
        updated_by=old.updated_by,
    )
    _wait_for_own_slot(made, calendar.nothing_before(at))
    return made


def _store(moved: Sequence[Subscription], made: Sequence[Subscription]) -> None:
    store_moved(moved)
    hold_unwanted(made)
    store_all(made)
    if stopped := [one.pk for one in moved if not one.active]:
        cancel_waiting(stopped)

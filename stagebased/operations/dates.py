"""Subscriptions whose position follows a date: begun at the right stage, moved when the date is corrected."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from stagebased.operations.waiting import cancel_waiting
from stagebased.simulation import Path, Send
from stagebased.stages import beginning, due_at, slots_of, stage_at
from stagebased.steps import Start

Stopped = Subscription.Stopped
_INSTANT = timedelta(microseconds=1)
#: Dates that are taken, and how far from one a set may begin.
YEARS = range(1900, 2200)
MOST_DAYS = 100 * 366
#: Written when a subscription is moved.
_MOVED = [
    "next_sequence_number", "anchor_date", "last_slot_at", "active", "completed", "process_status", "stopped",
    "paused_until", "updated_at", "updated_by",
]  # fmt: skip


class Calendar(NamedTuple):
    """The chain of sets that a date speaks of, with all its slots for that date."""

    path: Path
    sends: list[Send]
    schedule_id: int
    begins: datetime

    def stage(self, now: datetime) -> Start | None:
        return stage_at(self.path, self.sends, self.schedule_id, now)

    def order(self, at: Start) -> tuple[int, int]:
        return self.path.chain.index(at.messageset_id), at.position

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
    subscription.initial_sequence_number = subscription.next_sequence_number = at.position
    # The slots before its own count as dealt with.
    subscription.last_slot_at = calendar.nothing_before(at)


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
    With ``repeat`` the position goes back instead. Raises UnknownSubscription,
    and Refused for one that does not follow a date or has ended.
    """
    now = now or timezone.now()
    rows = Subscription.objects.select_for_update(no_key=True, of=("self",)).select_related("contact")
    subscription = rows.filter(pk=subscription_id).first()
    if subscription is None:
        raise UnknownSubscription(f"There is no subscription {subscription_id}.")
    if subscription.anchor_set_id is None or subscription.completed:
        raise Refused({"anchor_date": ["This subscription does not follow a date any more."]})
    before = facts(subscription)
    calendar = _calendar(subscription, anchor_date, subscription.contact.timezone)
    subscription.anchor_date, subscription.updated_by = anchor_date, author.user
    running = _move(subscription, calendar, repeat=repeat, now=now)
    made = None if running is subscription else running
    _store([subscription], [made] if made else [])
    change(Change.Kind.DATE, subscription, author, before=before, after=facts(running), successor=made).save(
        force_insert=True
    )
    return running


@transaction.atomic
def realign(*, subscription_ids: Collection[UUID], now: datetime) -> None:
    """Move those whose position follows a date ahead to where it is by now; the others are left alone."""
    rows = Subscription.objects.filter(
        pk__in=subscription_ids, anchor_set__starts_after__isnull=False, completed=False
    )
    locked = rows.select_for_update(no_key=True, of=("self",)).select_related("contact").order_by("pk")
    calendars: dict[tuple[object, ...], Calendar] = {}
    found, made = [], []
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
        running = _move(subscription, calendars[key], repeat=False, now=now)
        found.append(subscription)
        if running is not subscription:
            made.append(running)
    _store(found, made)


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
        subscription.last_slot_at = calendar.nothing_before(there)
        return subscription
    successor = _successor(subscription, there, calendar.nothing_before(there), now)
    _end(subscription, Stopped.SWITCHED, completed=False)
    return successor


def _end(subscription: Subscription, stopped: str, *, completed: bool) -> None:
    subscription.active, subscription.completed, subscription.stopped = False, completed, stopped
    subscription.paused_until = None
    if completed:
        subscription.process_status = Subscription.ProcessStatus.COMPLETED


def _successor(old: Subscription, at: Start, nothing_before: datetime | None, now: datetime) -> Subscription:
    return Subscription(
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
        metadata={},
        last_slot_at=nothing_before,
        continues=old,
        created_at=now,
        updated_at=now,
        updated_by=old.updated_by,
    )


def _store(moved: Sequence[Subscription], made: Sequence[Subscription]) -> None:
    Subscription.objects.bulk_update(moved, _MOVED, batch_size=500)
    Subscription.objects.bulk_create(made, batch_size=500)
    if stopped := [one.pk for one in moved if not one.active]:
        cancel_waiting(stopped)

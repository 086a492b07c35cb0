"""Sending by hand: one subscription's next or latest message, or a whole schedule.

These use the planner's own batch, so what they write, where the subscription
is afterwards and what is recorded when nothing can be sent are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.models import Entry
from audit.operations import of_contact, record
from outbox import sets, wake
from outbox.models import Delivery
from stagebased.calendar import BadCronField
from stagebased.errors import NotSendable, Refused, UnknownSchedule, UnknownSubscription
from stagebased.models import DueSlot, Schedule, Subscription, Welcome
from stagebased.planner import sql
from stagebased.planner.batch import Occasion, Rule, Shelf, deal, next_message
from stagebased.planner.records import Candidate
from stagebased.slots import latest_due, own_zone
from stagebased.steps import Programme, Step, greeting, repeat
from stagebased.wake import nudge_planner


def send_now(*, subscription_id: UUID, now: datetime | None = None) -> Step:
    """Queue the next message at once and move on; what was written.

    The subscription's row is locked meanwhile: of two calls at the same moment
    the second sends the message after. What cannot be sent is recorded as a
    failed delivery with its reason, as at a slot. Quiet hours still hold. Raises
    UnknownSubscription, and NotSendable for one that is not running.
    """
    return _send("now", subscription_id, now or timezone.now(), next_message, completed_too=False)


def resend(*, subscription_id: UUID, now: datetime | None = None) -> Step:
    """Queue the latest message again; the position stays. As often as it is asked for.

    At the beginning that is the first message, after the end the last. Raises
    UnknownSubscription, and NotSendable for one that was stopped.
    """
    return _send("again", subscription_id, now or timezone.now(), _latest_message, completed_too=True)


@transaction.atomic
def send_each(
    *, subscription_ids: Collection[UUID], now: datetime | None = None, slot_key: str = ""
) -> list[Step]:
    """``send_now`` for many at once; what was written.

    Those that do not run are passed over, and with a ``slot_key`` of its own
    those that have had this occasion. A fixed number of statements for each
    schedule they are on.
    """
    now = now or timezone.now()
    running = Subscription.objects.filter(
        pk__in=subscription_ids, active=True, completed=False, process_status=0
    )
    locked = running.select_for_update(no_key=True, of=("self",)).order_by("pk")
    by_schedule: dict[int, list[UUID]] = defaultdict(list)
    for key, schedule_id in locked.values_list("pk", "schedule"):
        by_schedule[schedule_id].append(key)
    schedules = Schedule.objects.in_bulk(by_schedule)
    written: list[Step] = []
    for schedule_id, keys in by_schedule.items():
        occasion = Occasion(
            slot_key=slot_key or _by_hand("now", now),
            now=now,
            since=now,
            zone=own_zone(schedules[schedule_id]),
            priority=Delivery.Priority.NORMAL,
        )
        candidates = sql.candidates_by_id([sets.id_value(key) for key in keys])
        written += deal(candidates, occasion, Shelf(), next_message)
    if written:
        record(Entry.Act.SEND, model=Subscription._meta.label_lower, deliveries=len(written))
        wake.nudge()
    return written


def _by_hand(what: str, now: datetime) -> str:
    return f"{what}:{now:%Y-%m-%dT%H:%M:%S.%fZ}"


def _latest_message(programme: Programme, candidate: Candidate) -> Step:
    return repeat(programme, candidate.position, candidate.lang, completed=candidate.completed)


@transaction.atomic
def greet(*, subscription_ids: Collection[UUID], now: datetime | None = None) -> int:
    """Queue the welcome, for those who run on a set that has one; how many deliveries were written.

    Once for each subscription, however often it is asked for. The numbered
    messages are not touched.
    """
    now = now or timezone.now()
    newcomers = Subscription.objects.filter(
        Exists(Welcome.objects.filter(messageset=OuterRef("messageset"))),
        pk__in=subscription_ids,
        active=True,
        completed=False,
    )
    by_schedule: dict[int, list[UUID]] = defaultdict(list)
    for key, schedule_id in newcomers.values_list("pk", "schedule"):
        by_schedule[schedule_id].append(key)
    schedules = Schedule.objects.in_bulk(by_schedule)
    written = [_greet(schedules[key], ids, now) for key, ids in by_schedule.items()]
    if any(written):
        wake.nudge()
    return sum(written)


def _greet(schedule: Schedule, ids: Sequence[UUID], now: datetime) -> int:
    occasion = Occasion(
        "welcome", now=now, since=now, zone=own_zone(schedule), priority=Delivery.Priority.HIGH
    )
    candidates = sql.candidates_by_id([sets.id_value(key) for key in ids])
    return len(deal(candidates, occasion, Shelf(greetings=True), _greeting))


def _greeting(programme: Programme, candidate: Candidate) -> Step:
    return greeting(programme, candidate.position, candidate.lang)


@transaction.atomic
def _send(what: str, subscription_id: UUID, now: datetime, rule: Rule, *, completed_too: bool) -> Step:
    subscription = _locked(subscription_id)
    _check_running(subscription, completed_too=completed_too)
    occasion = Occasion(
        slot_key=_by_hand(what, now),
        now=now,
        since=now,
        zone=own_zone(subscription.schedule),
        priority=Delivery.Priority.HIGH,
    )
    candidates = sql.candidates_by_id([sets.id_value(subscription_id)])
    [written] = deal(candidates, occasion, Shelf(), rule)
    record(
        Entry.Act.SEND_AGAIN if completed_too else Entry.Act.SEND,
        model=Subscription._meta.label_lower,
        object_id=subscription_id,
        subject=of_contact(subscription.contact_id),
        state=written.state,
    )
    wake.nudge()
    return written


def _locked(subscription_id: UUID) -> Subscription:
    rows = Subscription.objects.select_for_update(of=("self",), no_key=True).select_related("schedule")
    found = rows.filter(pk=subscription_id).first()
    if found is None:
        raise UnknownSubscription(f"There is no subscription {subscription_id}.")
    return found


def _check_running(subscription: Subscription, *, completed_too: bool) -> None:
    if subscription.completed:
        if not completed_too:
            raise NotSendable("The subscription is completed.")
    elif not subscription.active:
        raise NotSendable("The subscription is not active.")
    elif subscription.process_status != Subscription.ProcessStatus.READY:
        raise NotSendable(f"The subscription is not ready: its status is {subscription.process_status}.")


@transaction.atomic
def send_schedule(*, schedule_id: int, now: datetime | None = None) -> int:
    """Have the schedule's latest slot worked off, also for those who joined since; how many slots that is.

    What an outside clock calls. The slot is what counts: whoever has had it
    gets nothing more, however often this is called before the next one. Raises
    UnknownSchedule, and Refused where the schedule's fields mean nothing.
    """
    now = now or timezone.now()
    schedule = Schedule.objects.filter(pk=schedule_id).first()
    if schedule is None:
        raise UnknownSchedule(f"There is no schedule {schedule_id}.")
    slots = [
        DueSlot(schedule=schedule, timezone=name, due_at=due_at, triggered_at=now)
        for name, due_at in _latest_due(schedule, now)
    ]
    DueSlot.objects.bulk_create(
        slots,
        update_conflicts=True,
        unique_fields=["schedule", "due_at", "timezone"],
        update_fields=["state", "cursor", "editions", "triggered_at", "finished_at"],
    )
    record(Entry.Act.SEND, model=Schedule._meta.label_lower, object_id=schedule_id, slots=len(slots))
    nudge_planner()
    return len(slots)


def _latest_due(schedule: Schedule, now: datetime) -> list[tuple[str, datetime]]:
    try:
        return latest_due(schedule, now)
    except BadCronField as error:
        raise Refused({error.field: [error.message]}) from None

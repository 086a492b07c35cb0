"""What needs somebody's attention, each subscription once, by reason.

- Its latest occasion did not become a message that went out: no message in
  the language, no address, opted out, refused by the gateway, expired. As soon
  as a later message has gone out, it is no longer here.
- The latest slot of its schedule was over before it could be planned
  (``missed_slot``).
- It was stopped because its messages did not arrive (``failures``), or its
  status keeps it from being planned (``not_ready``).

A list of what is wrong now, not of what ever went wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.utils import timezone

from outbox.models import Delivery
from stagebased.models import DueSlot, Subscription
from stagebased.operations.waiting import SOURCE

State = Delivery.State
Stopped = Subscription.Stopped
#: How far back is looked.
SINCE = timedelta(days=7)
MISSED, FAILURES, NOT_READY = "missed_slot", "failures", "not_ready"
_DETAILS = {
    MISSED: "The latest slot was over before it could be planned.",
    FAILURES: "Stopped: too many messages in a row did not arrive.",
    NOT_READY: "Its process_status keeps it from being planned.",
}

_RUNNING = Subscription.objects.filter(active=True, completed=False, process_status=0)
#: Schedules and zones whose missed slots are looked at; more than these at once is one outage of everything.
MOST_OUTAGES = 200


@dataclass(frozen=True)
class Filter:
    """Which of the list are meant. Empty: all."""

    reason: str = ""
    messageset_id: int | None = None
    since: datetime | None = None
    subscription_ids: Collection[UUID] | None = None
    #: Only where a message should have gone and failed: what the original service calls failed tasks.
    failed_only: bool = False


class Item(NamedTuple):
    """A subscription that needs attention: why, since when, and the delivery that shows it, if one does."""

    subscription_id: UUID
    reason: str
    detail: str
    at: datetime
    delivery_id: UUID | None


class Entry(NamedTuple):
    """An item with its subscription, for people to look at."""

    item: Item
    subscription: Subscription


def listed(which: Filter, *, now: datetime | None = None) -> QuerySet[Any, Any]:
    """Rows of ``Item``'s columns, the latest first. One statement for a page, and one for its count."""
    found = _Found(which, now or timezone.now())
    return _delivered(found).union(*found.others(), all=True).order_by("-at", "-subscription_id")


def items(rows: QuerySet[Any, Any]) -> list[Item]:
    return [Item._make(row) for row in rows]


def entries(found: Collection[Item]) -> list[Entry]:
    """The items with their subscriptions; those deleted meanwhile are left out. One statement."""
    wanted = Subscription.objects.select_related("messageset", "contact", "schedule")
    rows = wanted.in_bulk([item.subscription_id for item in found])
    return [Entry(item, rows[item.subscription_id]) for item in found if item.subscription_id in rows]


def counts(which: Filter, *, now: datetime | None = None) -> dict[str, int]:
    """How many there are for each reason, in the order of their names."""
    found = _Found(which, now or timezone.now())
    rows = found.deliveries().order_by().values_list("reason").annotate(Count("pk"))
    total: Counter[str] = Counter(dict(rows))
    for reason, wanted in found.subscriptions().items():
        total[reason] += wanted.count()
    return {reason: total[reason] for reason in sorted(total) if total[reason]}


def refused(*, now: datetime | None = None) -> QuerySet[Delivery]:
    """Of the list the deliveries that failed, the newest first."""
    return _Found(Filter(failed_only=True), now or timezone.now()).deliveries().order_by("-pk")


def _delivered(found: _Found) -> QuerySet[Any, Any]:
    rows = found.deliveries().order_by().annotate(subscription_id=F("cause"), at=F("ended_at"))
    return rows.values_list("subscription_id", "reason", "detail", "at", "pk")


class _Found:
    """The parts of the list that a filter asks for."""

    def __init__(self, which: Filter, now: datetime) -> None:
        self._which = which
        self._since = which.since or now - SINCE
        self._now = now

    def deliveries(self) -> QuerySet[Delivery]:
        """The latest of each running subscription that ended short of going out."""
        later = Delivery.objects.filter(cause=OuterRef("cause"), source=SOURCE, pk__gt=OuterRef("pk"))
        found = Delivery.objects.filter(
            ~Exists(later),
            Exists(self._chosen(_RUNNING).filter(pk=OuterRef("cause"))),
            source=SOURCE,
            state__in=[State.FAILED, State.SKIPPED, State.EXPIRED],
            ended_at__gte=self._since,
        )
        if self._which.failed_only:
            found = found.filter(state=State.FAILED)
        return found.filter(reason=self._which.reason) if self._which.reason else found

    def subscriptions(self) -> dict[str, QuerySet[Subscription]]:
        """Those that need attention without a delivery that says so, by reason, with ``at``."""
        parts = {
            MISSED: self._missed,
            FAILURES: self._given_up,
            NOT_READY: self._not_ready,
        }
        if self._which.failed_only:
            return {}
        wanted = [reason for reason in parts if self._which.reason in ("", reason)]
        found = {reason: parts[reason]() for reason in wanted}
        return {reason: rows for reason, rows in found.items() if rows is not None}

    def others(self) -> list[QuerySet[Any, Any]]:
        return [
            rows.order_by()
            .annotate(
                subscription_id=F("pk"),
                reason=Value(reason, output_field=CharField()),
                detail=Value(_DETAILS[reason], output_field=CharField()),
                delivery=Value(None, output_field=UUIDField()),
            )
            .values_list("subscription_id", "reason", "detail", "at", "delivery")
            for reason, rows in self.subscriptions().items()
        ]

    def _chosen(self, rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
        if self._which.messageset_id is not None:
            rows = rows.filter(messageset=self._which.messageset_id)
        if self._which.subscription_ids is not None:
            rows = rows.filter(pk__in=self._which.subscription_ids)
        return rows

    def _missed(self) -> QuerySet[Subscription] | None:
        outages = list(self._outages())
        if not outages:
            return None
        concerned = Q(pk__in=[])
        whens = []
        for slot in outages:
            due = Q(last_slot_at=None) | Q(last_slot_at__lt=slot.due_at)
            theirs = Q(due, schedule=slot.schedule_id, created_at__lt=slot.due_at) & _living(slot)
            concerned |= theirs
            whens.append(When(theirs, then=Value(slot.due_at)))
        at = Case(*whens, output_field=DateTimeField())
        return self._chosen(_RUNNING.filter(concerned)).annotate(at=at)

    def _outages(self) -> QuerySet[DueSlot]:
        """The slots that were missed and that no later one of the same people has followed."""
        later = DueSlot.objects.filter(
            schedule=OuterRef("schedule"), timezone=OuterRef("timezone"), due_at__gt=OuterRef("due_at")
        )
        missed = DueSlot.objects.filter(~Exists(later), state=DueSlot.State.MISSED, due_at__gte=self._since)
        return missed.select_related("schedule").order_by("pk")[:MOST_OUTAGES]

    def _given_up(self) -> QuerySet[Subscription]:
        stopped = Subscription.objects.filter(stopped=Stopped.FAILURES, completed=False)
        if self._which.since:
            stopped = stopped.filter(updated_at__gte=self._which.since)
        return self._chosen(stopped).annotate(at=F("updated_at"))

    def _not_ready(self) -> QuerySet[Subscription]:
        stuck = Subscription.objects.filter(~Q(process_status=0), active=True, completed=False)
        if self._which.since:
            stuck = stuck.filter(updated_at__gte=self._which.since)
        return self._chosen(stuck).annotate(at=F("updated_at"))


def _living(slot: DueSlot) -> Q:
    """The people whose slot it is: everybody, or those of its zone."""
    if not slot.timezone:
        return Q()
    zones = [slot.timezone, *([""] if slot.timezone == slot.schedule.timezone else [])]
    return Q(contact__timezone__in=zones)

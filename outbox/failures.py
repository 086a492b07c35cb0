"""What ended short: counted by reason, found by filters, sent again as a whole in the background.

Sending many again is written down first (``Resend``) and worked off a batch at
a time: repeats and the place where to go on are one transaction. A worker that
dies undoes its batch, and the next one does it. Each delivery is repeated at
most once in any case (``operations.send_again``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from audit.models import Entry
from audit.operations import record
from outbox.models import Delivery, DeliveryCount, Resend
from outbox.operations import send_again

State = Delivery.State
#: Where a delivery ends that should have arrived. *Skipped* slots and what somebody stopped are no failures.
STATES = (State.FAILED, State.EXPIRED)
#: By what failures are narrowed, besides their time.
NAMES = ("state", "reason", "channel", "gateway", "source")
#: Where deliveries come from, as people know it. A new one is missing in the filter only.
SOURCES = {
    "subscription": "programmes", "broadcast": "broadcasts", "sms-api": "SMS interface",
    "inbound": "answers", "trial": "trials",
}  # fmt: skip
#: Spans of time by which they are narrowed, in hours.
SPANS = {1: "the last hour", 24: "the last day", 24 * 7: "the last 7 days", 24 * 30: "the last 30 days"}
#: Deliveries of one transaction, and seconds that one run works at most.
BATCH, BUDGET = 500, 20.0


def found(criteria: Mapping[str, Any], *, since: datetime | None = None) -> QuerySet[Delivery]:
    """The failures that agree with the criteria (some of ``NAMES``), in no order."""
    rows = Delivery.objects.filter(state__in=STATES)
    given = {name: str(criteria[name]) for name in NAMES if criteria.get(name)}
    if any("\x00" in value for value in given.values()):
        return rows.none()
    rows = rows.filter(**given)
    return rows.filter(ended_at__gte=since) if since else rows


def sendable(criteria: Mapping[str, Any], *, since: datetime | None = None) -> QuerySet[Delivery]:
    """Those of them of which there is something to send, and somewhere to send it."""
    return found(criteria, since=since).exclude(text="").exclude(address="")


class Cause(NamedTuple):
    """How often deliveries failed in one way at one gateway: in the last day, 7 days, 30 days."""

    state: str
    reason: str
    gateway: str
    day: int
    week: int
    month: int

    @property
    def reason_name(self) -> str:
        return self.reason.replace("_", " ") or self.state


def by_reason(now: datetime) -> list[Cause]:
    """Why deliveries failed in the last 30 days, the most frequent first, from the hourly counts."""
    rows = DeliveryCount.objects.filter(state__in=STATES, hour__gte=now - timedelta(days=30))
    spans = {name: Q(hour__gte=now - timedelta(days=days)) for name, days in (("day", 1), ("week", 7))}
    sums = {name: Sum("count", filter=span, default=0) for name, span in spans.items()}
    summed = rows.order_by().values_list("state", "reason", "gateway").annotate(**sums, month=Sum("count"))
    return sorted((Cause(*row) for row in summed), key=lambda cause: (-cause.day, -cause.month, cause))


@transaction.atomic
def order(*, criteria: Mapping[str, Any], since: datetime | None, by: Any = None) -> Resend:
    """Write down that these are to be sent again; the worker does it. What fails later is not among them."""
    kept = {name: criteria[name] for name in NAMES if criteria.get(name)}
    until = timezone.now()
    total = sendable(kept, since=since).filter(ended_at__lte=until).count()
    made = Resend.objects.create(criteria=kept, since=since, until=until, total=total, created_by=by)
    record(
        Entry.Act.SEND_AGAIN,
        model=Resend._meta.label_lower,
        object_id=made.pk,
        deliveries=total,
        since=since.isoformat() if since else None,
        **kept,
    )
    return made


@transaction.atomic
def stop(resend: Resend) -> bool:
    """Go no further; False when it was over. What is queued already is stopped in the list of deliveries."""
    locked = Resend.objects.select_for_update().get(pk=resend.pk)
    if locked.finished_at:
        return False
    locked.finished_at, locked.stopped = timezone.now(), True
    locked.save(update_fields=["finished_at", "stopped"])
    record(Entry.Act.STOP, model=Resend._meta.label_lower, object_id=resend.pk)
    return True


@transaction.atomic
def stop_all() -> int:
    """Go no further with any; how many were open.

    For a database that is older than what happened: nobody knows how far they got.
    """
    return sum(stop(resend) for resend in Resend.objects.filter(finished_at=None).order_by("pk"))


def work(*, budget: float = BUDGET) -> int:
    """Go on with what is open until it is done or the time is up; how many batches."""
    end, batches = monotonic() + budget, 0
    while monotonic() < end:
        with transaction.atomic():
            open_ones = Resend.objects.filter(finished_at=None).order_by("pk")
            resend = open_ones.select_for_update(skip_locked=True, of=("self",)).first()
            if resend is None:
                break
            _batch(resend)
            batches += 1
    return batches


def _batch(resend: Resend) -> None:
    rows = sendable(resend.criteria, since=resend.since).filter(ended_at__lte=resend.until)
    if resend.at is not None:
        later = Q(ended_at__gt=resend.at) | Q(ended_at=resend.at, pk__gt=resend.at_id)
        # The first condition is the index's, the second says where exactly to go on.
        rows = rows.filter(Q(ended_at__gte=resend.at), later)
    ends = list(rows.order_by("ended_at", "pk").values_list("pk", "ended_at")[:BATCH])
    if ends:
        made = send_again(ids=[key for key, _ in ends], created_by=resend.created_by_id)
        queued = sum(1 for row in made if row.state == State.QUEUED)
        resend.queued += queued
        resend.refused += len(made) - queued
        resend.passed_over += len(ends) - len(made)
        resend.at_id, resend.at = ends[-1]
    if len(ends) < BATCH:
        resend.finished_at = timezone.now()
    resend.save()

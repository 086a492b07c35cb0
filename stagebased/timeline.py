"""What became of each of a subscription's occasions: its slots, its welcome, what was sent by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

from django.utils import timezone

from outbox.models import Delivery
from stagebased.models import DueSlot, Subscription
from stagebased.operations.waiting import SOURCE

MISSED = "missed"


@dataclass(frozen=True)
class Entry:
    """One occasion. ``outcome`` is the delivery's state, or *missed* for a slot that was never planned."""

    occasion: str
    at: datetime
    outcome: str
    reason: str = ""
    detail: str = ""
    messageset: str = ""
    sequence_number: int | None = None
    lang: str = ""
    delivery_id: UUID | None = None
    handed_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None


def of(subscription: Subscription, *, now: datetime | None = None) -> list[Entry]:
    """All of a subscription's occasions until ``now``, in the order of time. Two statements."""
    entries = [_entry(one) for one in Delivery.objects.filter(cause=subscription.pk, source=SOURCE)]
    had = {entry.occasion for entry in entries}
    missed = [entry for entry in _missed(subscription, now or timezone.now()) if entry.occasion not in had]
    return sorted(entries + missed, key=lambda entry: entry.at)


def _entry(delivery: Delivery) -> Entry:
    message = delivery.options.get("message", {})
    return Entry(
        occasion=delivery.slot_key,
        at=delivery.created_at,
        outcome=delivery.state,
        reason=delivery.reason,
        detail=delivery.detail,
        messageset=message.get("set", ""),
        sequence_number=message.get("number"),
        lang=message.get("lang", ""),
        delivery_id=delivery.pk,
        handed_at=delivery.handed_at,
        sent_at=delivery.sent_at,
        delivered_at=delivery.delivered_at,
    )


def _missed(subscription: Subscription, now: datetime) -> Iterator[Entry]:
    """Slots in its time that an outage kept from being planned."""
    ended = now if subscription.active else subscription.updated_at
    zones = {"", subscription.contact.timezone or subscription.schedule.timezone}
    slots = DueSlot.objects.filter(
        schedule=subscription.schedule_id,
        timezone__in=zones,
        state=DueSlot.State.MISSED,
        due_at__gt=subscription.created_at,
        due_at__lte=ended,
    )
    for due_at in slots.values_list("due_at", flat=True):
        yield Entry(
            occasion=f"{due_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
            at=due_at,
            outcome=MISSED,
            reason="missed_slot",
            detail="The slot was over before it could be planned.",
        )


def as_csv(entries: Iterable[Entry]) -> str:
    """The entries for a spreadsheet, one a line below a line of names.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([field.name for field in fields(Entry)])
    for entry in entries:
        writer.writerow([_cell(value) for value in asdict(entry).values()])
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text

"""What became of each of a subscription's occasions, and what was changed about it.

Occasions are its slots, its welcome and what was sent by hand; changes are
those of ``models.Change``: moved, paused, stopped and why.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from outbox.models import Delivery
from stagebased.models import Change, DueSlot, MessageSet, Subscription
from stagebased.operations.waiting import SOURCE

MISSED, BEGUN = "missed", "begun"
#: Columns of a change's ``before`` and ``after`` that are said in words.
_SAID = {
    "messageset": "set", "schedule": "schedule", "lang": "language", "next_sequence_number": "message",
    "anchor_date": "date", "until": "until",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One occasion or change.

    ``outcome`` of an occasion is the delivery's state, or *missed* for a slot
    that was never planned; of a change what kind it was, or *begun* where this
    subscription took another one's place.
    """

    kind: str
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
    """All that happened to a subscription until ``now``, in the order of time. At most four statements."""
    entries = [_entry(one) for one in Delivery.objects.filter(cause=subscription.pk, source=SOURCE)]
    had = {entry.occasion for entry in entries}
    missed = [entry for entry in _missed(subscription, now or timezone.now()) if entry.occasion not in had]
    return sorted([*entries, *missed, *_changes(subscription)], key=lambda entry: entry.at)


def _entry(delivery: Delivery) -> Entry:
    message = delivery.options.get("message", {})
    return Entry(
        kind="message",
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
            kind="slot",
            occasion=f"{due_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
            at=due_at,
            outcome=MISSED,
            reason="missed_slot",
            detail="The slot was over before it could be planned.",
        )


def _changes(subscription: Subscription) -> Iterator[Entry]:
    rows = Change.objects.filter(Q(subscription=subscription.pk) | Q(successor=subscription.pk))
    found = list(rows.select_related("created_by"))
    names = dict(MessageSet.objects.values_list("pk", "short_name")) if found else {}
    for row in found:
        begun = row.subscription_id != subscription.pk
        yield Entry(
            kind="change",
            occasion=f"change:{row.pk}",
            at=row.created_at,
            outcome=BEGUN if begun else row.kind,
            reason=str(row.after.get("stopped", "")),
            detail=_told(row, names, begun=begun),
        )


def _told(row: Change, sets: Mapping[int, str], *, begun: bool) -> str:
    """A change in words: what it was, from what to what, who asked for it and why."""
    what = f"Began after: {row.get_kind_display()}" if begun else str(row.get_kind_display()).capitalize()
    failures = row.after.get("failures")
    if failures:
        what = f"Stopped: {failures} message{'s' * (failures != 1)} in a row did not arrive"
    elif row.kind == Change.Kind.STOP:
        what = "Stopped: the person opted out"
    moves = [
        f"{word} {_moved(row, name, sets)}"
        for name, word in _SAID.items()
        if name in row.after and row.after[name] != row.before.get(name)
    ]
    author = f"{row.created_by.get_username()}, {row.source}" if row.created_by else row.source
    parts = [", ".join([what, *moves]), f"by {author}", *([row.reason] if row.reason else [])]
    return "; ".join(parts) + "."


def _moved(row: Change, name: str, sets: Mapping[int, str]) -> str:
    values = [row.before[name]] if name in row.before else []
    values.append(row.after[name])
    if name == "messageset":
        values = [sets.get(value, value) for value in values]
    return " → ".join("—" if value in (None, "") else str(value) for value in values)


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

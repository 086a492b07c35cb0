"""A delivery's whole story, as the apps know it: cause, states, parts, the gateway's replies, a STOP.

The outbox knows states and times. Who made the delivery due, and what a
gateway's network reported, other apps know: they add their chapters here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from contacts.models import OptOut
from outbox.models import Delivery

State = Delivery.State
#: A STOP that comes so soon after a message may well answer it.
SOON = timedelta(days=7)


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``page`` leads to where more is told; ``mood`` is good, bad or empty."""

    at: datetime
    what: str
    detail: str = ""
    page: str = ""
    mood: str = ""


Chapter = Callable[[Delivery], Iterable[Event]]
_CHAPTERS: list[Chapter] = []


def chapter(tell: Chapter) -> Chapter:
    """Registers what an app knows of deliveries."""
    _CHAPTERS.append(tell)
    return tell


def story(delivery: Delivery) -> list[Event]:
    """All that is known, in the order of time. Each chapter costs a fixed number of statements."""
    events = [event for tell in _CHAPTERS for event in tell(delivery)]
    return sorted(events, key=lambda event: event.at)


@chapter
def states(delivery: Delivery) -> Iterator[Event]:
    made_by = f"by {delivery.created_by}" if delivery.created_by else ""
    yield Event(delivery.created_at, "planned", made_by)
    if delivery.not_before > delivery.created_at + timedelta(seconds=1):
        yield Event(delivery.not_before, "due")
    if delivery.claimed_at:
        tries = "first attempt" if delivery.attempts <= 1 else f"attempt {delivery.attempts}"
        yield Event(delivery.claimed_at, "taken by a worker", tries)
    if delivery.handed_at:
        yield Event(delivery.handed_at, "handed over", f"to gateway {delivery.gateway}")
    if delivery.sent_at:
        yield Event(delivery.sent_at, "sent", _parts(delivery), mood="good")
    if delivery.delivered_at:
        yield Event(delivery.delivered_at, "delivered", mood="good")
    if delivery.ended_at:
        why = delivery.detail or delivery.reason.replace("_", " ")
        yield Event(delivery.ended_at, delivery.get_state_display(), why, mood="bad")


def _parts(delivery: Delivery) -> str:
    return f"in {delivery.parts} part{'' if delivery.parts == 1 else 's'}" if delivery.parts else ""


@chapter
def stops(delivery: Delivery) -> Iterator[Event]:
    """Opt-outs of the person after the message."""
    if delivery.contact_id is None:
        return
    rows = OptOut.objects.filter(contact=delivery.contact_id, created_at__gte=delivery.created_at)
    for row in rows.order_by("created_at")[:20]:
        soon = "within days of this message; " if row.created_at - delivery.created_at < SOON else ""
        page = reverse("admin:contacts_optout_change", args=[row.pk])
        yield Event(
            row.created_at, f"opt-out ({row.get_kind_display()})", f"{soon}heard by {row.source}", page, "bad"
        )


@chapter
def repeats(delivery: Delivery) -> Iterator[Event]:
    """What the same occasion led to besides: it was sent again, or is itself a repeat."""
    base = delivery.slot_key.partition("~")[0]
    others = Delivery.objects.filter(cause=delivery.cause, source=delivery.source, slot_key__startswith=base)
    for row in others.exclude(pk=delivery.pk).order_by("pk")[:20]:
        if row.slot_key.partition("~")[0] == base:
            page = reverse("admin:outbox_delivery_change", args=[row.pk])
            yield Event(row.created_at, "another try of the same", row.get_state_display(), page)

"""What is told of an event: read when it is posted, so that what was erased meanwhile is not told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from contacts.models import Contact
from outbox.models import Delivery
from smsbridge.models import InboundMessage
from stagebased.models import Subscription
from webhooks.models import Event

Fields = dict[str, Any]


def instant(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value is not None else None


def _key(value: UUID | None) -> str | None:
    return str(value) if value is not None else None


def _delivery(row: Delivery, content: bool) -> Fields:
    told: Fields = {
        "channel": row.channel,
        "gateway": row.gateway,
        "state": row.state,
        "reason": row.reason,
        "source": row.source,
        "cause": str(row.cause),
        "occasion": row.slot_key if row.source != "sms-api" else "",
        "contact": _key(row.contact_id),
        "parts": row.parts,
        "attempts": row.attempts,
        **{
            name: instant(getattr(row, name))
            for name in ("created_at", "handed_at", "sent_at", "delivered_at", "ended_at")
        },
    }
    return told | ({"address": row.address, "text": row.text, "detail": row.detail} if content else {})


def _subscription(row: Subscription, content: bool) -> Fields:
    told: Fields = {
        "contact": str(row.contact_id),
        "messageset": row.messageset_id,
        "short_name": row.messageset.short_name,
        "schedule": row.schedule_id,
        "lang": row.lang,
        "next_sequence_number": row.next_sequence_number,
        "active": row.active,
        "completed": row.completed,
        "stopped": row.stopped,
        "continues": _key(row.continues_id),
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    }
    return told | ({"metadata": row.metadata} if content else {})


def _message(row: InboundMessage, content: bool) -> Fields:
    told: Fields = {
        "gateway": row.gateway,
        "contact": _key(row.contact_id),
        "meaning": row.meaning,
        "keyword": row.keyword,
        "received_at": instant(row.received_at),
        "sent_at": instant(row.sent_at),
    }
    return told | ({"sender": row.sender, "text": row.text} if content else {})


def _contact(row: Contact, content: bool) -> Fields:
    return {"opted_out_at": instant(row.opted_out_at), "language": row.language}


#: Beginning of a type → what its objects are, what must be read with them, and what is told.
_SOURCES: dict[str, tuple[type[Model], tuple[str, ...], Callable[[Any, bool], Fields]]] = {
    "delivery": (Delivery, (), _delivery),
    "subscription": (Subscription, ("messageset",), _subscription),
    "message": (InboundMessage, (), _message),
    "contact": (Contact, (), _contact),
}


def load(events: Iterable[Event]) -> dict[UUID, Any]:
    """The objects that the events are about, as far as there are any now; a statement for each kind."""
    wanted: dict[str, set[UUID]] = {}
    for event in events:
        wanted.setdefault(event.type.partition(".")[0], set()).add(event.object_id)
    found: dict[UUID, Any] = {}
    for source, ids in wanted.items():
        if source in _SOURCES:
            model, related, _ = _SOURCES[source]
            found |= model._default_manager.select_related(*related).in_bulk(list(ids))
    return found


def body(event: Event, objects: dict[UUID, Any], *, content: bool) -> bytes:
    """The event as it is posted. ``content``: with numbers and texts."""
    row = objects.get(event.object_id)
    source = _SOURCES.get(event.type.partition(".")[0])
    told = source[2](row, content) if source and row is not None else {}
    data = {"id": str(event.object_id), **told, **event.facts, "origin": _key(event.origin)}
    document = {"type": event.type, "timestamp": instant(event.occurred_at), "data": data}
    return json.dumps(document, separators=(",", ":")).encode()

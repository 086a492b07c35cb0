"""What was sent to a person."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from contacts.models import Contact
from contacts.records import Record, Section, register
from outbox.models import Delivery


def sent(contact: Contact) -> Iterator[Record]:
    rows = Delivery.objects.filter(contact=contact.pk).order_by("-created_at", "-pk")
    for row in rows.iterator(chunk_size=500):
        yield {
            "at": row.created_at, "text": row.text, "state": row.get_state_display(),
            "why": row.detail or row.reason, "channel": row.channel, "address": row.address,
            "handed_at": row.handed_at, "sent_at": row.sent_at, "delivered_at": row.delivered_at,
            "ended_at": row.ended_at, "id": row.pk, "cause": f"{row.source} {row.cause}",
            "page": reverse("admin:outbox_delivery_change", args=[row.pk]),
        }  # fmt: skip


register(Section("deliveries", "Sent", sent))

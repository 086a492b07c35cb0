"""What a person wrote to us."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from contacts.models import Contact
from contacts.records import Record, Section, register
from smsbridge.models import InboundMessage


def received(contact: Contact) -> Iterator[Record]:
    rows = InboundMessage.objects.filter(contact=contact.pk).order_by("-received_at")
    for row in rows.iterator(chunk_size=500):
        yield {
            "at": row.received_at, "text": row.text, "meaning": row.get_meaning_display(),
            "sender": row.sender, "gateway": row.gateway, "headers": row.headers, "id": row.pk,
            "page": reverse("admin:smsbridge_inboundmessage_change", args=[row.pk]),
        }  # fmt: skip


register(Section("received", "Received", received))

"""Which broadcasts a person was among."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from broadcasts.models import Recipient
from contacts.models import Contact
from contacts.records import Record, Section, register


def broadcasts(contact: Contact) -> Iterator[Record]:
    rows = Recipient.objects.filter(contact=contact.pk).select_related("broadcast").order_by("-pk")
    for row in rows.iterator(chunk_size=500):
        yield {
            "at": row.broadcast.created_at, "broadcast": row.broadcast.name, "language": row.lang,
            "address": row.address, "left_out": row.reason,
            "page": reverse("admin:broadcasts_broadcast_change", args=[row.broadcast_id]),
        }  # fmt: skip


register(Section("broadcasts", "Broadcasts", broadcasts))

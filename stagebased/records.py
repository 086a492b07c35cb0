"""A person's programmes, and what was changed about them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from contacts.models import Contact
from contacts.records import Record, Section, register
from stagebased.models import Change, Subscription


def subscriptions(contact: Contact) -> Iterator[Record]:
    rows = Subscription.objects.filter(contact=contact.pk).select_related("messageset", "schedule")
    for row in rows.order_by("-created_at", "-pk").iterator(chunk_size=500):
        yield {
            "at": row.created_at, "message_set": str(row.messageset),
            "next_message": row.next_sequence_number,
            "language": row.lang, "active": row.active, "completed": row.completed,
            "stopped": row.get_stopped_display() if row.stopped else "", "schedule": str(row.schedule),
            "date": row.anchor_date, "metadata": row.metadata, "id": row.pk,
            "page": reverse("admin:stagebased_subscription_change", args=[row.pk]),
        }  # fmt: skip


def changes(contact: Contact) -> Iterator[Record]:
    for row in Change.objects.filter(contact=contact.pk).order_by("-pk").iterator(chunk_size=500):
        yield {
            "at": row.created_at, "change": row.get_kind_display(), "before": row.before, "after": row.after,
            "reason": row.reason, "asked_by": row.source,
        }  # fmt: skip


register(Section("subscriptions", "Subscriptions", subscriptions))
register(Section("changes", "Changes of subscriptions", changes))

"""Which subscription made a delivery due, and with which message."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from outbox.models import Delivery
from outbox.story import Event, chapter
from stagebased.models import Subscription
from stagebased.operations.waiting import SOURCE


@chapter
def subscribed(delivery: Delivery) -> Iterator[Event]:
    if delivery.source != SOURCE:
        return
    message = delivery.options.get("message", {})
    for row in Subscription.objects.filter(pk=delivery.cause).select_related("messageset"):
        page = reverse("admin:stagebased_subscription_change", args=[row.pk])
        which = f"message {message['number']}, {message.get('lang', '')}" if "number" in message else ""
        yield Event(row.created_at, f"subscribed to {row.messageset}", which, page)

"""Which broadcast a delivery belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from broadcasts.models import SOURCE, Broadcast
from outbox.models import Delivery
from outbox.story import Event, chapter


@chapter
def announced(delivery: Delivery) -> Iterator[Event]:
    if delivery.source != SOURCE:
        return
    for broadcast in Broadcast.objects.filter(pk=delivery.cause):
        page = reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])
        yield Event(broadcast.started_at or broadcast.created_at, f"broadcast {broadcast.name}", page=page)

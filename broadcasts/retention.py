"""A broadcast goes as a whole: its page counts its deliveries as long as it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.retention import Rule, bites, register
from broadcasts.models import SOURCE, Broadcast, Recipient
from outbox.models import Delivery
from outbox.retention import ENDED, kept_with_their_cause

kept_with_their_cause.add(SOURCE)


def _old(days: float | None) -> QuerySet[Broadcast]:
    """Those that were done or cancelled so long ago and none of whose messages is under way."""
    if days is None:
        return Broadcast.objects.none()
    before = timezone.now() - timedelta(days=days)
    over = Broadcast.objects.filter(state__in=[Broadcast.State.DONE, Broadcast.State.CANCELLED])
    old = over.filter(Q(finished_at__lt=before) | Q(finished_at=None, created_at__lt=before))
    under_way = Delivery.objects.filter(source=SOURCE).exclude(state__in=ENDED)
    return old.exclude(pk__in=under_way.values("cause"))


def _bites(days: float | None) -> Iterator[int]:
    for key in list(_old(days).order_by("pk").values_list("pk", flat=True)):
        yield from bites(Delivery.objects.filter(source=SOURCE, cause=key))
        yield from bites(Recipient.objects.filter(broadcast=key))
        yield from bites(Broadcast.objects.filter(pk=key))


register(
    Rule(
        "broadcasts",
        "broadcasts that are over, with their recipients and deliveries",
        days=lambda: settings.DELIVERY_RETENTION_DAYS or None,
        count=lambda days: _old(days).count(),
        bites=_bites,
    )
)

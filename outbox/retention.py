"""How long deliveries are kept after they have come to their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.retention import Rule, bites, register
from outbox.ids import first_id_of
from outbox.models import Delivery

State = Delivery.State
ENDED = (State.SENT, State.DELIVERED, State.FAILED, State.SKIPPED, State.EXPIRED, State.CANCELLED)
#: Sources whose deliveries go with what they belong to, which counts them as long as it is there.
kept_with_their_cause: set[str] = set()


def ended_before(moment: datetime) -> QuerySet[Delivery]:
    """Deliveries that came to their end before that moment.

    Their ids are in the order of time, so the walk stops where younger ones
    begin; one that was made early for a late hour is told by its other times.
    """
    old = Delivery.objects.filter(pk__lt=first_id_of(moment), state__in=ENDED, created_at__lt=moment)
    return old.filter(Q(sent_at=None) | Q(sent_at__lt=moment), Q(ended_at=None) | Q(ended_at__lt=moment))


def _old(days: float) -> QuerySet[Delivery]:
    rows = ended_before(timezone.now() - timedelta(days=days))
    return rows.exclude(source__in=kept_with_their_cause)


def _bites(days: float | None) -> Iterator[int]:
    return iter(()) if days is None else bites(_old(days))


register(
    Rule(
        "deliveries",
        "deliveries that came to their end",
        days=lambda: settings.DELIVERY_RETENTION_DAYS or None,
        count=lambda days: 0 if days is None else _old(days).count(),
        bites=_bites,
    )
)

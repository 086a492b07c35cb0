"""How long events can be posted again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.retention import Rule, register
from webhooks import operations
from webhooks.models import Event


def _before(days: float | None) -> datetime:
    return timezone.now() - timedelta(days=settings.WEBHOOK_EVENT_DAYS if days is None else days)


def _count(days: float | None) -> int:
    return Event.objects.filter(occurred_at__lt=_before(days)).exclude(state=Event.State.WAITING).count()


def _bites(days: float | None) -> Iterator[int]:
    operations.give_up(now=timezone.now())
    yield 0
    yield from operations.forgetting(before=_before(days))


register(
    Rule(
        "webhook-events",
        "webhook events",
        days=lambda: settings.WEBHOOK_EVENT_DAYS,
        count=_count,
        bites=_bites,
    )
)

"""Rules about deliveries."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.sanity import Finding, among, register
from outbox.models import Delivery, Gateway

State = Delivery.State
_ENDED = [State.FAILED, State.SKIPPED, State.EXPIRED, State.CANCELLED]
#: Work that nobody has taken up for so long is not only late.
LATE = timedelta(hours=1)


def _left_lying() -> Finding:
    return among(Delivery.objects.filter(state=State.CLAIMED, lease_until__lt=timezone.now() - LATE))


def _standing_still() -> Finding:
    now = timezone.now()
    paused = Gateway.objects.filter(paused=True).values_list("name", flat=True)
    waiting = Delivery.objects.filter(state=State.QUEUED, not_before__lt=now - LATE)
    may_go = Q(closes_at=None) | Q(closes_at__gt=now)
    return among(waiting.filter(may_go).exclude(gateway__in=list(paused)))


register(
    "outbox.ended",
    "Deliveries have come to an end without a time, or have a time and go on.",
    lambda: among(
        Delivery.objects.filter(
            Q(state__in=_ENDED, ended_at=None) | Q(~Q(state__in=_ENDED), ended_at__isnull=False)
        )
    ),
)
register(
    "outbox.claimed",
    "Deliveries were begun more than an hour ago, and no worker goes on with them.",
    _left_lying,
)
register(
    "outbox.waiting", "Deliveries have been due for more than an hour: is a worker running?", _standing_still
)

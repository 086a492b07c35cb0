"""Which events are posted now, and by whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from outbox import sets
from webhooks.models import Endpoint, Event

#: Endpoints that are posted to side by side, and events of one that are taken at once.
ENDPOINTS, EVENTS = 16, 50
#: An endpoint whose worker is silent this long is taken up again.
LEASE = timedelta(seconds=60)


@dataclass
class Claim:
    """An endpoint that this worker has taken, and what waits for it."""

    endpoint: Endpoint
    events: list[Event] = field(default_factory=list)


def claim(*, now: datetime) -> list[Claim]:
    """Take endpoints for which something is due, the longest unserved first; four statements.

    An endpoint is one worker's at a time, so a slow one holds up nobody else.
    """
    waiting = Event.objects.filter(endpoint=OuterRef("pk"), state=Event.State.WAITING, due_at__lte=now)
    free = Q(quiet_until=None) | Q(quiet_until__lte=now)
    free &= Q(busy_until=None) | Q(busy_until__lte=now)
    with transaction.atomic():
        endpoints = list(
            Endpoint.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            )
            .filter(free, Exists(waiting), enabled=True)
            .order_by(F("served_at").asc(nulls_first=True), "pk")[:ENDPOINTS]
        )
        if not endpoints:
            return []
        keys = [endpoint.pk for endpoint in endpoints]
        Endpoint.objects.filter(pk__in=keys).update(busy_until=now + LEASE, served_at=now)
        events = Event.objects.filter(pk__in=_due(endpoints, now)).order_by("due_at", "pk")
        by_endpoint: dict[object, list[Event]] = defaultdict(list)
        for event in events:
            by_endpoint[event.endpoint_id].append(event)
    return [Claim(endpoint, by_endpoint[endpoint.pk]) for endpoint in endpoints]


_DUE = """
SELECT id FROM (
    SELECT id FROM webhooks_event
     WHERE endpoint_id = %s AND state = 'waiting' AND due_at <= %s
     ORDER BY due_at LIMIT %s
) AS due{n}"""


def _due(endpoints: list[Endpoint], now: datetime) -> list[int]:
    """The next events of each; one look into the index of waiting ones for each endpoint."""
    looks = " UNION ALL ".join(_DUE.format(n=n) for n in range(len(endpoints)))
    at = sets.time_value(now)
    params = [value for endpoint in endpoints for value in (sets.id_value(endpoint.pk), at, EVENTS)]
    return [key for (key,) in sets.fetch(looks, params)]

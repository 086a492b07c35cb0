"""What is going out: panels of the admin's front page, from the hourly counts."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from accounts.dashboard import Panel, register
from outbox import counts, gateways
from outbox.models import Delivery, DeliveryCount, Gateway

State = Delivery.State
#: What the chart draws: the state that was entered, its name there, its colour.
SERIES = [
    (State.QUEUED, "planned", "#6366f1"), (State.SENT, "sent", "#0ea5e9"),
    (State.DELIVERED, "delivered", "#16a34a"), (State.FAILED, "failed", "#dc2626"),
]  # fmt: skip
_HOUR = timedelta(hours=1)
#: Most reasons listed.
REASONS = 8


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def spans(now: datetime) -> dict[str, tuple[datetime, datetime]]:
    """From when to before when "today" and "this week" are, by the installation's clock."""
    today = _midnight(now)
    monday = today - timedelta(days=today.weekday())
    return {"Today": (today, today + timedelta(days=1)), "This week": (monday, monday + timedelta(days=7))}


def by_hour(since: datetime, until: datetime) -> dict[tuple[datetime, str], int]:
    """How many deliveries entered each state in each hour. One statement over a few rows an hour."""
    rows = DeliveryCount.objects.filter(hour__gte=since, hour__lt=until)
    summed = rows.values_list("hour", "state").annotate(total=Sum("count")).order_by()
    return {(hour, state): total for hour, state, total in summed}


def hours() -> dict[str, Any]:
    """The chart: each hour of today, and of this week."""
    now = timezone.now()
    periods = spans(now)
    found = by_hour(*periods["This week"])
    return {"spans": {name: _lines(found, *period, now=now) for name, period in periods.items()}}


def _lines(
    found: dict[tuple[datetime, str], int], since: datetime, until: datetime, *, now: datetime
) -> dict[str, Any]:
    """The lines end with the present hour; the axis shows the whole span."""
    moments = [since + _HOUR * n for n in range(int((until - since) / _HOUR))]
    past = [moment for moment in moments if moment <= now]
    week = len(moments) > 25
    return {
        "labels": [f"{moment:%a %H:%M}" if week else f"{moment:%H:%M}" for moment in moments],
        "datasets": [
            {
                "label": name, "borderColor": colour, "backgroundColor": colour, "borderWidth": 2,
                "pointRadius": 0 if week else 2, "tension": 0.25,
                "data": [found.get((moment, state), 0) for moment in past],
            }
            for state, name, colour in SERIES
        ],
    }  # fmt: skip


def funnel() -> dict[str, Any]:
    """How far what was planned in a span has got."""
    now = timezone.now()
    return {"spans": {name: _steps(*period) for name, period in spans(now).items()}}


def _steps(since: datetime, until: datetime) -> list[dict[str, Any]]:
    totals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry, count in counts.totals(since=since, until=until).items():
        totals[entry.gateway][entry.state] += count
    reached = [_reached(states) for states in totals.values()]
    names = ["planned", "handed over", "sent", "delivered"]
    colours = ["#6366f1", "#3b82f6", "#0ea5e9", "#16a34a"]
    sums = [sum(steps[at] for steps in reached) for at in range(len(names))]
    most = max(sums, default=0) or 1
    return [
        {"name": name, "count": count, "percent": round(100 * count / most), "colour": colour}
        for name, count, colour in zip(names, sums, colours, strict=True)
    ]


def _reached(states: dict[str, int]) -> tuple[int, int, int, int]:
    """A way out may skip steps (a notice arrives at once): whoever is delivered was sent as well."""
    sent = max(states[State.SENT], states[State.DELIVERED])
    return states[State.QUEUED], max(states[State.HANDED], sent), sent, states[State.DELIVERED]


def reasons() -> dict[str, Any]:
    """Why deliveries failed, the most frequent first."""
    return {"spans": {name: _reasons(*period) for name, period in spans(timezone.now()).items()}}


def _reasons(since: datetime, until: datetime) -> list[dict[str, Any]]:
    rows = DeliveryCount.objects.filter(hour__gte=since, hour__lt=until, state=State.FAILED)
    summed = rows.values_list("reason").annotate(total=Sum("count")).order_by("-total", "reason")[:REASONS]
    return [{"reason": reason, "name": reason.replace("_", " "), "count": total} for reason, total in summed]


def queues() -> dict[str, Any]:
    """Each gateway: whether it works, what waits for it, since when the longest due one is due."""
    now = timezone.now()
    known = {gateway.name: gateway for gateway in Gateway.objects.order_by("name")}
    depths = counts.depths(now=now, names=list(known))
    return {
        "gateways": [
            {
                "gateway": known[depth.gateway],
                "closed_until": gateways.closed_until(known[depth.gateway], now),
                "waiting": depth.waiting,
                "more": depth.waiting >= counts.COUNT_MOST,
                "oldest_due": depth.oldest_due,
            }
            for depth in depths
        ]
    }


register(Panel("hours", "Sends per hour", "outbox/panels/hours.html", hours, Delivery, 10, wide=True))
register(Panel("funnel", "How far they get", "outbox/panels/funnel.html", funnel, Delivery, 20))
register(Panel("reasons", "Why deliveries fail", "outbox/panels/reasons.html", reasons, Delivery, 30))
register(Panel("queues", "Gateways and queues", "outbox/panels/queues.html", queues, Gateway, 40))

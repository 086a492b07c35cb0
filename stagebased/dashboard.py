"""Who is where in the programmes: a panel of the admin's front page."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from accounts.dashboard import Panel, register
from stagebased.models import MessageSet, StageCount, Subscription

#: Columns of the little chart; of a longer set several stages share one.
COLUMNS = 40


def subscriptions() -> dict[str, Any]:
    """Running subscriptions of each set and stage, as they were last counted (``census``)."""
    by_set: dict[int, dict[int, int]] = defaultdict(dict)
    counted_at = None
    for row in StageCount.objects.all():
        by_set[row.messageset_id][row.position] = row.count
        counted_at = row.counted_at
    sets = MessageSet.objects.filter(pk__in=by_set)
    shown = [
        {"set": one, "total": sum(by_set[one.pk].values()), "bars": bars(by_set[one.pk])} for one in sets
    ]
    return {"sets": sorted(shown, key=lambda entry: -entry["total"]), "counted_at": counted_at}


def bars(stages: dict[int, int]) -> list[dict[str, Any]]:
    """From the first stage to the last that has anybody: how many, and how tall that is in percent."""
    last = max(stages)
    width = -(-last // COLUMNS)
    columns: dict[int, int] = defaultdict(int)
    for position, count in stages.items():
        columns[(position - 1) // width] += count
    most = max(columns.values())
    return [
        {
            "stages": f"{at * width + 1}"
            if width == 1
            else f"{at * width + 1}–{min((at + 1) * width, last)}",
            "count": columns[at],
            "percent": round(100 * columns[at] / most),
        }
        for at in range((last - 1) // width + 1)
    ]


register(
    Panel("programmes", "Running subscriptions by stage", "stagebased/panels/subscriptions.html",
          subscriptions, Subscription, 70, wide=True)
)  # fmt: skip

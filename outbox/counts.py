"""How many deliveries there are: totals from hourly counts, and the queue's depth.

Nothing here counts deliveries one by one except those still waiting, which
are found in small partial indexes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Sum

from outbox import sets
from outbox.models import Delivery, DeliveryCount, Gateway


class Entry(NamedTuple):
    """What is counted together: deliveries of one channel and gateway that entered a state for one reason."""

    state: str
    channel: str
    gateway: str
    reason: str = ""


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def add(entered: Mapping[Entry, int], *, at: datetime) -> None:
    """Record that so many deliveries entered a state. One statement; call it in their transaction."""
    hour = sets.time_text(hour_of(at))
    given = sets.records([(hour, *entry, count) for entry, count in entered.items()], **_COLUMNS)
    sets.fetch(_ADD.format(given=given.sql), given.params)


_COLUMNS = {"hour": "timestamptz", **dict.fromkeys(Entry._fields, "text"), "count": "bigint"}
_ADD = f"""
INSERT INTO outbox_deliverycount ({", ".join(_COLUMNS)})
SELECT * FROM {{given}} AS given
RETURNING 1"""  # noqa: S608 - names of columns


def totals(*, since: datetime | None = None, until: datetime | None = None) -> dict[Entry, int]:
    """How many deliveries entered each state, in the hours from ``since`` to before ``until``."""
    rows = DeliveryCount.objects.all()
    if since is not None:
        rows = rows.filter(hour__gte=hour_of(since))
    if until is not None:
        rows = rows.filter(hour__lt=until)
    summed = rows.values_list("state", "channel", "gateway", "reason").annotate(total=Sum("count"))
    return {Entry(*key): total for *key, total in summed.order_by()}


class Depth(NamedTuple):
    """What waits for a gateway. ``waiting`` counts no further than ``COUNT_MOST``."""

    gateway: str
    waiting: int
    #: When the longest due one became due; None when nothing is due.
    oldest_due: datetime | None


#: A queue deeper than this is deep; counting on would cost what it tells.
COUNT_MOST = 100_000


def depth(gateway: str, *, now: datetime) -> Depth:
    """How much waits for a gateway, and since when. Reads the index of waiting deliveries only."""
    return _depths([gateway], now)[0]


def depths(*, now: datetime, names: Sequence[str] | None = None) -> list[Depth]:
    """``depth`` of these gateways, in the order of names; else of all of which there is a record."""
    if names is None:
        names = list(Gateway.objects.values_list("name", flat=True))
    return _depths(names, now) if names else []


# One look per priority, because the index is in that order; each finds the first entry.
_DEPTHS = """
SELECT g.name,
       (SELECT COUNT(*) FROM (
            SELECT 1 FROM outbox_delivery d WHERE d.gateway = g.name AND d.state = 'queued' LIMIT %s
       ) AS waiting),
       (SELECT MIN(first) FROM (
            SELECT (SELECT d.not_before FROM outbox_delivery d
                     WHERE d.gateway = g.name AND d.state = 'queued' AND d.priority = p.n
                       AND d.not_before <= %s
                     ORDER BY d.not_before LIMIT 1) AS first
              FROM ({priorities}) AS p
       ) AS firsts)
  FROM {names} AS g
 ORDER BY g.name
"""


def _depths(names: Sequence[str], now: datetime) -> list[Depth]:
    given = sets.records([(name,) for name in names], name="text")
    priorities = " UNION ALL ".join(f"SELECT {value} AS n" for value in Delivery.Priority.values)
    statement = _DEPTHS.format(priorities=priorities, names=given.sql)
    rows = sets.fetch(statement, [COUNT_MOST, sets.time_value(now), *given.params])
    return [Depth(name, waiting, sets.time_from(first)) for name, waiting, first in rows]


#: Hours whose counts may still be added to; older ones have been added up.
SQUASH_HOURS = 48


def squash(*, now: datetime) -> int:
    """Add up the many small rows of an hour; how many rows that saved.

    Rows that another sweep is adding up are left to it.
    """
    with transaction.atomic():
        rows = list(
            DeliveryCount.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            )
            .filter(hour__gte=hour_of(now) - timedelta(hours=SQUASH_HOURS))
            .order_by("pk")[:20_000]
        )
        summed, several = _sums(rows)
        DeliveryCount.objects.filter(pk__in=several).delete()
        DeliveryCount.objects.bulk_create(
            DeliveryCount(hour=hour, count=count, **entry._asdict())
            for (hour, entry), count in summed.items()
        )
    return len(several) - len(summed)


def _sums(rows: Iterable[DeliveryCount]) -> tuple[dict[tuple[datetime, Entry], int], list[int]]:
    """The sums of what is in more than one row, and those rows' ids."""
    grouped: dict[tuple[datetime, Entry], list[DeliveryCount]] = defaultdict(list)
    for row in rows:
        grouped[row.hour, Entry(row.state, row.channel, row.gateway, row.reason)].append(row)
    several = {key: found for key, found in grouped.items() if len(found) > 1}
    sums = {key: sum(row.count for row in found) for key, found in several.items()}
    return sums, [row.pk for found in several.values() for row in found]

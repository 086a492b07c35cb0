"""The service's own figures, under the names that existing dashboards ask for.

Sums are carried on: each run counts the deliveries planned since the one
before, found by their ids, which are in order of time. So a run costs what is
new, however many deliveries there are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery

from outbox.models import Delivery
from stagebased.calendar import BadCronField, slots_between
from stagebased.models import MessageSet, Metric, Schedule, Subscription
from stagebased.operations.waiting import SOURCE
from stagebased.slots import cron_of, own_zone

#: Due subscriptions whose slot ended as a failure. Its time says up to when the sums have counted.
ERRORED = "subscriptions.send_next_message_errored.sum"
#: A transaction may still commit deliveries whose ids are this old; no task runs longer.
SETTLED = timedelta(minutes=5)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def estimate_key(weekday: int) -> str:
    """Expected sends on a day of this week; 0 is Monday."""
    return f"subscriptions.send.estimate.{weekday}.last"


def sum_keys(content_type: str, short_name: str) -> tuple[str, str]:
    """The sums that a message of this set counts for: its own and that of its content type."""
    plain = re.sub(r"[^A-Za-z0-9]", "_", short_name)
    return f"message.{content_type}.{plain}.sum", f"message.{content_type}.sum"


def keys() -> list[str]:
    """All keys, each once: the scheduled estimates, the errors, and the sums of the sets there are."""
    found = [ERRORED, *(estimate_key(day) for day in range(7))]
    for content_type, short_name in MessageSet.objects.order_by("id").values_list(
        "content_type", "short_name"
    ):
        found += sum_keys(content_type, short_name)
    return list(dict.fromkeys(found))


def compute(*, now: datetime) -> dict[str, float]:
    """Compute and store the estimates and carry on the sums; what was stored."""
    values: dict[str, float] = dict(_estimates(now))
    _store(values, at=now)
    return values | carry_on_sums(until=now - SETTLED)


def _store(values: dict[str, float], *, at: datetime) -> None:
    Metric.objects.bulk_create(
        [Metric(key=key, value=value, computed_at=at) for key, value in sorted(values.items())],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["value", "computed_at"],
    )


@transaction.atomic
def carry_on_sums(*, until: datetime) -> dict[str, float]:
    """Add the deliveries planned since the last time and up to ``until``; the new sums."""
    Metric.objects.get_or_create(key=ERRORED, defaults={"value": 0, "computed_at": _LONG_AGO})
    # Whoever comes at the same time waits here, and then finds nothing new.
    since = Metric.objects.select_for_update().get(key=ERRORED).computed_at
    if until <= since:
        return {}
    added = _planned(since, until)
    earlier = dict(Metric.objects.filter(key__in=added).values_list("key", "value"))
    sums = {key: earlier.get(key, 0) + count for key, count in added.items()}
    _store(sums, at=until)
    return sums


def _planned(since: datetime, until: datetime) -> Counter[str]:
    """Deliveries planned, by key; those that failed at once are errors, those skipped count nowhere."""
    subscription = Subscription.objects.filter(pk=OuterRef("cause"))
    never_tried = Q(claimed_at=None, state__in=[Delivery.State.FAILED, Delivery.State.SKIPPED])
    rows = (
        Delivery.objects.filter(source=SOURCE, pk__gte=_first_id(since), pk__lt=_first_id(until))
        .annotate(set_id=Subquery(subscription.values("messageset_id")[:1]))
        .values("set_id")
        .annotate(
            went_out=Count("pk", filter=~never_tried),
            failed=Count("pk", filter=never_tried & Q(state="failed")),
        )
    )
    added: Counter[str] = Counter({ERRORED: 0})
    sets = {row.pk: sum_keys(row.content_type, row.short_name) for row in MessageSet.objects.all()}
    for row in rows:
        added[ERRORED] += row["failed"]
        for key in sets.get(row["set_id"], ()):
            added[key] += row["went_out"]
    return added


def _first_id(moment: datetime) -> UUID:
    """The smallest id a delivery made at this moment could have (RFC 9562, section 5.7)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _estimates(now: datetime) -> Iterable[tuple[str, float]]:
    """For today and each day up to Sunday (UTC): how many sends are due."""
    ready = _ready_by_schedule()
    for weekday in range(now.weekday(), 7):
        start = datetime.combine(now.date(), time(), UTC) + timedelta(days=weekday - now.weekday())
        yield estimate_key(weekday), float(sum(count * _runs(schedule, start) for schedule, count in ready))


def _ready_by_schedule() -> list[tuple[Schedule, int]]:
    ready = Subscription.objects.filter(active=True, completed=False, process_status=0)
    counts = dict(ready.order_by().values_list("schedule").annotate(Count("pk")))
    return [(schedule, counts[schedule.pk]) for schedule in Schedule.objects.filter(pk__in=counts)]


def _runs(schedule: Schedule, start: datetime) -> int:
    try:
        cron = cron_of(schedule)
    except BadCronField:
        return 0
    instant = timedelta(microseconds=1)
    return len(slots_between(cron, own_zone(schedule), start - instant, start + timedelta(days=1) - instant))

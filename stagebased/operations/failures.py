"""Stopping subscriptions whose messages do not arrive, and letting them go on at a new address."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from outbox import sets
from stagebased.models import Change, MessageSet, Subscription
from stagebased.operations.audit import NOBODY, record
from stagebased.operations.waiting import cancel_waiting

Stopped = Subscription.Stopped

# Only what was tried counts: a missing text or address is not the telephone's fault. What the network took
# ends the row; should a report say later that it failed after all, this is asked again.
_FAILED = "d.source = 'subscription' AND d.state = 'failed' AND d.claimed_at IS NOT NULL"
_FAILING = """
SELECT CAST(s.id AS text)
  FROM stagebased_subscription s JOIN stagebased_messageset m ON m.id = s.messageset_id
 WHERE m.stop_after_failures IS NOT NULL AND s.active AND NOT s.completed
   AND s.id IN (SELECT d.cause FROM outbox_delivery d WHERE {failed} AND {which})
   AND m.stop_after_failures <= (
       SELECT COUNT(*) FROM outbox_delivery d
        WHERE d.cause = s.id AND {failed} AND d.created_at >= COALESCE(s.counted_from, s.created_at)
          AND NOT EXISTS (SELECT 1 FROM outbox_delivery ok
                           WHERE ok.cause = s.id AND ok.source = 'subscription'
                             AND ok.state IN ('sent', 'delivered') AND ok.id > d.id))
 ORDER BY s.id
"""


def stop_after_failures(
    *, now: datetime, delivery_ids: Collection[UUID] | None = None, since: datetime | None = None
) -> list[Subscription]:
    """Stop subscriptions whose last messages all failed, as many as their set allows; which.

    Looked at are those of the deliveries named, or of all that failed since
    then. A fixed number of statements, one where no set has such a rule.
    """
    if not MessageSet.objects.filter(stop_after_failures__isnull=False).exists():
        return []
    which, params = _chosen(delivery_ids, since)
    statement = _FAILING.format(failed=_FAILED, which=which)
    keys = [UUID(key) for (key,) in sets.fetch(statement, params)]
    return _stop(keys, now) if keys else []


def _chosen(delivery_ids: Collection[UUID] | None, since: datetime | None) -> tuple[str, tuple[Any, ...]]:
    if delivery_ids is not None:
        given = sets.ids_in(delivery_ids)
        return f"d.id IN {given.sql}", given.params
    if since is not None:
        return "d.ended_at >= %s", (sets.time_value(since),)
    raise TypeError("stop_after_failures() needs delivery_ids or since")


@transaction.atomic
def _stop(keys: Collection[UUID], now: datetime) -> list[Subscription]:
    running = Subscription.objects.filter(pk__in=keys, active=True, completed=False)
    rows = running.select_for_update(no_key=True, of=("self",)).select_related("messageset").order_by("pk")
    found = list(rows)
    ids = [subscription.pk for subscription in found]
    Subscription.objects.filter(pk__in=ids).update(
        active=False, stopped=Stopped.FAILURES, updated_at=now, updated_by=None
    )
    for most in {subscription.messageset.stop_after_failures for subscription in found}:
        of_rule = [one for one in found if one.messageset.stop_after_failures == most]
        record(Change.Kind.STOP, of_rule, NOBODY, after={"stopped": Stopped.FAILURES, "failures": most})
    cancel_waiting(ids)
    return found

"""What is done from time to time: expiry, retention, clearing away, counting again.

Each is an iterator that works as it is gone through: stopped anywhere, it has
done what it told of.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from sendables.entities import Entity
from sendables.models import Inbox
from sendables.operations.collecting import mark_hanging, remove_hanging
from sendables.operations.withdrawing import withdraw
from sendables.sql import Among


def expiring(kind: Entity, now: datetime | None = None) -> Iterator[int]:
    """Take what has expired away from everybody, bite by bite; how many contents each time.

    Nobody has seen it since it expired; this clears the counters and lets it
    be removed.
    """
    expired = kind.contents.filter(expires_at__lte=now or timezone.now(), hanging_since=None)
    return (_withdraw_contents(kind, keys) for keys in _bites(kind, expired))


def retiring(kind: Entity, days: float | None) -> Iterator[int]:
    """Take away what was sent longer ago than that (None: nothing); how many contents each bite."""
    if days is None:
        return iter(())
    return (_withdraw_contents(kind, keys) for keys in _bites(kind, outdated(kind, days)))


def outdated(kind: Entity, days: float) -> QuerySet[Any]:
    """What was sent longer ago than that and is not cleared away yet."""
    return kind.contents.filter(sent_on__lt=timezone.now() - timedelta(days=days), hanging_since=None)


def finding_hanging(kind: Entity) -> Iterator[int]:
    """Look through everything for what nobody holds; how many contents that were in each bite.

    For what no deletion noticed: accounts that were removed with the last copies.
    """
    if not kind.settings.DELETE_HANGING_SENDABLES:
        return iter(())
    everything = kind.contents.filter(hanging_since=None)
    return (mark_hanging(kind, kind.contents.filter(Among("pk", keys))) for keys in _bites(kind, everything))


def collecting(kind: Entity) -> Iterator[int]:
    """Remove what has been hanging long enough; how many rows each bite was."""
    if not kind.settings.DELETE_HANGING_SENDABLES:
        return
    while bite := remove_hanging(kind, kind.contents.filter(hanging_since__isnull=False)):
        yield bite


def recounting(kind: Entity) -> Iterator[int]:
    """Set right the unread counters that are not what a recount says; how many that were in each bite.

    There are none unless somebody wrote to the tables behind the operations.
    """
    last = 0
    boxes = Inbox.objects.filter(entity=kind.name).order_by("pk")
    while ids := list(boxes.filter(pk__gt=last).values_list("pk", flat=True)[: kind.settings.COLLECT_BITE]):
        yield _recount_bite(kind, ids)
        last = ids[-1]


@transaction.atomic
def _recount_bite(kind: Entity, ids: list[int]) -> int:
    boxes = list(Inbox.objects.select_for_update().filter(Among("pk", ids)).order_by("user_id"))
    unread = kind.receipts.held().filter(Among("recipient_id", [box.user_id for box in boxes]), unread=True)
    counted = dict(unread.order_by().values_list("recipient").annotate(Count("pk")))
    wrong = [box for box in boxes if box.unread != counted.get(box.user_id, 0)]
    for box in wrong:
        box.unread = counted.get(box.user_id, 0)
        box.version += 1
    Inbox.objects.bulk_update(wrong, ["unread", "version"])
    return len(wrong)


def _bites(kind: Entity, rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Primary keys of ``rows``, a bite at a time, each row once."""
    ordered, last = rows.order_by("pk").values_list("pk", flat=True), None
    while True:
        following = ordered if last is None else ordered.filter(pk__gt=last)
        keys = list(following[: kind.settings.COLLECT_BITE])
        if not keys:
            return
        yield keys
        last = keys[-1]


def _withdraw_contents(kind: Entity, keys: list[Any]) -> int:
    """Take these contents away from all who hold them and let them be removed."""
    while withdraw(kind, kind.receipts.filter(Among("sendable_id", keys)), most=kind.settings.COLLECT_BITE):
        pass
    ripe = timezone.now() - timedelta(days=kind.settings.HANGING_DAYS)
    kind.contents.filter(Among("pk", keys)).update(hanging_since=ripe)
    return len(keys)

"""What in-app messages leave behind and when it is forgotten; a rule for each entity."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from accounts.retention import Rule, register, rows
from sendables.entities import Entity, entities, entity
from sendables.models import Pace, Posting, SendKey
from sendables.operations import retention
from sendables.operations.collecting import nobody_holds

log = logging.getLogger(__name__)
#: Days for which a send that was worked off later, or called off, can still be looked at.
POSTING_KEPT = 30


def _rule(name: str) -> Rule:
    return Rule(
        name,
        f"rows of {name}s that are outdated, expired or held by nobody",
        days=lambda: entity(name).settings.RETENTION_DAYS,
        count=lambda days: _count(entity(name), days),
        bites=lambda days: _bites(entity(name), days),
    )


def _count(kind: Entity, days: float | None) -> int:
    """Contents that would go; their receipts go with them."""
    gone = Q(expires_at__lte=timezone.now()) | Q(hanging_since__isnull=False) | Q(nobody_holds(kind))
    if days is not None:
        gone |= Q(pk__in=retention.outdated(kind, days).values("pk"))
    return kind.contents.filter(gone).count()


def _bites(kind: Entity, days: float | None) -> Iterator[int]:
    """Take away, then remove. Taking away removes no row: its bites count as none."""
    for step in (retention.expiring(kind), retention.retiring(kind, days), retention.finding_hanging(kind)):
        for _ in step:
            yield 0
    yield from retention.collecting(kind)
    mended = 0
    for bite in retention.recounting(kind):
        mended += bite
        yield 0
    if mended:
        log.warning("%s: %s unread counters were wrong and are right now", kind.name, mended)


def _key_days() -> float:
    return max(kind.settings.IDEMPOTENCY_HOURS for kind in entities()) / 24


for _kind in entities():
    register(_rule(_kind.name))
register(
    rows(
        "send-keys",
        "Idempotency-Keys of messages",
        days=_key_days,
        old=lambda moment: SendKey.objects.filter(created_at__lt=moment),
    )
)
register(
    rows(
        "send-pace",
        "notes of how fast people sent, that count no more",
        days=lambda: 1,
        old=lambda moment: Pace.objects.filter(paid_until__lt=moment),
    )
)
register(
    rows(
        "postings",
        "scheduled and large sends that were worked off or called off",
        days=lambda: POSTING_KEPT,
        old=lambda moment: Posting.objects.filter(Q(finished_at__lt=moment) | Q(cancelled_at__lt=moment)),
    )
)

"""What runs by the clock, over all entities."""

from __future__ import annotations

import logging
from datetime import timedelta

from sendables.entities import entities
from sendables.operations import retention
from sendables.operations.repeats import forget_keys

log = logging.getLogger(__name__)


def sweep() -> None:
    """Every minute: what has expired and what nobody holds. Costs what is new, not what is kept."""
    for kind in entities():
        retention.expire(kind)
        retention.collect(kind)


def prune() -> None:
    """Every night: what is too old, what accounts left behind, counters, keys of requests."""
    for kind in entities():
        retention.retire(kind)
        retention.find_hanging(kind)
        retention.collect(kind)
        mended = retention.recount(kind)
        if mended:
            log.warning("%s: %s unread counters were wrong and are right now", kind.name, mended)
    hours = max(kind.settings.IDEMPOTENCY_HOURS for kind in entities())
    forget_keys(older_than=timedelta(hours=hours))

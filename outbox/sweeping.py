"""What is done now and then, so that nothing lies about for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outbox import counts
from outbox.clock import Clock
from outbox.operations import expire_due


@dataclass(frozen=True)
class Swept:
    expired: int
    squashed: int


def sweep(*, now: datetime | None = None) -> Swept:
    """End what waited past its expiry, add up counts. Safe at any time, in any number at once.

    Claims that outlived their worker need no sweep of their own: the
    dispatcher retakes them (``outbox.claims``), whatever becomes of this.
    """
    moment = Clock(now).now()
    return Swept(expired=expire_due(now=moment), squashed=counts.squash(now=moment))

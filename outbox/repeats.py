"""Whether a delivery that ended short may be repeated, and when: the app that wished for it says so.

The outbox knows that somebody opted out. That a programme was stopped after a
loss, or that nothing may arrive at night, its app knows: it adds its terms
here, by the source of its deliveries. Those of other sources go at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from outbox.models import Delivery


class Terms(NamedTuple):
    """From when, until when before its next hours, and until when at all."""

    not_before: datetime | None = None
    closes_at: datetime | None = None
    expires_at: datetime | None = None


#: The terms of those of the deliveries that may be repeated; the others are passed over.
Say = Callable[[Sequence[Delivery]], Mapping[UUID, Terms]]
_SAY: dict[str, Say] = {}


def register(source: str, say: Say) -> None:
    _SAY[source] = say


def terms(deliveries: Iterable[Delivery]) -> dict[UUID, Terms]:
    """By delivery, for those that may be repeated. Each source costs a fixed number of statements."""
    by_source: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_source[delivery.source].append(delivery)
    found: dict[UUID, Terms] = {}
    for source, rows in by_source.items():
        found |= _SAY[source](rows) if source in _SAY else {row.pk: Terms() for row in rows}
    return found

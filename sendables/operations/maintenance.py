"""What runs by the clock, over all entities."""

from __future__ import annotations

from itertools import chain

from sendables.entities import entities
from sendables.operations import retention


def sweep() -> None:
    """Every minute: what has expired and what nobody holds. Costs what is new, not what is kept."""
    for kind in entities():
        for _ in chain(retention.expiring(kind), retention.collecting(kind)):
            pass

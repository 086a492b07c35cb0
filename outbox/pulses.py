"""Signs of life: when the clock last ticked and each gateway last had its turn.

A tick counts when a worker has worked on it, so its age tells of the whole
chain: beat, broker, worker.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now

from outbox.models import Pulse

#: Beat's own pulse. A gateway's is ``gateway.<name>``.
BEAT = "beat"


def of_gateway(name: str) -> str:
    return f"gateway.{name}"


def beat(name: str) -> None:
    """It has just happened, by the database's clock. One statement."""
    Pulse.objects.bulk_create(
        [Pulse(name=name, at=Now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at"],
    )


def ages(*, now: datetime) -> dict[str, float]:
    """Seconds since each last happened."""
    return {name: (now - at).total_seconds() for name, at in Pulse.objects.values_list("name", "at")}

"""The one statement that moves deliveries forward.

``advance`` is how every state but *queued* and *claimed* is reached: many
deliveries, each with its own time and reason, only from the states that
``FORWARD`` allows, in a fixed number of statements. What has already gone
further is left as it is, so late, doubled and disordered news change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from outbox import counts, sets, trail
from outbox.models import FORWARD, Delivery
from outbox.signals import deliveries_changed, deliveries_entered

State = Delivery.State

#: The column that holds the time at which a state was entered.
STAMPS: dict[str, str] = {
    State.HANDED: "handed_at",
    State.SENT: "sent_at",
    State.DELIVERED: "delivered_at",
    State.FAILED: "ended_at",
    State.EXPIRED: "ended_at",
    State.CANCELLED: "ended_at",
}
#: Length of Delivery.detail; what is longer is cut, because it is only for reading.
DETAIL_MOST = 300

_UPDATE = """
UPDATE outbox_delivery
   SET state = %s, {stamp} = given.at, {cleared}reason = given.why, detail = given.how,
       claim = NULL, lease_until = NULL
  FROM {source} AS given
 WHERE outbox_delivery.id = given.k AND (outbox_delivery.state IN ({states}){also})
RETURNING outbox_delivery.id, channel, gateway, reason, origin
"""
_LOCKED = """(
    SELECT wanted.* FROM {given} wanted JOIN outbox_delivery held ON held.id = wanted.k
     ORDER BY held.id FOR UPDATE OF held
)"""
#: Somebody stopped it, but a worker whose hand-over broke off had tried it: news that it went out counts.
_TRIED = " OR (outbox_delivery.state IN ('cancelled', 'expired') AND outbox_delivery.attempts > 0)"


class Move(NamedTuple):
    """One delivery on its way into a state: when, and for what reason."""

    id: UUID
    at: datetime
    reason: str = ""
    detail: str = ""


def advance(state: str, moves: Iterable[Move]) -> list[UUID]:
    """Move deliveries into ``state``; the ids of those that moved.

    One statement, and one more for the counts. Rows are locked in the order
    of their ids, so that two batches that overlap wait for each other instead
    of deadlocking. ``deliveries_changed`` is sent after commit.
    """
    wanted = [(sets.id_value(m.id), sets.time_text(m.at), m.reason, m.detail[:DETAIL_MOST]) for m in moves]
    if not wanted:
        return []
    with transaction.atomic(savepoint=False):
        moved = _update(state, wanted)
        ids = [sets.id_from(row[0]) for row in moved]
        entries = Counter(counts.Entry(state, *row[1:4]) for row in moved)
        entered(state, entries, ids, origins=origins_of(zip(ids, (row[4] for row in moved), strict=True)))
    return ids


def _update(state: str, wanted: list[tuple[str, str, str, str]]) -> list[tuple]:
    given = sets.records(wanted, k="uuid", at="timestamptz", why="text", how="text")
    went_out = state in (State.SENT, State.DELIVERED)
    statement = _UPDATE.format(
        stamp=STAMPS[state],
        cleared="ended_at = NULL, " if went_out else "",
        source=_LOCKED.format(given=given.sql) if sets.on_postgresql() else given.sql,
        states=", ".join(["%s"] * len(FORWARD[state])),
        also=_TRIED if went_out else "",
    )
    return sets.fetch(statement, (state, *given.params, *FORWARD[state]))


def origins_of(pairs: Iterable[tuple[UUID, Any]]) -> dict[UUID, UUID]:
    """Delivery → request or task; those of unknown origin are left out."""
    return {key: sets.id_from(origin) for key, origin in pairs if origin is not None}


def entered(
    state: str,
    entries: Mapping[counts.Entry, int],
    ids: list[UUID],
    *,
    origins: Mapping[UUID, UUID],
) -> None:
    """Count deliveries that have just entered ``state``; tell of them now, and again after commit."""
    if ids:
        counts.add(entries, at=timezone.now())
        announce(state, ids, origins=origins)


def announce(state: str, ids: list[UUID], *, origins: Mapping[UUID, UUID]) -> None:
    """Tell now, and again after commit, of deliveries that have just entered ``state``."""
    deliveries_entered.send(sender=Delivery, state=state, ids=ids)
    transaction.on_commit(lambda: _tell(state, ids, origins), robust=True)


def _tell(state: str, ids: list[UUID], origins: Mapping[UUID, UUID]) -> None:
    trail.note(state, ids, origins)
    deliveries_changed.send_robust(sender=Delivery, state=state, ids=ids)

"""The second half of a round: what happens inside the transaction that hands deliveries over."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from contacts import gate
from outbox import claims, counts, gateways, rates, sets
from outbox.channels import Channel, HandOver, Outgoing, Refusal
from outbox.claims import Claim
from outbox.clock import Clock
from outbox.models import Delivery, Gateway
from outbox.moves import DETAIL_MOST, Move, advance, entered, origins_of
from outbox.optouts import closed_sql

State = Delivery.State


@dataclass
class Dispatched:
    """What became of deliveries, in numbers."""

    handed: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    expired: int = 0
    #: Put back, to be tried again.
    returned: int = 0

    def __iadd__(self, other: Dispatched) -> Dispatched:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self

    @property
    def total(self) -> int:
        return sum(getattr(self, each.name) for each in fields(self))


def hand_over(gateway: Gateway, channel: Channel, claim: Claim, clock: Clock) -> Dispatched:
    """Hand over what of the claim is still ours and may still go out; record what became of each.

    The rows are locked by being written as *handed* before the channel does
    it, in one statement. Nobody sees that before the commit; whatever breaks
    off in between undoes it.
    """
    with transaction.atomic():
        gate.shared()
        left = rates.left_locked(gateway, now=clock.now())
        going, origins = _let_go(claim, channel.address_kind, _Limits.of(gateway, left, clock.now()))
        result = channel.hand_over(gateway, going) if going else HandOver()
        now = clock.now()
        rates.use(gateway, len(result.handed) + len(result.delivered), now=now)
        did = _record(_Batch(gateway, going, origins), result, now)
        if len(going) < len(claim.ids):
            did += _hold_back(claim, channel.address_kind, now)
    return did


class _Batch(NamedTuple):
    """What goes to a gateway's channel, and which requests or tasks asked for it."""

    gateway: Gateway
    going: Sequence[Outgoing]
    origins: Mapping[UUID, UUID]

    def enter(self, state: str, ids: list[UUID]) -> None:
        entry = counts.Entry(state, self.gateway.channel, self.gateway.name)
        entered(state, {entry: len(ids)}, ids, origins=self.origins)


class _Limits(NamedTuple):
    """What the gateway may be given at a moment: how many (None: any number), and down to which priority."""

    now: datetime
    most: int | None
    priority: int

    @classmethod
    def of(cls, gateway: Gateway, most: int | None, now: datetime) -> _Limits:
        is_open = gateways.closed_until(gateway, now) is None
        return cls(now, most, Delivery.Priority.BULK if is_open else Delivery.Priority.REPLY)


def _let_go(claim: Claim, address_kind: str, limits: _Limits) -> tuple[list[Outgoing], dict[UUID, UUID]]:
    """Those of the claim that are still this worker's and may go, written as handed, most urgent first.

    Locked in the order of their ids, as everywhere; read after the gate, so
    that an opt-out is either seen or still to come. One that was written anew
    since it was claimed is no longer in its place: ``_hold_back`` sees to it.
    """
    chosen, at = sets.places_in(claim.places), sets.time_value(limits.now)
    limit = len(claim.ids) if limits.most is None else limits.most
    found = sets.fetch(
        _GO[connection.vendor].format(places=chosen.sql, closed=_CLOSED),
        (address_kind, *chosen.params, claim.key, at, at, int(limits.priority), limit, at),
    )
    # In two steps, because most agree in priority and time: comparing whole keys costs five times as much.
    found.sort(key=itemgetter(0))
    found.sort(key=itemgetter(-3, -2))
    going = [_outgoing(row) for row in found]
    return going, origins_of((one.id, row[-1]) for one, row in zip(going, found, strict=True))


_CLOSED = closed_sql(contact="d.contact_id", address="d.address", kind="k.kind")
_GO_BY = """
WITH going AS MATERIALIZED (
    SELECT d.<row> AS place FROM outbox_delivery d CROSS JOIN (SELECT CAST(%s AS text) AS kind) k
     WHERE d.<row> {places} AND d.claim = %s
       AND (d.expires_at IS NULL OR d.expires_at > %s) AND (d.closes_at IS NULL OR d.closes_at > %s)
       AND d.priority <= %s AND (d.despite_opt_out OR NOT {closed})
     ORDER BY d.id LIMIT %s<lock>)
UPDATE outbox_delivery
   SET state = 'handed', handed_at = %s, reason = '', detail = '', claim = NULL, lease_until = NULL
 WHERE <row> <placed>
RETURNING CAST(id AS text), address, text, options, attempts, expires_at, created_by_id, priority,
          not_before, origin"""


def _go_by(row: str, placed: str, lock: str = "") -> str:
    return _GO_BY.replace("<row>", row).replace("<placed>", placed).replace("<lock>", lock)


_GO = {
    "postgresql": _go_by("ctid", "= ANY(ARRAY(SELECT place FROM going))", " FOR UPDATE OF d"),
    "sqlite": _go_by("id", "IN (SELECT place FROM going)"),
}


def _outgoing(row: tuple[Any, ...]) -> Outgoing:
    key, address, text, options, attempts, expires_at, user, priority, _, _ = row
    return Outgoing(
        sets.id_from(key),
        address,
        text,
        _options(options),
        priority,
        attempts,
        sets.time_from(expires_at),
        user,
    )


@lru_cache(maxsize=1024)
def _options(kept: str) -> Mapping[str, Any]:
    """The options as kept; those of one message are the same for thousands of people."""
    return json.loads(kept)


def _hold_back(claim: Claim, address_kind: str, now: datetime) -> Dispatched:
    """End, or queue again, what of the claim is still ours but was not let go."""
    chosen, at = sets.ids_in(claim.ids), sets.time_value(now)
    found = sets.fetch(
        _WHY_NOT.format(ids=chosen.sql, closed=_CLOSED), (at, address_kind, *chosen.params, claim.key)
    )
    closed = [key for key, is_closed, _ in found if is_closed]
    late = [key for key, is_closed, is_late in found if is_late and not is_closed]
    # The others, or their gateway, have quiet hours now, or they are more than its rate allows.
    claims.give_back([key for key, is_closed, is_late in found if not (is_closed or is_late)])
    return Dispatched(
        cancelled=_end(State.CANCELLED, closed, now, "opted_out", "The person opted out."),
        expired=_end(State.EXPIRED, late, now, "expired", "Not sent in time."),
    )


_WHY_NOT = """
SELECT CAST(d.id AS text), NOT d.despite_opt_out AND {closed}, COALESCE(d.expires_at <= %s, FALSE)
  FROM outbox_delivery d CROSS JOIN (SELECT CAST(%s AS text) AS kind) k
 WHERE d.id IN {ids} AND d.claim = %s AND d.state = 'claimed'"""


def _end(state: str, keys: Sequence[str], now: datetime, reason: str, detail: str) -> int:
    return len(advance(state, [Move(UUID(key), now, reason, detail) for key in keys]))


def _record(batch: _Batch, result: HandOver, now: datetime) -> Dispatched:
    """Write what the channel says; that the rest are *handed* stands there already."""
    if len(result.handed) + len(result.delivered) + len(result.refused) != len(batch.going):
        name = batch.gateway.name
        raise RuntimeError(f"the channel of gateway {name} has not said what became of each delivery")
    batch.enter(State.HANDED, result.handed)
    _deliver(batch, result.delivered, now)
    attempts = {one.id: one.attempts for one in batch.going} if result.refused else {}
    again = {
        key: refusal
        for key, refusal in result.refused.items()
        if refusal.retryable and attempts[key] < settings.OUTBOX_MAX_ATTEMPTS
    }
    failed = [Move(key, now, r.code, r.detail) for key, r in result.refused.items() if key not in again]
    _take_back(result.refused)
    advance(State.FAILED, failed)
    _retry(again, attempts, now)
    return Dispatched(
        handed=len(result.handed),
        delivered=len(result.delivered),
        failed=len(failed),
        returned=len(again),
    )


def _deliver(batch: _Batch, ids: list[UUID], now: datetime) -> None:
    if ids:
        chosen, at = sets.ids_in(ids), sets.time_value(now)
        sets.fetch(_DELIVERED.format(ids=chosen.sql), (at, at, *chosen.params))
        batch.enter(State.DELIVERED, ids)


_DELIVERED = """
UPDATE outbox_delivery SET state = 'delivered', handed_at = %s, delivered_at = %s
 WHERE id IN {ids}
RETURNING 1"""


def _take_back(refused: Collection[UUID]) -> None:
    """They have not been handed over after all."""
    if refused:
        chosen = sets.ids_in(refused)
        sets.fetch(_NOT_HANDED.format(ids=chosen.sql), chosen.params)


_NOT_HANDED = "UPDATE outbox_delivery SET handed_at = NULL WHERE id IN {ids} RETURNING 1"


def _retry(refused: Mapping[UUID, Refusal], attempts: Mapping[UUID, int], now: datetime) -> None:
    """Queue again, to be tried after a while that grows with the attempts."""
    rows = [
        (
            sets.id_value(key),
            sets.time_text(now + claims.backoff(attempts[key])),
            why.code,
            why.detail[:DETAIL_MOST],
        )
        for key, why in refused.items()
    ]
    if rows:
        given = sets.records(rows, k="uuid", at="timestamptz", why="text", how="text")
        sets.fetch(_RETRY.format(given=given.sql), given.params)


_RETRY = """
UPDATE outbox_delivery
   SET state = 'queued', not_before = given.at, reason = given.why, detail = given.how,
       claim = NULL, lease_until = NULL
  FROM {given} AS given
 WHERE outbox_delivery.id = given.k
RETURNING 1"""

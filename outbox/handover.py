"""The second half of a round: what happens inside the transaction that hands deliveries over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from contacts import gate
from outbox import claims, counts, rates, sets
from outbox.channels import Channel, HandOver, Outgoing, Refusal
from outbox.claims import Claim
from outbox.clock import Clock
from outbox.models import Delivery, Gateway
from outbox.moves import DETAIL_MOST, Move, advance, entered
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


class Locked(NamedTuple):
    """A claimed delivery, locked for its hand-over.

    ``closed``: opted out; ``late``: past its expiry; ``asleep``: its quiet hours have begun.
    """

    outgoing: Outgoing
    closed: bool
    late: bool
    asleep: bool

    @property
    def may_go(self) -> bool:
        return not (self.closed or self.late or self.asleep)


def hand_over(gateway: Gateway, channel: Channel, claim: Claim, clock: Clock) -> Dispatched:
    """Hand over what of the claim is still ours and may still go out; record what became of each."""
    with transaction.atomic():
        gate.shared()
        left = rates.left_locked(gateway, now=clock.now())
        rows = _lock(claim, channel.address_kind, clock.now())
        may_go = [row.outgoing for row in rows if row.may_go]
        going = may_go if left is None else may_go[:left]
        result = channel.hand_over(gateway, going) if going else HandOver()
        now = clock.now()
        rates.use(gateway, len(result.handed) + len(result.delivered), now=now)
        asleep = [row.outgoing for row in rows if row.asleep and not (row.closed or row.late)]
        claims.give_back([sets.id_value(one.id) for one in (*may_go[len(going) :], *asleep)])
        did = _stop(rows, now)
        did += _record(gateway, going, result, now)
    return did


def _lock(claim: Claim, address_kind: str, now: datetime) -> list[Locked]:
    """The claim's rows that are still this worker's, most urgent first.

    Locked in the order of their ids, as everywhere; read after the gate, so
    that an opt-out is either seen or still to come.
    """
    chosen = sets.ids_in(claim.ids)
    closed = closed_sql(contact="d.contact_id", address="d.address", kind="k.kind")
    lock = " FOR UPDATE OF d" if sets.on_postgresql() else ""
    found = sets.fetch(
        _LOCK.format(closed=closed, ids=chosen.sql, lock=lock),
        (sets.time_value(now), sets.time_value(now), address_kind, *chosen.params, claim.key),
    )
    found.sort(key=lambda row: (row[-2], row[-1], row[0]))
    return [_locked(row) for row in found]


_LOCK = """
SELECT d.id, d.address, d.text, d.options, d.attempts, d.expires_at, d.created_by_id,
       NOT d.despite_opt_out AND {closed}, d.expires_at <= %s, d.closes_at <= %s,
       d.priority, d.not_before
  FROM outbox_delivery d CROSS JOIN (SELECT CAST(%s AS text) AS kind) k
 WHERE d.id IN {ids} AND d.claim = %s AND d.state = 'claimed'
 ORDER BY d.id{lock}"""


def _locked(row: tuple[Any, ...]) -> Locked:
    key, address, text, options, attempts, expires_at, user, closed, late, asleep, priority, _ = row
    outgoing = Outgoing(
        sets.id_from(key),
        address,
        text,
        {} if options == "{}" else json.loads(options),
        priority,
        attempts,
        sets.time_from(expires_at),
        user,
    )
    return Locked(outgoing, bool(closed), bool(late), bool(asleep))


def _stop(rows: Sequence[Locked], now: datetime) -> Dispatched:
    """End those that must not go out any more."""
    closed = [Move(row.outgoing.id, now, "opted_out", "The person opted out.") for row in rows if row.closed]
    late = [
        Move(row.outgoing.id, now, "expired", "Not sent in time.")
        for row in rows
        if row.late and not row.closed
    ]
    return Dispatched(
        cancelled=len(advance(State.CANCELLED, closed)), expired=len(advance(State.EXPIRED, late))
    )


def _record(gateway: Gateway, going: Sequence[Outgoing], result: HandOver, now: datetime) -> Dispatched:
    _arrive(gateway, State.HANDED, result.handed, now)
    _arrive(gateway, State.DELIVERED, result.delivered, now)
    attempts = {one.id: one.attempts for one in going}
    again = {
        key: refusal
        for key, refusal in result.refused.items()
        if refusal.retryable and attempts[key] < settings.OUTBOX_MAX_ATTEMPTS
    }
    failed = [Move(key, now, r.code, r.detail) for key, r in result.refused.items() if key not in again]
    advance(State.FAILED, failed)
    _retry(again, attempts, now)
    return Dispatched(
        handed=len(result.handed), delivered=len(result.delivered), failed=len(failed), returned=len(again)
    )


def _arrive(gateway: Gateway, state: str, ids: list[UUID], now: datetime) -> None:
    """The rows are claimed and locked by us: no look at their state is needed, nor their order."""
    if not ids:
        return
    chosen = sets.ids_in(ids)
    at = sets.time_value(now)
    stamps = (at, at if state == State.DELIVERED else None)
    sets.fetch(_ARRIVE.format(ids=chosen.sql), (state, *stamps, *chosen.params))
    entered(state, {counts.Entry(state, gateway.channel, gateway.name): len(ids)}, ids)


_ARRIVE = """
UPDATE outbox_delivery
   SET state = %s, handed_at = %s, delivered_at = %s, reason = '', detail = '',
       claim = NULL, lease_until = NULL
 WHERE id IN {ids}
RETURNING 1"""


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

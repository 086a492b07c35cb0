"""Taking deliveries to work on, and giving them back.

A claim is committed before the work, with the attempt counted: whatever then
happens to the worker, the next one knows that there was one. While the lease
runs nobody else takes the delivery; after that it is *retaken*.

A worker may have died because of one message among many. So what is retaken
comes in ever smaller groups, and its last attempts are made alone: a message
that kills its worker ends as failed, and its neighbours go out.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from outbox import sets
from outbox.models import Delivery, Gateway
from outbox.moves import Move, advance

#: A retaken group is this many times smaller than the one before.
SHRINK = 16
#: The first retry waits this long; each further one four times as long, up to an hour.
FIRST_BACKOFF = timedelta(seconds=30)
MOST_BACKOFF = timedelta(hours=1)
#: How long several rest whose hand-over broke off, before they are tried in smaller groups.
SPLIT_PAUSE = timedelta(seconds=3)


@dataclass(frozen=True)
class Claim:
    """Deliveries that this worker has taken, for how many attempts they have had, this one included.

    Key and ids as the database keeps them: they only travel back there.
    ``places`` are where PostgreSQL keeps the rows (``ctid``), on SQLite the
    ids again. A place holds only until the row is written anew, so whoever
    reads by it asks for the claim's key too. ``retaken``: an earlier worker
    came to nothing with them. ``given_up``: how many were failed instead of
    being retaken once more.
    """

    key: str
    ids: list[str]
    places: list[str]
    attempts: int = 1
    retaken: bool = False
    given_up: int = 0


NOTHING = Claim("", [], [])


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(FIRST_BACKOFF * 4 ** min(attempts - 1, 10), MOST_BACKOFF)


def pause_of(claim: Claim) -> timedelta:
    """How long a claim rests whose hand-over broke off.

    Among several one is guilty at most: the others wait only until they are
    tried in smaller groups. One that was alone at its last attempt is given up
    by the next round.
    """
    if len(claim.ids) > 1:
        return SPLIT_PAUSE
    return timedelta(0) if claim.attempts >= settings.OUTBOX_MAX_ATTEMPTS else backoff(claim.attempts)


def group_size(attempts: int) -> int:
    """How many deliveries are retaken together that have been tried so often."""
    if attempts >= settings.OUTBOX_MAX_ATTEMPTS - 1:
        return 1
    return max(1, settings.OUTBOX_BATCH // SHRINK**attempts)


def take(
    gateway: Gateway, *, limit: int, now: datetime, priorities: Sequence[int] = Delivery.Priority.values
) -> Claim:
    """Claim what is due, most urgent first, then longest due; of these priorities only."""
    # One look per priority: a single range over all of them would have to step over everything
    # urgent that is not due yet, each time.
    looks = " UNION ALL ".join(_WAITING for _ in priorities)
    at = sets.time_value(now)
    each = [(gateway.name, priority, at, at, limit) for priority in priorities]
    return Claim(*_claim(f"{looks} LIMIT %s", (*chain.from_iterable(each), limit), size=limit, now=now))


def take_these(gateway: Gateway, ids: Collection[UUID], *, limit: int, now: datetime) -> Claim:
    """Claim those of the given deliveries that are due and still waiting."""
    chosen = sets.ids_in(ids)
    params = (*chosen.params, gateway.name, sets.time_value(now), limit)
    # Spelt in two steps: the ids' condition comes first, the row's spelling in _claim.
    return Claim(*_claim(_THESE.replace("{ids}", chosen.sql), params, size=limit, now=now))


def _claim(due: str, params: Sequence[Any], *, size: int, now: datetime) -> tuple[str, list[str], list[str]]:
    """Claim the rows, at most ``size``, that the query ``due`` finds: the claim's key, ids and places."""
    key = sets.id_value(uuid.uuid4())
    lease = now + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
    values = (size, key, sets.time_value(lease), sets.time_value(now))
    spelt = due.format(**_SPELLING[connection.vendor])
    rows = sets.fetch(_CLAIM[connection.vendor].format(due=spelt), (*values, *params))
    ids, places = [row[0] for row in rows], [row[1] for row in rows]
    return (ids[0] if size == 1 and ids else key), ids, places


def retake(gateway: Gateway, *, limit: int, now: datetime) -> Claim:
    """Claim a group of deliveries whose worker was silent too long, if there are any.

    What was already tried often enough, the last time alone, is failed instead.
    """
    first = sets.fetch(_FIRST_OUTLIVED, (gateway.name, sets.time_value(now)))
    if not first:
        return NOTHING
    attempts, alone = first[0]
    if alone and attempts >= settings.OUTBOX_MAX_ATTEMPTS:
        return Claim("", [], [], given_up=_give_up(gateway, now))
    return _retake_group(gateway, attempts, min(limit, group_size(attempts)), now)


def _retake_group(gateway: Gateway, attempts: int, size: int, now: datetime) -> Claim:
    params = gateway.name, sets.time_value(now), attempts, size
    return Claim(*_claim(_OUTLIVED, params, size=size, now=now), attempts=attempts + 1, retaken=True)


def _give_up(gateway: Gateway, now: datetime) -> int:
    found = sets.fetch(_EXHAUSTED, (gateway.name, sets.time_value(now), settings.OUTBOX_MAX_ATTEMPTS))
    detail = f"Tried {settings.OUTBOX_MAX_ATTEMPTS} times; each time the hand-over broke off."
    moves = [Move(sets.id_from(row[0]), now, "attempts_exhausted", detail) for row in found]
    return len(advance(Delivery.State.FAILED, moves))


def give_back(ids: Collection[str], *, detail: str = "") -> None:
    """Queue again what could not even be tried; the attempt does not count."""
    _execute(_GIVE_BACK, ids, detail)


def put_off(ids: Collection[str], *, until: datetime, tried: bool) -> None:
    """Let a claim rest until then, to be retaken; ``tried``: the attempt counts."""
    _execute(_PUT_OFF, ids, sets.time_value(until), 0 if tried else 1)


def _execute(statement: str, ids: Collection[str], *params: object) -> None:
    if ids:
        chosen = sets.ids_in(ids)
        sets.fetch(statement.format(ids=chosen.sql), (*params, *chosen.params))


_WAITING = """
SELECT {row} FROM (
    SELECT {row} FROM outbox_delivery
     WHERE gateway = %s AND state = 'queued' AND priority = %s AND not_before <= %s
       AND (closes_at IS NULL OR closes_at > %s)
     ORDER BY not_before, id LIMIT %s{skip}
) AS due"""
_THESE = """
SELECT {row} FROM outbox_delivery
 WHERE id IN {ids} AND gateway = %s AND state = 'queued' AND not_before <= %s
 ORDER BY priority, not_before, id LIMIT %s{skip}"""
_OUTLIVED = """
SELECT {row} FROM outbox_delivery
 WHERE gateway = %s AND state = 'claimed' AND lease_until <= %s AND attempts = %s
 ORDER BY lease_until, id LIMIT %s{skip}"""
_FIRST_OUTLIVED = """
SELECT attempts, claim = id FROM outbox_delivery
 WHERE gateway = %s AND state = 'claimed' AND lease_until <= %s
 ORDER BY lease_until LIMIT 1"""
_EXHAUSTED = """
SELECT id FROM outbox_delivery
 WHERE gateway = %s AND state = 'claimed' AND lease_until <= %s AND attempts >= %s AND claim = id
 ORDER BY lease_until LIMIT 500"""
# A delivery taken alone is marked by its own id as the key of its claim: if it comes to nothing
# again, there is no neighbour to blame.
_CLAIM_THESE = """
UPDATE outbox_delivery
   SET state = 'claimed', attempts = attempts + 1, claim = CASE WHEN %s = 1 THEN id ELSE %s END,
       lease_until = %s, claimed_at = %s
 WHERE {these}
RETURNING CAST(id AS text), CAST({place} AS text)"""
_SPELLING = {
    "postgresql": {"row": "ctid", "skip": " FOR UPDATE SKIP LOCKED"},
    "sqlite": {"row": "id", "skip": ""},
}
_CLAIM = {
    # By their place in the table: they are locked there, so a second way to them over the ids is saved.
    "postgresql": _CLAIM_THESE.format(these="ctid = ANY(ARRAY({due}))", place="ctid"),
    "sqlite": _CLAIM_THESE.format(these="id IN ({due})", place="id"),
}
_GIVE_BACK = """
UPDATE outbox_delivery
   SET state = 'queued', attempts = attempts - 1, claim = NULL, lease_until = NULL, detail = %s
 WHERE state = 'claimed' AND id IN {ids}
RETURNING id"""
_PUT_OFF = """
UPDATE outbox_delivery SET lease_until = %s, attempts = attempts - %s
 WHERE state = 'claimed' AND id IN {ids}
RETURNING id"""

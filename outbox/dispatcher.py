"""Handing deliveries to their channel, each at most once.

A round has two transactions. The first claims (``outbox.claims``) and
commits, so that the attempt is counted before the work. The second
(``outbox.handover``) takes the opt-out gate, locks the claimed rows again,
leaves out those that were cancelled, taken away, opted out or have expired
meanwhile, hands the rest to the channel and records the result. If it breaks
off anywhere, the rows are still claimed, and when they are retaken the channel
looks first whether they are out already. Each round costs a fixed number of
statements.
"""

from __future__ import annotations

import logging
import time
import traceback
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError

from outbox import channels, claims, gateways, rates
from outbox.channels import Channel, GatewayUnavailable
from outbox.claims import Claim
from outbox.clock import Clock
from outbox.handover import Dispatched, hand_over
from outbox.models import Delivery, Gateway

__all__ = ["BUDGET", "Broken", "Dispatched", "dispatch", "limit", "work"]

log = logging.getLogger(__name__)
#: Seconds after which ``dispatch`` starts no further round, so that other work gets its turn.
BUDGET = 10.0


class Broken(Exception):
    """A hand-over broke off for no fault of the gateway; its deliveries are retaken later."""


def dispatch(gateway_name: str, *, now: datetime | None = None, budget: float = BUDGET) -> Dispatched:
    """Hand over what is due on a gateway until nothing is left, it is full, or ``budget`` seconds are over.

    A paused gateway is left alone; outside its hours one is given replies
    only. One that cannot take anything shows its trouble
    (``Gateway.trouble``); its deliveries stay queued. ``now`` is for tests:
    everything happens at that moment. LookupError for an unknown name.
    """
    did, end = Dispatched(), time.monotonic() + budget
    while True:
        gateway, clock = gateways.named(gateway_name), Clock(now)
        if gateway.paused or not _guarded_round(gateway, clock, did) or time.monotonic() >= end:
            return did


def _guarded_round(gateway: Gateway, clock: Clock, did: Dispatched) -> bool:
    """One round, added to ``did``; whether another one may find more."""
    before = did.total
    try:
        _round(gateway, clock, did)
    except GatewayUnavailable as trouble:
        gateways.note_trouble(gateway, gateways.HANDING_OVER, str(trouble), at=clock.now())
        return False
    except Broken:
        return False
    return did.total > before


def _round(gateway: Gateway, clock: Clock, did: Dispatched) -> None:
    channel = channels.channel(gateway.channel)
    is_open = gateways.closed_until(gateway, clock.now()) is None
    if is_open and (most := limit(gateway, channel, clock)):
        did += work(gateway, channel, claims.take(gateway, limit=most, now=clock.now()), clock)
        did += work(gateway, channel, claims.retake(gateway, limit=most, now=clock.now()), clock)
    elif most := limit(gateway, channel, clock, urgent=True):
        # Outside its hours, or full of everything else: a reply goes out even so.
        replies = claims.take(gateway, limit=most, now=clock.now(), priorities=[Delivery.Priority.REPLY])
        did += work(gateway, channel, replies, clock)
    gateways.note_well(gateway, gateways.HANDING_OVER)


def limit(gateway: Gateway, channel: Channel, clock: Clock, *, urgent: bool = False) -> int:
    """How many deliveries, or replies, the gateway can be given in one batch now.

    Raises GatewayUnavailable.
    """
    room = min(channel.room(gateway, urgent=urgent), settings.OUTBOX_BATCH)
    left = rates.left(gateway, now=clock.now())
    return max(0, room if left is None else min(room, left))


def work(gateway: Gateway, channel: Channel, claim: Claim, clock: Clock) -> Dispatched:
    """Hand a claim over; when that is not possible, give it back in the way that suits the cause.

    Raises GatewayUnavailable and Broken, with the claim given back, and what the database raises.
    """
    if not claim.ids:
        return Dispatched(failed=claim.given_up)
    try:
        return hand_over(gateway, channel, claim, clock)
    except GatewayUnavailable as trouble:
        _give_back(claim, str(trouble), clock)
        raise
    except DatabaseError:
        # Nothing can be written now; the claim is retaken when its lease is over.
        raise
    except Exception as error:  # whatever a channel stumbles over must not stop other deliveries
        _rest(gateway, claim, error, clock)
        raise Broken from error


def _give_back(claim: Claim, why: str, clock: Clock) -> None:
    if claim.retaken:
        # Stays claimed, so that it is tried again in its small group only.
        claims.put_off(claim.ids, until=clock.now() + claims.FIRST_BACKOFF, tried=False)
    else:
        claims.give_back(claim.ids, detail=f"Waiting for the gateway: {why}"[:300])


def _rest(gateway: Gateway, claim: Claim, error: Exception, clock: Clock) -> None:
    """Let a claim whose hand-over raised rest for a while.

    The log shows where, not what was said: messages of errors may quote texts and numbers.
    """
    at = traceback.extract_tb(error.__traceback__)[-1]
    log.error(
        "hand-over of %d deliveries to gateway %s broke off: %s at %s:%s",
        len(claim.ids), gateway.name, type(error).__name__, at.filename, at.lineno,
    )  # fmt: skip
    claims.put_off(claim.ids, until=clock.now() + claims.pause_of(claim), tried=True)

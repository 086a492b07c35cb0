"""Messages that are handed over by whoever wished for them, before they answer.

A delivery that is queued first and claimed then is written twice within a
moment, and committed twice. A caller who is about to hand over anyway opens a
*lane*, and its new deliveries are written as claimed by it, in the
transaction that makes them:

    lane = open_lane("sms")
    with transaction.atomic():
        queue_many(rows=wishes, claimant=lane)
    lane.hand_over()

The promises are the dispatcher's: the attempt is counted and committed before
the work. Whatever the lane cannot take stays queued; what it took and did not
finish is retaken when the lease is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from outbox import channels, gateways, sets
from outbox.channels import Channel, GatewayUnavailable
from outbox.claims import Claim
from outbox.clock import Clock
from outbox.dispatcher import Broken, Dispatched, limit, work
from outbox.models import Delivery, Gateway


class Lane:
    """What a gateway can take just now, for one caller and one batch."""

    def __init__(self, gateway: Gateway, channel: Channel, clock: Clock, room: int) -> None:
        self._gateway, self._channel, self._clock, self._room = gateway, channel, clock, room
        self._key: UUID | None = None
        self._places: dict[UUID, str] = {}

    def claim(self, rows: Sequence[Delivery]) -> None:
        """Make those of these new rows that can go now this lane's, as far as there is room; once."""
        now = self._clock.now()
        going = [row for row in rows if self._can_go(row, now)][: self._room]
        if not going or self._key:
            return
        # As in ``claims``: one that is taken alone is marked by its own id.
        self._key = going[0].pk if len(going) == 1 else uuid.uuid4()
        lease = now + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
        for row in going:
            row.state, row.attempts = Delivery.State.CLAIMED, 1
            row.claim, row.claimed_at, row.lease_until = self._key, now, lease
        self._places = dict.fromkeys((row.pk for row in going), "")

    def note_stored(self, places: Mapping[UUID, str]) -> None:
        """Where the claimed rows are; those that were there already are not this lane's."""
        stored = {key: places.get(key) or place for key, place in self._places.items()}
        self._places = {key: place for key, place in stored.items() if place}

    def _can_go(self, row: Delivery, now: datetime) -> bool:
        # What is due at once has this host's time, which the database's may be behind.
        due = row.not_before <= now or row.not_before == row.created_at
        return due and row.state == Delivery.State.QUEUED and row.gateway == self._gateway.name

    def hand_over(self) -> Dispatched:
        """Hand over what the lane claimed, which must be committed by now.

        Raises only what the database raises; the claim is retaken then.
        """
        did = Dispatched()
        if self._key is None or not self._places:
            return did
        ids = [sets.id_value(key) for key in self._places]
        claim = Claim(sets.id_value(self._key), ids, list(self._places.values()))
        with transaction.atomic():
            _commit_without_waiting()
            try:
                did += work(self._gateway, self._channel, claim, self._clock)
            except GatewayUnavailable as trouble:
                gateways.note_trouble(
                    self._gateway, gateways.HANDING_OVER, str(trouble), at=self._clock.now()
                )
            except Broken:
                pass
        return did


def _commit_without_waiting() -> None:
    """Let this transaction's commit not wait for the disk.

    The claim is on the disk. Should a power cut take this commit away, the
    deliveries are retaken, and the channel finds them handed over already.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def open_lane(gateway_name: str) -> Lane:
    """A lane to that gateway; it takes nothing while that is paused, closed, full or in trouble."""
    gateway, clock = gateways.named(gateway_name), Clock()
    channel, room = channels.channel(gateway.channel), 0
    if not gateway.paused and gateways.closed_until(gateway, clock.now()) is None:
        try:
            room = limit(gateway, channel, clock)
        except GatewayUnavailable as trouble:
            gateways.note_trouble(gateway, gateways.HANDING_OVER, str(trouble), at=clock.now())
    return Lane(gateway, channel, clock, room)

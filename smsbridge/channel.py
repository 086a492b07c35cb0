"""The SMS channel: a delivery becomes a file in a gateway's spool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import timezone

from outbox.channels import Culprit, GatewayUnavailable, HandOver, Measure, Outgoing, Refusal
from outbox.models import Delivery, Gateway
from smsbridge import collector
from smsbridge.gateways import spool_of
from smsbridge.options import Headers, headers, validity_within
from smsbridge.spool import alphabet, codec
from smsbridge.spool.errors import Refused, SpoolUnavailable
from smsbridge.spool.folders import Spool

#: A tenth of the high-water mark more may wait at the gateway when it is replies.
KEPT_FOR_REPLIES = 10


class SmsChannel:
    """Implements ``outbox.channels.Channel`` on smstools3's spool.

    Options it understands, others are for other channels: ``flash``,
    ``report`` and ``priority`` (true or false), ``validity`` (minutes),
    ``queue`` (smsd's name for it), ``from`` (kept in the file, not sent).
    """

    address_kind = "msisdn"
    default_gateway = "sms"

    def gateways(self) -> list[str]:
        return list(settings.SMS_GATEWAYS)

    def queue(self, gateway: str) -> str:
        return f"gateway.{gateway}"

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        try:
            headers(options)
        except Refused as refused:
            return Refusal(refused.code, refused.detail)
        return self._parts(text)

    def explain(self, text: str, options: dict[str, Any]) -> Measure:
        kept = alphabet.trimmed(text)
        encoding, units = alphabet.measure(kept)
        return Measure(
            cost=self.examine(text, options),
            encoding=encoding.label,
            units=units,
            left=encoding.room(units),
            culprits=tuple(
                Culprit(found.character, found.times, found.replacement) for found in alphabet.culprits(kept)
            ),
        )

    def _parts(self, text: str) -> int | Refusal:
        found = _counted(text) if len(text) <= _CACHED_LENGTH else _counted.__wrapped__(text)
        if isinstance(found, int) and found > settings.SMS_MAX_PARTS:
            return Refusal("too_long", f"{found} parts, more than {settings.SMS_MAX_PARTS}")
        return found

    def room(self, gateway: Gateway, *, urgent: bool = False) -> int:
        high_water = gateway.high_water or settings.SMS_HIGH_WATER
        if urgent:
            high_water += max(high_water // KEPT_FOR_REPLIES, 1)
        try:
            return max(0, high_water - spool_of(gateway.name).waiting(high_water))
        except SpoolUnavailable as trouble:
            raise _unavailable(trouble) from trouble

    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        result = HandOver()
        try:
            spool = spool_of(gateway.name)
            fresh = _not_yet_handed(spool, deliveries, result)
            _put(spool, self._rendered(fresh, result), result)
        except SpoolUnavailable as trouble:
            raise _unavailable(trouble) from trouble
        return result

    def _rendered(self, deliveries: Sequence[Outgoing], result: HandOver) -> list[tuple[Outgoing, bytes]]:
        # One text and its options go to thousands: each is looked at once.
        parts = {text: self._parts(text) for text in {delivery.text for delivery in deliveries}}
        asked = _Asked(timezone.now())
        files = []
        for delivery in deliveries:
            cost = parts[delivery.text]
            file = cost if isinstance(cost, Refusal) else _file(delivery, asked)
            if isinstance(file, Refusal):
                result.refused[delivery.id] = file
            else:
                files.append((delivery, file))
        return files

    def collect(self, gateway: Gateway) -> int:
        try:
            spool_of(gateway.name).discard_staged()
            return collector.collect(gateway)
        except SpoolUnavailable as trouble:
            raise _unavailable(trouble) from trouble


#: Longer texts are rare and would fill the cache.
_CACHED_LENGTH = 2000


@lru_cache(maxsize=2048)
def _counted(text: str) -> int | Refusal:
    try:
        return alphabet.segment(alphabet.trimmed(text)).count
    except Refused as refused:
        return Refusal(refused.code, refused.detail)


def _unavailable(trouble: SpoolUnavailable) -> GatewayUnavailable:
    return GatewayUnavailable(f"{trouble.code}: {trouble.detail}")


def _not_yet_handed(spool: Spool, deliveries: Sequence[Outgoing], result: HandOver) -> list[Outgoing]:
    """The deliveries without those that an earlier worker put into the spool before it died."""
    again = [str(delivery.id) for delivery in deliveries if delivery.attempts > 1]
    if not again:
        return list(deliveries)
    places = spool.find_many(again)
    result.handed += [delivery.id for delivery in deliveries if str(delivery.id) in places]
    return [delivery for delivery in deliveries if str(delivery.id) not in places]


def _put(spool: Spool, files: Sequence[tuple[Outgoing, bytes]], result: HandOver) -> None:
    if not files:
        return
    put = spool.put([(str(delivery.id), content) for delivery, content in files])
    for (delivery, _), there in zip(files, put, strict=True):
        if there:
            result.handed.append(delivery.id)
        else:
            result.refused[delivery.id] = Refusal("not_put", "the file could not be put", retryable=True)


def _file(delivery: Outgoing, asked: _Asked) -> bytes | Refusal:
    try:
        return codec.render(to=delivery.address, text=delivery.text, **asked.headers(delivery))
    except Refused as refused:
        return Refusal(refused.code, refused.detail)


class _Asked:
    """The headers of a batch's files; those who agree in options, priority and expiry have the same."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        # By the options' identity, which holds while the batch does: they are shared.
        self._known: dict[tuple[int, int, datetime | None], Headers] = {}

    def headers(self, delivery: Outgoing) -> Headers:
        """Raises Refused."""
        key = id(delivery.options), delivery.priority, delivery.expires_at
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._new(delivery)
        return found

    def _new(self, delivery: Outgoing) -> Headers:
        wished = headers(delivery.options)
        wished.setdefault("report", settings.SMS_REPORTS)
        wished.setdefault("priority", delivery.priority <= Delivery.Priority.HIGH)
        if delivery.expires_at is not None:
            wished["validity"] = validity_within(wished.get("validity"), delivery.expires_at - self._now)
        return wished

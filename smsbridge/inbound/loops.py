"""The guard against two machines answering each other.

Counted for each number over five minutes of the gateway's clock: how often it
sent the same keyword, and how often it was sent the same answer. Beyond
``settings.SMS_LOOP_LIMIT`` the message is still stored and acted on, but not
answered; that is shown with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from outbox.models import Delivery
from smsbridge.models import InboundMessage

WINDOW = timedelta(minutes=5)
#: ``Delivery.source`` of automatic answers; their ``cause`` is the inbound message.
SOURCE = "inbound"

Times = dict[tuple[str, str], list[datetime]]


class LoopGuard:
    """Made for a batch, from what its senders did lately (two queries)."""

    def __init__(self, batch: Sequence[InboundMessage]) -> None:
        self._heard: Times = defaultdict(list)
        self._said: Times = defaultdict(list)
        if batch:
            self._remember(batch)

    def _remember(self, batch: Sequence[InboundMessage]) -> None:
        since = min(message.received_at for message in batch) - WINDOW
        recent = list(
            InboundMessage.objects.filter(sender__in={m.sender for m in batch}, received_at__gte=since)
            .exclude(keyword="")
            .only("sender", "keyword", "received_at", "answer")
        )
        answered = [message.pk for message in recent if message.answer == InboundMessage.Answer.SENT]
        texts = dict(
            Delivery.objects.filter(source=SOURCE, cause__in=answered, slot_key=SLOT_KEY).values_list(
                "cause", "text"
            )
        )
        for message in recent:
            self._heard[message.sender, message.keyword].append(message.received_at)
            if message.pk in texts:
                self._said[message.sender, texts[message.pk]].append(message.received_at)

    def admits(self, message: InboundMessage, answer: str) -> bool:
        """Whether the message may be answered with this text; call it in the order of receipt."""
        now = message.received_at
        self._heard[message.sender, message.keyword].append(now)
        heard = _lately(self._heard[message.sender, message.keyword], now)
        said = _lately(self._said[message.sender, answer], now)
        if heard > settings.SMS_LOOP_LIMIT or said >= settings.SMS_LOOP_LIMIT:
            return False
        self._said[message.sender, answer].append(now)
        return True


#: ``Delivery.slot_key`` of an automatic answer: each message has one.
SLOT_KEY = "confirmation"


def _lately(times: list[datetime], now: datetime) -> int:
    return sum(now - WINDOW < at <= now for at in times)

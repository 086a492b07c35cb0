"""The channel ``notice``: what a programme says arrives among the notices of the contact's account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from outbox.channels import HandOver, Measure, Outgoing, Refusal
from outbox.models import Gateway
from sendables.operations.letters import Letter, send_letters
from sendables.sql import BIGGEST_ID

#: Deliveries taken in one go; each is two rows.
ROOM = 5_000
NO_TEXT = Refusal("no_text", "A notice needs a text, and this message has none.")
NO_ACCOUNT = Refusal("no_account", "The person has no account to find notices in.")


class NoticeChannel:
    """Arrives at once, and once: the notice keeps the id of its delivery.

    A delivery's address is the account's id in decimal digits.
    """

    address_kind = "account"
    default_gateway = "notice"

    def gateways(self) -> list[str]:
        return [self.default_gateway]

    def queue(self, gateway: str) -> str:
        return str(settings.CELERY_TASK_DEFAULT_QUEUE)

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        return 1 if text.strip() else NO_TEXT

    def explain(self, text: str, options: dict[str, Any]) -> Measure:
        return Measure(self.examine(text, options))

    def room(self, gateway: Gateway, *, urgent: bool = False) -> int:
        return ROOM

    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        result = HandOver()
        letters = [
            Letter(delivery.id, int(delivery.address), delivery.text)
            for delivery in deliveries
            if _is_account(delivery.address)
        ]
        arrived = send_letters(letters)
        for delivery in deliveries:
            if delivery.id in arrived:
                result.delivered.append(delivery.id)
            else:
                result.refused[delivery.id] = NO_ACCOUNT
        return result

    def collect(self, gateway: Gateway) -> int:
        return 0


def _is_account(address: str) -> bool:
    return address.isascii() and address.isdigit() and len(address) < 20 and int(address) <= BIGGEST_ID

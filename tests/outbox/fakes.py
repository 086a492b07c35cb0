"""A channel that remembers what it was given, and can be told to misbehave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from outbox.channels import GatewayUnavailable, HandOver, Measure, Outgoing, Refusal
from outbox.models import Gateway


class FakeChannel:
    """Takes everything, unless ``refusals``, ``unavailable``, ``space`` or ``meanwhile`` say otherwise."""

    address_kind = "msisdn"
    default_gateway = "sms"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.handed: list[Outgoing] = []
        self.batches: list[list[UUID]] = []
        self.refusals: dict[str, Refusal] = {}
        self.unavailable = ""
        self.space = 10_000
        self.at_once = False
        self.meanwhile: Callable[[Sequence[Outgoing]], None] = lambda batch: None

    def gateways(self) -> list[str]:
        return ["sms", "other"]

    def queue(self, gateway: str) -> str:
        return f"gateway.{gateway}"

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        if text.startswith("unsendable"):
            return Refusal("too_long", "Too long for this channel.")
        return len(text) // 160 + 1

    def explain(self, text: str, options: dict[str, Any]) -> Measure:
        return Measure(self.examine(text, options))

    def room(self, gateway: Gateway, *, urgent: bool = False) -> int:
        if self.unavailable:
            raise GatewayUnavailable(self.unavailable)
        return self.space

    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        self.batches.append([one.id for one in deliveries])
        self.meanwhile(deliveries)
        result = HandOver()
        for one in deliveries:
            if refusal := self.refusals.get(one.address):
                result.refused[one.id] = refusal
                continue
            self.handed.append(one)
            (result.delivered if self.at_once else result.handed).append(one.id)
        return result

    def collect(self, gateway: Gateway) -> int:
        return 0

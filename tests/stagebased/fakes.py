"""A second channel, which calls people's accounts and takes any file."""

from __future__ import annotations

from typing import Any

from outbox.channels import HandOver, Measure, Refusal


class VoiceChannel:
    """Reaches accounts and refuses what has no audio."""

    address_kind = "account"
    default_gateway = "voice"

    def gateways(self) -> list[str]:
        return ["voice"]

    def queue(self, gateway: str) -> str:
        return "gateway.voice"

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        return 1 if options.get("audio") else Refusal("no_audio", "There is nothing to play.")

    def explain(self, text: str, options: dict[str, Any]) -> Measure:
        return Measure(self.examine(text, options))

    def room(self, gateway: Any, *, urgent: bool = False) -> int:
        return 0

    def hand_over(self, gateway: Any, deliveries: Any) -> HandOver:
        return HandOver()

    def collect(self, gateway: Any) -> int:
        return 0

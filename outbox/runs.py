"""One turn of a gateway: take in what it brought back, hand over what is due."""

from __future__ import annotations

from django.utils import timezone

from outbox import channels, gateways
from outbox.channels import GatewayUnavailable
from outbox.dispatcher import BUDGET, Dispatched, dispatch

__all__ = ["BUDGET", "collect", "run_gateway"]


def run_gateway(*, name: str, budget: float = BUDGET) -> tuple[int, Dispatched]:
    """Collect, then dispatch; how many items came in, and what went out.

    Collecting goes first: fates make room in the spool, and an opt-out that
    waits there stops what would go out. A paused gateway still collects.
    """
    return collect(name=name), dispatch(name, budget=budget)


def collect(*, name: str) -> int:
    """Take in what a gateway has brought back; trouble is shown on the gateway, not raised."""
    gateway = gateways.named(name)
    try:
        taken = channels.channel(gateway.channel).collect(gateway)
    except GatewayUnavailable as trouble:
        gateways.note_trouble(gateway, gateways.COLLECTING, str(trouble), at=timezone.now())
        return 0
    gateways.note_well(gateway, gateways.COLLECTING)
    return taken

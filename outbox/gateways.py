"""The gateways of this installation and how they fare."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Value
from django.db.models.functions import Coalesce

from outbox import channels
from outbox.models import Gateway

log = logging.getLogger(__name__)


def named(name: str) -> Gateway:
    """The gateway of that name; its row is made at first use. LookupError when no channel has it."""
    found = Gateway.objects.filter(name=name).first()
    return found or Gateway.objects.get_or_create(name=name, defaults={"channel": _channel_of(name)})[0]


def configured() -> list[Gateway]:
    """Every gateway that the settings name, in the channels' order, made where it is missing."""
    wanted = {
        gateway: name for name in channels.channel_names() for gateway in channels.channel(name).gateways()
    }
    known = Gateway.objects.in_bulk(list(wanted))
    return [known.get(name) or named(name) for name in wanted]


def _channel_of(gateway: str) -> str:
    for name in channels.channel_names():
        if gateway in channels.channel(name).gateways():
            return name
    raise LookupError(f"no channel has a gateway {gateway!r}")


def note_trouble(gateway: Gateway, trouble: str, *, at: datetime) -> None:
    """Show that the gateway takes nothing, since when and why; logged when it begins or changes."""
    if gateway.trouble == trouble:
        return
    log.warning("gateway %s takes nothing: %s", gateway.name, trouble)
    gateway.trouble = trouble[:300]
    Gateway.objects.filter(pk=gateway.pk).update(
        trouble=gateway.trouble, trouble_since=Coalesce("trouble_since", Value(at))
    )


def note_well(gateway: Gateway) -> None:
    """Show that the gateway takes deliveries again."""
    if gateway.trouble:
        log.info("gateway %s takes deliveries again", gateway.name)
        gateway.trouble = ""
        Gateway.objects.filter(pk=gateway.pk).update(trouble="", trouble_since=None)

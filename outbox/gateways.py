"""The gateways of this installation and how they fare."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Value
from django.db.models.functions import Coalesce

from accounts.prepared import Parameter, Prepared, records
from outbox import channels
from outbox.hours import allowed, next_allowed, zone_named
from outbox.models import Gateway

log = logging.getLogger(__name__)

#: Runs with every message that is handed over within a request.
_BY_NAME = Prepared(lambda: Gateway.objects.filter(name=Parameter("name", Gateway._meta.pk)))


def named(name: str) -> Gateway:
    """The gateway of that name; its row is made at first use. LookupError when no channel has it."""
    for row in _BY_NAME.rows(name=name):
        [found] = records(row, Gateway)
        return found
    return Gateway.objects.get_or_create(name=name, defaults={"channel": _channel_of(name)})[0]


def configured() -> list[Gateway]:
    """Every gateway that the settings name, in the channels' order, made where it is missing."""
    wanted = {
        gateway: name for name in channels.channel_names() for gateway in channels.channel(name).gateways()
    }
    known = Gateway.objects.in_bulk(list(wanted))
    return [known.get(name) or named(name) for name in wanted]


def zone_of(gateway: Gateway) -> ZoneInfo:
    """In which its hours are meant; UTC for a name that this machine does not know."""
    return zone_named(gateway.timezone) or ZoneInfo("UTC")


def closed_until(gateway: Gateway, moment: datetime) -> datetime | None:
    """When the gateway's hours begin again, if they are over; None while it is open.

    Outside its hours a gateway is given replies only: people who write at night are awake.
    """
    if gateway.not_before is None and gateway.not_after is None:
        return None
    limits = zone_of(gateway), gateway.not_before, gateway.not_after
    return None if allowed(moment, *limits) else next_allowed(moment, *limits)


def pause(names: Iterable[str]) -> int:
    """Hand nothing over until ``resume``; how many were not paused before."""
    return Gateway.objects.filter(pk__in=list(names), paused=False).update(paused=True)


def resume(names: Iterable[str]) -> int:
    return Gateway.objects.filter(pk__in=list(names), paused=True).update(paused=False)


def _channel_of(gateway: str) -> str:
    for name in channels.channel_names():
        if gateway in channels.channel(name).gateways():
            return name
    raise LookupError(f"no channel has a gateway {gateway!r}")


#: What a trouble stands in the way of; each is noted and cleared by itself.
HANDING_OVER = "Handing over"
COLLECTING = "Collecting"


def note_trouble(gateway: Gateway, aspect: str, trouble: str, *, at: datetime) -> None:
    """Show that something does not work, since when and why; logged when it begins or changes."""
    shown = f"{aspect}: {trouble}"[:300]
    if gateway.trouble == shown:
        return
    log.warning("gateway %s in trouble. %s", gateway.name, shown)
    gateway.trouble = shown
    Gateway.objects.filter(pk=gateway.pk).update(
        trouble=shown, trouble_since=Coalesce("trouble_since", Value(at))
    )


def note_well(gateway: Gateway, aspect: str) -> None:
    """Show that it works again."""
    if gateway.trouble.startswith(f"{aspect}: "):
        log.info("gateway %s out of trouble. %s works again", gateway.name, aspect)
        gateway.trouble = ""
        Gateway.objects.filter(pk=gateway.pk).update(trouble="", trouble_since=None)

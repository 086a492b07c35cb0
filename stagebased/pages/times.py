"""When a set is due: in words, and the next ten moments on the clocks that matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.timezone import now

from outbox.hours import zone_named
from stagebased.models import MessageSet
from stagebased.pages.chain import chain_of
from stagebased.pages.forms import ZONES, ZoneForm
from stagebased.simulation import next_sends
from stagebased.slots import own_zone
from stagebased.wording import clock_in_words, in_words

COUNT = 10


@dataclass(frozen=True)
class Moment:
    """A slot, and when its message goes out: later where the slot falls into quiet hours."""

    due: datetime
    goes_out: datetime

    @property
    def is_shifted(self) -> bool:
        return self.due != self.goes_out


@dataclass(frozen=True)
class Column:
    """The next moments for somebody in a zone, on that zone's clock."""

    title: str
    zone: ZoneInfo
    moments: list[Moment]


def context(request: HttpRequest, message_set: MessageSet) -> dict[str, Any]:
    form = ZoneForm(request.GET or None)
    schedule, own = message_set.default_schedule, own_zone(message_set.default_schedule)
    columns = [_column(f"{own.key}, the schedule’s zone", message_set, "", own)]
    chosen = form.cleaned_data["zone"] if form.is_valid() else ""
    if (zone := zone_named(chosen) if chosen else None) is not None:
        columns.append(_column(f"Somebody in {zone.key}", message_set, zone.key, zone))
    return {
        "form": form,
        "schedule": schedule,
        "in_words": in_words(schedule),
        "clock": clock_in_words(schedule),
        "columns": columns,
        "message_set": message_set,
        "chain": chain_of(message_set),
        "zones": ZONES,
    }


def _column(title: str, message_set: MessageSet, name: str, zone: ZoneInfo) -> Column:
    found = next_sends(message_set, name, now(), COUNT)
    moments = [Moment(due.astimezone(zone), goes_out.astimezone(zone)) for due, goes_out in found]
    return Column(title, zone, moments)

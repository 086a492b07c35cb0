"""What a person will get: the planner's rules played forward, drawn month by month, with parts and cost."""

from __future__ import annotations

from calendar import Calendar
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict
from django.utils.timezone import now

from outbox.hours import zone_named
from outbox.prices import money, price
from stagebased.calendar import BadCronField
from stagebased.models import Draft, Message, MessageSet
from stagebased.pages.chain import chain_of
from stagebased.pages.forms import ZONES, PersonForm
from stagebased.simulation import Send, simulate
from stagebased.slots import own_zone
from stagebased.stages import simulate_dated
from stagebased.steps import QUEUED

#: Drawn at most; what a person gets beyond is only counted.
MOST_DRAWN = 1500
OUT = "out"
TINTS = 3


@dataclass(frozen=True)
class Entry:
    """One send on the calendar; ``leave_out`` is the query of the same page without it."""

    key: str
    at: datetime
    send: Send
    leave_out: str
    cost: str
    #: Which of a few colours tells its set from the one before.
    tint: int

    @property
    def name(self) -> str:
        return "the welcome" if self.send.greets else f"stage {self.send.number}"

    @property
    def goes_out(self) -> bool:
        return self.send.step.state == QUEUED

    @property
    def is_late(self) -> bool:
        return self.send.goes_out != self.send.due_at

    @property
    def audio(self) -> Sequence[str]:
        found: Sequence[str] = self.send.step.options.get("audio", ())
        return found


@dataclass(frozen=True)
class Day:
    date: date
    in_month: bool
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Month:
    first: date
    #: Whether months in which nothing is sent were left out before it.
    after_a_gap: bool
    weeks: list[list[Day]]
    count: int


@dataclass(frozen=True)
class LeftOut:
    title: str
    put_back: str


@dataclass(frozen=True)
class Totals:
    """Of everything that is sent, drawn or not."""

    messages: int
    parts: int
    cost: str
    first: datetime | None
    last: datetime | None
    languages: list[tuple[str, int]]


def context(request: HttpRequest, message_set: MessageSet) -> dict[str, Any]:
    chain = chain_of(message_set)
    languages = languages_of([link.message_set.pk for link in chain.onwards])
    form = PersonForm(
        _asked(request.GET, message_set, languages), languages=languages, message_set=message_set
    )
    shown = _shown(request.GET, message_set, form.cleaned_data) if form.is_valid() else {}
    return {"form": form, "message_set": message_set, "chain": chain, "zones": ZONES, **shown}


def languages_of(set_ids: list[int]) -> list[str]:
    """The languages in which these sets have messages or drafts."""
    found: set[str] = set()
    for model in (Message, Draft):
        rows = model._default_manager.filter(messageset__in=set_ids).order_by()
        found |= set(rows.values_list("lang", flat=True).distinct())
    return sorted(found)


def _asked(given: QueryDict, message_set: MessageSet, languages: list[str]) -> dict[str, Any]:
    """What was chosen, and the usual for what was not."""
    zone = zone_named(given.get("zone", "")) or own_zone(message_set.default_schedule)
    here = now().astimezone(zone)
    usual = message_set.default_language or (languages[0] if languages else "")
    return {
        "lang": given.get("lang", usual),
        "date": given.get("date", f"{here:%Y-%m-%d}"),
        "time": given.get("time", f"{here:%H:%M}"),
        "zone": given.get("zone", ""),
        "position": given.get("position", ""),
        "texts": given.get("texts", PersonForm.WRITTEN),
        "anchor": given.get("anchor", ""),
    }


def _shown(given: QueryDict, message_set: MessageSet, person: dict[str, Any]) -> dict[str, Any]:
    zone = zone_named(person["zone"]) or own_zone(message_set.default_schedule)
    start = datetime.combine(person["date"], person["time"], tzinfo=zone)
    out = _left_out(given)
    sends = _foreseen(message_set, start, person, out)
    going = [send for send in sends if send.step.state == QUEUED]
    stuck = None if person.get("anchor") else next(filter(_stops, sends), None)
    drawn = sends[:MOST_DRAWN]
    tints = {
        key: index % TINTS for index, key in enumerate(dict.fromkeys(send.programme.id for send in sends))
    }
    entries = [_entry(given, index, send, zone, tints[send.programme.id]) for index, send in enumerate(drawn)]
    return {
        "start": start,
        "zone": zone.key,
        "totals": _totals(going, zone),
        "stuck": stuck,
        "months": _months(entries),
        "not_drawn": len(sends) - len(drawn),
        "left_out": _named(given, out),
        "out": [f"{key}:{number}" for key, number in sorted(out)],
        "weekdays": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    }


def _stops(send: Send) -> bool:
    """Whether somebody would stay at this place, because nothing can be sent there."""
    return send.step.state != QUEUED and not send.step.completes and not send.greets


def _foreseen(
    message_set: MessageSet, start: datetime, person: dict[str, Any], out: set[tuple[int, int]]
) -> list[Send]:
    lang, zone = person["lang"], person["zone"]
    how: dict[str, Any] = {"left_out": out, "welcome": True, "drafts": person["texts"] == PersonForm.WRITTEN}
    try:
        if person.get("anchor"):
            return simulate_dated(message_set, person["anchor"], start, lang, zone, **how)
        return simulate(message_set, start, lang, zone, position=person["position"] or 1, **how)
    except BadCronField:
        return []


def _entry(given: QueryDict, index: int, send: Send, zone: ZoneInfo, tint: int) -> Entry:
    query = given.copy()
    query.appendlist(OUT, f"{send.programme.id}:{send.number}")
    amount = price(send.step.channel, send.step.parts)
    cost = "" if amount is None else money(amount)
    return Entry(f"send-{index}", send.goes_out.astimezone(zone), send, query.urlencode(), cost, tint)


def _left_out(given: QueryDict) -> set[tuple[int, int]]:
    """The messages that the query leaves out, as ``set:number``; what means nothing is passed over."""
    pairs = (word.split(":") for word in given.getlist(OUT))
    return {
        (int(pair[0]), int(pair[1]))
        for pair in pairs
        if len(pair) == 2 and all(part.isascii() and part.isdigit() and len(part) < 10 for part in pair)
    }


def _named(given: QueryDict, out: set[tuple[int, int]]) -> list[LeftOut]:
    names = MessageSet.objects.in_bulk({key for key, _ in out})
    found = []
    for key, number in sorted(out):
        query = given.copy()
        query.setlist(OUT, [word for word in given.getlist(OUT) if word != f"{key}:{number}"])
        found.append(LeftOut(f"{names.get(key, f'Set {key}')} {number}", query.urlencode()))
    return found


def _totals(going: list[Send], zone: ZoneInfo) -> Totals:
    amounts = [price(send.step.channel, send.step.parts) for send in going]
    priced = [amount for amount in amounts if amount is not None]
    return Totals(
        messages=len(going),
        parts=sum(send.step.parts for send in going),
        cost=money(sum(priced, Decimal(0))) if priced else "",
        first=going[0].goes_out.astimezone(zone) if going else None,
        last=going[-1].goes_out.astimezone(zone) if going else None,
        languages=Counter(send.step.lang for send in going).most_common(),
    )


def _months(entries: list[Entry]) -> list[Month]:
    """The months in which anything is sent, each in whole weeks from Monday on."""
    found: list[Month] = []
    before: tuple[int, int] | None = None
    for (year, month), group in groupby(
        sorted(entries, key=lambda one: one.at), lambda one: (one.at.year, one.at.month)
    ):
        of_month = list(group)
        gap = before is not None and (year * 12 + month) - (before[0] * 12 + before[1]) > 1
        found.append(Month(date(year, month, 1), gap, list(_weeks(year, month, of_month)), len(of_month)))
        before = (year, month)
    return found


def _weeks(year: int, month: int, entries: list[Entry]) -> Iterator[list[Day]]:
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_day[entry.at.date()].append(entry)
    for week in Calendar().monthdatescalendar(year, month):
        yield [Day(day, day.month == month, by_day[day] if day.month == month else ()) for day in week]

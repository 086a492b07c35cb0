"""One batch: what each candidate gets, written with a fixed number of statements.

The planner calls this for a slot's next subscriptions, and sending at once or
again for chosen ones; the rows of the candidates are locked by the caller's
transaction.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from outbox import counts, sets
from outbox.counts import Entry
from outbox.hours import next_allowed, next_closing, zone_named
from outbox.models import Delivery
from outbox.signals import deliveries_entered
from stagebased import programmes
from stagebased.detours import next_on_detour
from stagebased.models import MessageSet
from stagebased.planner import sql
from stagebased.planner.records import Beginning, Candidate, Choice, Move
from stagebased.steps import FAILED, QUEUED, SKIPPED, Programme, Step, let_go, step

#: How late a slot may be for a set that skips what an outage kept back: planning has its ups and downs too.
PUNCTUAL = timedelta(minutes=15)

#: The rule for what somebody gets.
Rule = Callable[[Programme, Candidate], Step]


@dataclass(frozen=True)
class Occasion:
    """Why a batch is dealt with, and when."""

    #: Unique for each of a subscription's occasions.
    slot_key: str
    now: datetime
    #: Since when what is sent has been due: the grace counts from here.
    since: datetime
    #: Where people live whose time zone is not known.
    zone: ZoneInfo
    #: The due slot that is over for these subscriptions afterwards; None: it is no slot.
    slot_at: datetime | None = None
    #: Of slots caught up together, how many come before.
    turn: int = 0
    priority: int = Delivery.Priority.BULK


class Tally(NamedTuple):
    """How many deliveries were written, by state."""

    queued: int = 0
    failed: int = 0
    skipped: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(*(mine + its for mine, its in zip(self, other, strict=True)))


class Window(NamedTuple):
    """When a message may go out: from when, until quiet hours begin, and until when at all."""

    opens: datetime
    closes: datetime | None
    expires: datetime

    def texts(self) -> tuple[str, str | None, str]:
        closes = sets.time_text(self.closes) if self.closes else None
        return sets.time_text(self.opens), closes, sets.time_text(self.expires)

    def share(self, key: str, spread: timedelta) -> int:
        """A person's place in it, the same each time, in seconds: ids end at random and so fill it evenly."""
        room = min(spread, self.closes - self.opens) if self.closes else spread
        return int(int(key[-8:], 16) / 2**32 * room.total_seconds())


def window(programme: Programme, wanted: datetime, zone: ZoneInfo) -> Window:
    """The hours in which a message that is wanted at a moment may go out to somebody in that zone."""
    hours = zone, programme.not_before, programme.not_after
    opens = next_allowed(wanted, *hours)
    keeps = programme.grace or timedelta(hours=settings.PLANNER_MAX_AGE_HOURS)
    return Window(opens, next_closing(opens, *hours), opens + keeps)


class Shelf:
    """The programmes that have been asked for, each with the texts it had when first asked for.

    Kept while a slot is worked off, so that everybody gets the same text.
    ``editions`` says by set which texts these are, for whoever goes on with
    the slot; numbers are always today's.
    """

    def __init__(self, *, greetings: bool = False, editions: Mapping[int, int] | None = None) -> None:
        self.editions = dict(editions or {})
        self._programmes: dict[int, Programme] = {}
        self._greetings = greetings

    def __getitem__(self, set_id: int) -> Programme:
        return self._programmes[set_id]

    def fetch(self, set_ids: set[int]) -> None:
        """Have these at hand. Call it after their subscriptions have been locked (``content.stages``)."""
        self._drop_changed(set_ids & self._programmes.keys())
        missing = set_ids - self._programmes.keys()
        if missing:
            loaded = programmes.load(missing, greetings=self._greetings, editions=self.editions)
            self._programmes |= loaded
            self.editions = {key: one.edition for key, one in loaded.items()} | self.editions

    def _drop_changed(self, set_ids: set[int]) -> None:
        if set_ids:
            now = MessageSet.objects.filter(pk__in=set_ids).values_list("pk", "edition")
            for set_id in [key for key, edition in now if edition != self._programmes[key].edition]:
                del self._programmes[set_id]


def next_message(programme: Programme, candidate: Candidate) -> Step:
    if candidate.detour:
        return next_on_detour(
            programme, candidate.position, candidate.lang, candidate.detour, prepend=candidate.prepend
        )
    return step(programme, candidate.position, candidate.lang, prepend=candidate.prepend)


def deal(
    candidates: Sequence[Candidate], occasion: Occasion, shelf: Shelf, rule: Rule = next_message
) -> list[Step]:
    """Write what the candidates get and move them on; the steps of those for whom something was written.

    Nothing is written for somebody who has had this occasion. The caller's
    transaction holds it all together.
    """
    shelf.fetch({candidate.messageset_id for candidate in candidates})
    orders = _Orders(occasion, shelf, rule, unreachable(candidates))
    chosen = [orders.choice(candidate) for candidate in candidates]
    written = sql.deliver(
        chosen, orders.rows, slot_key=occasion.slot_key, priority=occasion.priority, now=occasion.now
    )
    results = {choice.key: orders.steps[choice.step] for choice in chosen if choice.key in written}
    _move_on(candidates, results, occasion)
    _follow_up(results, occasion.now)
    _count(results.values(), occasion.now)
    _tell_of_ended(written, results)
    return list(results.values())


def tally(results: Iterable[Step]) -> Tally:
    return Tally(**Counter(result.state for result in results))


def unreachable(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Why there is no address for those who have none: ``opted_out`` or ``no_address``."""
    keys = [candidate.key for candidate in candidates if candidate.address is None]
    out = sql.opted_out(keys) if keys else set()
    return {key: "opted_out" if key in out else "no_address" for key in keys}


class _Orders:
    """The distinct steps of a batch, numbered; each is worked out once."""

    def __init__(self, occasion: Occasion, shelf: Shelf, rule: Rule, unreachable: dict[str, str]) -> None:
        self.steps: list[Step] = []
        self.rows: list[tuple[object, ...]] = []
        self._occasion, self._shelf, self._rule, self._unreachable = occasion, shelf, rule, unreachable
        self._numbers: dict[tuple[object, ...], int] = {}
        self._windows: dict[tuple[int, str], Window] = {}

    def choice(self, candidate: Candidate) -> Choice:
        number, delay = self._number(candidate), 0
        programme = self._shelf[candidate.messageset_id]
        if programme.spread:
            delay = self._window(programme, candidate.timezone).share(candidate.key, programme.spread)
        return Choice(candidate.key, candidate.contact, candidate.address or "", number, delay)

    def _number(self, candidate: Candidate) -> int:
        # Without id, contact and address: who agrees in the rest gets the same.
        key = (*candidate[3:], self._unreachable.get(candidate.key))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.steps)
            self._add(candidate)
        return found

    def _add(self, candidate: Candidate) -> None:
        programme = self._shelf[candidate.messageset_id]
        found = self._rule(programme, candidate)
        if found.state == QUEUED:
            found = self._withheld(programme, candidate, found)
        if candidate.dated and self._occasion.slot_at and found.state != QUEUED and not candidate.detour:
            found = let_go(programme, found, candidate.position)
        window = self._window(programme, candidate.timezone)
        self.steps.append(found)
        self.rows.append((
            len(self.rows), found.state, found.channel, found.gateway, found.text, found.options, found.parts,
            found.reason, found.detail, *window.texts(),
        ))  # fmt: skip

    def _withheld(self, programme: Programme, candidate: Candidate, found: Step) -> Step:
        """The step without its message, where this person cannot get it now."""
        kind = found.address_kind
        match self._unreachable.get(candidate.key):
            case "opted_out":
                return found.withheld(SKIPPED, candidate.position, "opted_out", "The person opted out.")
            case "no_address":
                detail = f"The person has no usable address of the kind {kind}."
                return found.withheld(FAILED, candidate.position, "no_address", detail)
        if self._is_late(programme):
            detail = f"{programme.short_name} is not sent so long after its time."
            return found.withheld(SKIPPED, candidate.position, "missed_slot", detail)
        return found

    def _is_late(self, programme: Programme) -> bool:
        grace = programme.grace or timedelta(minutes=settings.PLANNER_GRACE_MINUTES)
        if programme.catch_up == MessageSet.CatchUp.SKIP:
            grace = min(grace, PUNCTUAL)
        return self._occasion.now - self._occasion.since > grace

    def _window(self, programme: Programme, timezone: str) -> Window:
        key = programme.id, timezone
        if key not in self._windows:
            self._windows[key] = self._new_window(programme, timezone)
        return self._windows[key]

    def _new_window(self, programme: Programme, timezone: str) -> Window:
        turn = self._occasion.turn if programme.catch_up == MessageSet.CatchUp.SPACED else 0
        wanted = self._occasion.now + turn * programme.spacing
        zone = (zone_named(timezone) if timezone else None) or self._occasion.zone
        return window(programme, wanted, zone)


def _move_on(candidates: Sequence[Candidate], results: dict[str, Step], occasion: Occasion) -> None:
    """Write where everybody is now. Who stays where they are has had this slot all the same."""
    moves = [_move(candidate, results.get(candidate.key)) for candidate in candidates]
    if occasion.slot_at is None:
        moves = [move for move in moves if move.moved]
    if moves:
        sql.move_on(moves, slot_at=occasion.slot_at, now=occasion.now)
    if used := [key for key, found in results.items() if found.prepended and found.state == QUEUED]:
        sql.clear_prepended(used)
    if gone := {key: found.detour for key, found in results.items() if found.detour is not None}:
        sql.leave_detours([(key, json.dumps(left) if left else "") for key, left in gone.items()])


def _move(candidate: Candidate, found: Step | None) -> Move:
    if found is None:
        return Move(candidate.key, candidate.position, int(candidate.completed), 0)
    moved = found.completes or found.position != candidate.position
    return Move(candidate.key, found.position, int(found.completes or candidate.completed), int(moved))


def _follow_up(results: dict[str, Step], now: datetime) -> None:
    beginnings = [
        Beginning(key, *found.follow_up)
        for key, found in results.items()
        if found.completes and found.follow_up
    ]
    if beginnings:
        sql.begin_follow_ups(beginnings, now=now)


def _count(results: Iterable[Step], now: datetime) -> None:
    counts.add(Counter(Entry(one.state, one.channel, one.gateway, one.reason) for one in results), at=now)


def _tell_of_ended(written: Mapping[str, str | None], results: Mapping[str, Step]) -> None:
    """Deliveries that came to nothing at once, for whoever writes down what happens to deliveries."""
    ended: dict[str, list[UUID]] = defaultdict(list)
    for key, delivery in written.items():
        if delivery is not None:
            ended[results[key].state].append(UUID(delivery))
    for state, ids in ended.items():
        deliveries_entered.send(sender=Delivery, state=state, ids=ids)

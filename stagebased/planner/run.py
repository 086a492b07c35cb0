"""Works open slots off, one batch after the other.

A batch is one transaction that locks the slot's row, so that one worker at a
time plans a slot while others take other slots. It writes the deliveries, the
positions and the slot's cursor together: a crash rolls back to the batch
before, and nothing is planned twice.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from outbox import sets, wake
from stagebased.models import DueSlot
from stagebased.planner import sql
from stagebased.planner.batch import Occasion, Shelf, Tally, deal, tally
from stagebased.planner.records import Candidate, Due
from stagebased.slots import own_zone, spaced_sets

log = logging.getLogger(__name__)
State = DueSlot.State
#: Before every id.
_BEGINNING = UUID(int=0)


@dataclass
class Planned:
    """What a run of the planner did."""

    written: Tally = field(default_factory=Tally)
    batches: int = 0
    #: Slots that could not be worked on, by id; the next run tries them again.
    broken: set[int] = field(default_factory=set)


def plan(now: datetime, *, seconds: float = 150) -> Planned:
    """Work open slots off until none is left that no other worker has, or the time is up.

    Any number of these may run at once. What a run leaves undone the next one
    finishes.
    """
    done, deadline = Planned(), monotonic() + seconds
    shelves: dict[int, Shelf] = {}
    while monotonic() < deadline:
        with transaction.atomic():
            slot = _claim(done.broken)
            if slot is None:
                break
            # Only the slot in hand keeps its shelf: another worker may take over in between.
            shelves = {slot.pk: _shelf(slot, shelves.get(slot.pk))}
            _work_on(slot, shelves[slot.pk], now, done)
            # While the next batch is planned the gateways can begin with this one.
            wake.nudge()
    return done


def _shelf(slot: DueSlot, kept: Shelf | None) -> Shelf:
    """The texts that the slot began with, whoever worked on it until now."""
    if slot.cursor is None:
        return Shelf()
    begun = {int(key): edition for key, edition in (slot.editions or {}).items()}
    if kept is None:
        return Shelf(editions=begun)
    kept.editions |= begun
    return kept


def _work_on(slot: DueSlot, shelf: Shelf, now: datetime, done: Planned) -> None:
    try:
        with transaction.atomic():
            written = _batch(slot, shelf, now)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one slot must not hold up the others
        _report(slot, error)
        done.broken.add(slot.pk)
    else:
        done.written, done.batches = done.written.plus(written), done.batches + 1


def _claim(except_for: set[int]) -> DueSlot | None:
    """Lock an open slot that no other worker has; of a schedule's slots in one zone the earliest."""
    earlier = DueSlot.objects.filter(
        state=State.PLANNING,
        schedule=OuterRef("schedule"),
        timezone=OuterRef("timezone"),
        due_at__lt=OuterRef("due_at"),
    )
    waiting = DueSlot.objects.filter(~Exists(earlier), state=State.PLANNING).exclude(pk__in=except_for)
    locked = waiting.select_related("schedule").select_for_update(skip_locked=True, of=("self",), no_key=True)
    return locked.order_by("due_at", "pk").first()


def _batch(slot: DueSlot, shelf: Shelf, now: datetime) -> Tally:
    candidates = sql.due_candidates(_due(slot), settings.PLANNER_BATCH)
    if not candidates:
        _close(slot, now)
        return Tally()
    written = tally(deal(candidates, _occasion(slot, now), shelf))
    _advance(slot, candidates, written, shelf)
    log.info("slot %d: %d queued, %d failed, %d skipped", slot.pk, *written)
    return written


def _due(slot: DueSlot) -> Due:
    zones = [slot.timezone] if slot.timezone else []
    if slot.timezone == slot.schedule.timezone:
        # The schedule's own zone is also that of people whose zone is not known.
        zones.append("")
    return Due(
        schedule_id=slot.schedule_id,
        due_at=slot.due_at,
        joined_before=slot.triggered_at or slot.due_at,
        zones=zones,
        cursor=sets.id_value(slot.cursor or _BEGINNING),
        messagesets=spaced_sets() if slot.superseded else None,
    )


def _occasion(slot: DueSlot, now: datetime) -> Occasion:
    return Occasion(
        slot_key=slot_key(slot.due_at),
        now=now,
        since=slot.triggered_at or slot.due_at,
        zone=own_zone(slot.schedule),
        slot_at=slot.due_at,
        turn=slot.turn,
    )


def slot_key(due_at: datetime) -> str:
    """A due slot as the key of an occasion, e.g. ``2026-11-21T08:00Z``."""
    return f"{due_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _advance(slot: DueSlot, candidates: list[Candidate], written: Tally, shelf: Shelf) -> None:
    DueSlot.objects.filter(pk=slot.pk).update(
        cursor=UUID(max(candidate.key for candidate in candidates)),
        queued=slot.queued + written.queued,
        failed=slot.failed + written.failed,
        skipped=slot.skipped + written.skipped,
        editions=shelf.editions,
    )


def _close(slot: DueSlot, now: datetime) -> None:
    DueSlot.objects.filter(pk=slot.pk).update(state=State.DONE, finished_at=now)


def _report(slot: DueSlot, error: Exception) -> None:
    # Without the error's own words: a database's may repeat a row, with number and text.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("slot %s could not be planned: %s\n%s", slot.pk, type(error).__name__, where)

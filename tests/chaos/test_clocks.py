"""Beats, many and none, and clocks that are set."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.faults import Outcome
from tests.chaos.installation import Installation, wait_for
from tests.chaos.sending import BRISK, fill, heal, queue, reading

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]
PEOPLE = 300
#: Its sitecustomize sets the clock of every Python program that finds it.
CLOCK = Path(__file__).parent / "clock"


@pytest.mark.chaos
@pytest.mark.fault("F9")
def test_five_beats_do_what_one_does(installation, outcome: Outcome) -> None:
    system = installation(**BRISK)
    fill(system, PEOPLE)
    system.worker("worker-1")
    system.worker("worker-2")
    with reading(system) as reader:
        for number in range(5):
            system.beat(f"beat-{number}")
        outcome.injected = 5
        # Their first minute comes from the clock alone.
        heal(system, reader, outcome, deliveries=PEOPLE, within=130)
    assert system.sql("SELECT count(*), count(DISTINCT due_at) FROM stagebased_dueslot") == [(1, 1)]


@pytest.mark.chaos
@pytest.mark.fault("F10")
def test_after_three_hours_without_beat_each_set_catches_up_as_it_says(
    installation, outcome: Outcome
) -> None:
    system = installation(**BRISK, PLANNER_GRACE_MINUTES="240")
    system.manage("shell", "-c", "from tests.chaos.programme import outage; outage(hours=3, people=20)")
    system.worker("worker")
    with reading(system) as reader:
        system.beat("beat")
        # "latest": one message; "skip": none, and told why; quiet hours: kept for the morning.
        wait_for("the end of the slots", lambda: open_slots(system) == 0, seconds=130)
        wait_for("the messages that may go out", lambda: len(reader.seen) >= 20, seconds=60)
        time.sleep(6)
    outcome.injected, outcome.deliveries = 1, len(reader.seen)
    assert by_set(system) == {
        ("latest", "sent", ""): 20,
        ("skip", "skipped", "missed_slot"): 20,
        ("quiet", "queued", ""): 20,
    }
    assert system.sql(
        "SELECT count(*) FROM outbox_delivery WHERE state = 'queued' AND not_before < now()"
    ) == [(0,)]


def open_slots(system: Installation) -> int:
    [(found,)] = system.sql("SELECT count(*) FROM stagebased_dueslot WHERE state = 'planning'")
    [(looked,)] = system.sql(
        "SELECT count(*) FROM stagebased_schedule WHERE planned_until < now() - interval '2 hours'"
    )
    return found + looked


def by_set(system: Installation) -> dict[tuple[str, str, str], int]:
    rows = system.sql(
        "SELECT m.short_name, d.state, d.reason, count(*) FROM outbox_delivery d"
        " JOIN stagebased_subscription s ON s.id = d.cause"
        " JOIN stagebased_messageset m ON m.id = s.messageset_id"
        " GROUP BY 1, 2, 3"
    )
    return {(name, state, reason): count for name, state, reason, count in rows}


@pytest.mark.chaos
@pytest.mark.fault("F7")
@pytest.mark.parametrize("hours", [2, -2])
def test_the_clock_of_the_host_is_set_while_it_sends(
    installation, outcome: Outcome, tmp_path: Path, hours: int
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    system = installation(**BRISK, PYTHONPATH=str(CLOCK), CLOCK_OFFSET_FILE=str(offset))
    fill(system, PEOPLE)
    early = later_delivery(system, minutes=90)
    system.worker("worker")
    system.beat("beat")
    with reading(system, per_second=100) as reader:
        system.hint("stagebased.plan", times=2)
        # Where the hints came before the worker, beat's next minutes do it.
        wait_for("the first file", lambda: reader.seen, seconds=130)
        offset.write_text(str(3600 * hours))
        wait_for("beat to notice", lambda: "The clock was set by" in system.log("beat"), seconds=30)
        outcome.injected = 1
        since = time.monotonic()
        wait_for("the other files", lambda: len(reader.seen) >= PEOPLE, seconds=65)
        outcome.healed = time.monotonic() - since
        # The minute's slot is found though the clock was set, and nothing goes out before its time.
        added = due_next_minute(system)
        wait_for("the next minute's message", lambda: added in reader.numbers, seconds=130)
    outcome.deliveries = len(reader.seen)
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    assert outcome.doubled == 0
    assert early not in reader.seen
    [(soonest,)] = system.sql(
        "SELECT min(extract(epoch FROM handed_at - not_before)) FROM outbox_delivery"
        " WHERE handed_at IS NOT NULL"
    )
    assert soonest >= 0


def later_delivery(system: Installation, *, minutes: int) -> str:
    """One that is not due yet, but would be by a clock two hours ahead."""
    key = str(uuid.uuid4())
    queue(system, key, number="+27820009998", minutes=minutes)
    return key


def due_next_minute(system: Installation) -> str:
    """The number of somebody who is due at the next full minute of the real time."""
    at = datetime.now().astimezone() + timedelta(minutes=1)
    system.manage(
        "shell", "-c", f"from tests.chaos.programme import due_at; due_at({at.isoformat()!r}, '+27829999999')"
    )
    return "27829999999"

"""Many due subscriptions on their way into a spool, watched by an independent reader, until all are out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.chaos import faults
from tests.chaos.faults import Outcome
from tests.chaos.installation import Installation, Reader, wait_for

#: Deliveries of a crash test.
DELIVERIES = 10_000 if faults.FULL else 1_200
#: Times something is killed in it.
KILLS = 20 if faults.FULL else 6
#: Small batches and short leases: more chances to be hit, and less to wait for.
BRISK = {
    "OUTBOX_LEASE_SECONDS": "5",
    "OUTBOX_BATCH": "100",
    "PLANNER_BATCH": "400",
    "SMS_HIGH_WATER": "400",
    "SMS_SPOOL_SYNC": "false",
}


def fill(system: Installation, count: int = DELIVERIES) -> None:
    """So many subscribers of a programme that was due three minutes ago."""
    system.manage("shell", "-c", f"from tests.chaos.programme import subscribe; subscribe({count})")


_QUEUE = """
INSERT INTO outbox_delivery (id, source, cause, slot_key, channel, gateway, priority, address, text, options,
       despite_opt_out, state, reason, detail, attempts, not_before, created_at)
VALUES (%s, 'test', gen_random_uuid(), '1', 'sms', %s, 5, %s, %s, '{}',
        false, 'queued', '', '', 0, now() + %s * interval '1 minute', now())"""


def queue(
    system: Installation,
    key: str,
    *,
    number: str,
    text: str = "hello",
    minutes: int = 0,
    gateway: str = "sms",
) -> None:
    """One delivery beside the programme's, due in so many minutes."""
    system.sql(_QUEUE, key, gateway, number, text, minutes)


@contextmanager
def reading(system: Installation, *, per_second: int = 1000) -> Iterator[Reader]:
    reader = Reader(system.spool, per_second=per_second)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()


def begun(system: Installation, reader: Reader) -> None:
    """Plan at once instead of with the next minute, or then, and wait for the first file."""
    system.hint("stagebased.plan", times=3)
    wait_for("the first file", lambda: reader.seen, seconds=130)


def heal(
    system: Installation,
    reader: Reader,
    outcome: Outcome,
    *,
    deliveries: int = DELIVERIES,
    within: float = 65,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Wait until all is out and known to be; then count what was lost or doubled, by the reader's eyes.

    ``within`` is the longest lease and a minute.
    """
    since = time.monotonic()
    wait_for("all files", lambda: meanwhile() or len(reader.seen) >= deliveries, seconds=within)
    wait_for("every delivery recorded as sent", lambda: unsent(system) == 0, seconds=30)
    outcome.healed = time.monotonic() - since
    count(system, reader, outcome, deliveries)
    assert (outcome.lost, outcome.doubled) == (0, 0)


def count(system: Installation, reader: Reader, outcome: Outcome, deliveries: int) -> None:
    outcome.deliveries = deliveries
    outcome.lost = deliveries - len(reader.numbers)
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    outcome.doubled += sum(times - 1 for times in reader.numbers.values())
    assert {str(row[0]) for row in system.sql("SELECT id FROM outbox_delivery")} == set(reader.seen)
    positions = "SELECT next_sequence_number, count(*) FROM stagebased_subscription GROUP BY 1"
    assert system.sql(positions) == [(2, deliveries)]


def unsent(system: Installation) -> int:
    [(found,)] = system.sql("SELECT count(*) FROM outbox_delivery WHERE state <> 'sent'")
    return found

"""Each due subscription becomes one file, whatever is killed on the way."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests import servers
from tests.chaos.installation import Assassin, Installation, Nudger, Reader, wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.own_postgres,
    pytest.mark.redis,
    pytest.mark.fault("F1", "F2", "F3", "F9"),
]
SUBSCRIBERS = 5000
KILLS = 20


def test_five_thousand_due_subscriptions_become_five_thousand_files_under_twenty_kills(
    installation: Callable[..., Installation], redis_server: servers.Redis
) -> None:
    chance = random.Random(20261121)
    system = installation(
        OUTBOX_LEASE_SECONDS="5", OUTBOX_BATCH="100", PLANNER_BATCH="400", SMS_HIGH_WATER="400",
        SMS_SPOOL_SYNC="false",
    )  # fmt: skip
    system.manage("shell", "-c", f"from tests.chaos.programme import subscribe; subscribe({SUBSCRIBERS})")
    reader = Reader(system.spool, per_second=400)
    reader.start()
    nudger = Nudger(system)
    nudger.start()
    system.beat("beat-1")
    system.beat("beat-2")
    assassin = Assassin(system, ["worker-1", "worker-2"], seed=7)
    # Not to wait for the minute; and too many hints must do no harm.
    system.hint("stagebased.plan", times=10)
    wait_for("the first file", lambda: reader.seen, seconds=130)
    for kill in range(KILLS):
        reader.stopping.wait(chance.random() * 0.8)
        if kill % 2:
            assassin.strike()
        else:
            assassin.strike_at_hand_over(system.spool / "outgoing")
        if kill == KILLS // 2:
            # Back at once, but empty: every hint is gone, also those being worked on.
            redis_server.restart()
    seen_when_killing_ended = len(reader.seen)
    assassin.revive()
    wait_for("all files", lambda: assassin.revive() or len(reader.seen) >= SUBSCRIBERS, seconds=120)
    wait_for("every delivery recorded as sent", lambda: unsent(system) == 0, seconds=30)
    nudger.stop()
    reader.stop()

    assert assassin.killed == KILLS
    assert seen_when_killing_ended < SUBSCRIBERS, "the work was done before the killing was"
    assert [name for name, times in reader.seen.items() if times > 1] == []
    assert [number for number, times in reader.numbers.items() if times > 1] == []
    assert len(reader.seen) == len(reader.numbers) == SUBSCRIBERS
    assert {str(row[0]) for row in system.sql("SELECT id FROM outbox_delivery")} == set(reader.seen)
    assert system.sql("SELECT next_sequence_number, count(*) FROM stagebased_subscription GROUP BY 1") == [
        (2, SUBSCRIBERS)
    ]


def unsent(system: Installation) -> int:
    [(count,)] = system.sql("SELECT count(*) FROM outbox_delivery WHERE state <> 'sent'")
    return count

"""Workers die, and whatever they were doing is done once."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid

import pytest

from tests.chaos.faults import Outcome
from tests.chaos.installation import Assassin, Nudger, children_of, kill_all_of, wait_for
from tests.chaos.sending import BRISK, DELIVERIES, KILLS, begun, fill, heal, queue, reading

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]


@pytest.mark.chaos
@pytest.mark.fault("F1")
def test_pool_processes_are_killed_at_random_and_amid_hand_overs(installation, outcome: Outcome) -> None:
    chance = random.Random(1)
    system = installation(**BRISK)
    fill(system)
    nudger = Nudger(system)
    nudger.start()
    system.beat("beat")
    with reading(system, per_second=800) as reader:
        assassin = Assassin(system, ["worker-1", "worker-2"], seed=1, whole=0)
        begun(system, reader)
        for kill in range(KILLS):
            reader.stopping.wait(chance.random() * 0.5)
            (assassin.strike_at_hand_over(system.spool / "outgoing") if kill % 2 else assassin.strike())
        assert len(reader.seen) < DELIVERIES, "the work was done before the killing was"
        outcome.injected = assassin.killed
        heal(system, reader, outcome, meanwhile=assassin.revive)
        nudger.stop()


@pytest.mark.fault("F2")
def test_whole_workers_are_killed_and_told_to_stop_in_turn(installation, outcome: Outcome) -> None:
    chance = random.Random(2)
    system = installation(**BRISK)
    fill(system)
    nudger = Nudger(system)
    nudger.start()
    system.beat("beat")
    with reading(system, per_second=400) as reader:
        [(since,)], worker = system.sql("SELECT now()"), system.worker("worker")
        begun(system, reader)
        for kill in range(KILLS // 2):
            wait_for("the worker's pool", lambda: len(children_of(worker)) >= 2, seconds=30)  # noqa: B023
            reader.stopping.wait(0.3 + chance.random() * 0.5)
            if kill % 2:
                kill_all_of(worker)
            else:
                stop_in_order(worker)
                assert claimed(system, since) == 0, "a worker that was told to stop left work behind"
            [(since,)], worker = system.sql("SELECT now()"), system.worker("worker")
        outcome.injected = KILLS // 2
        heal(system, reader, outcome)
        nudger.stop()


def stop_in_order(worker) -> None:
    """What a supervisor does first; the grace is that of docker-compose.yml, longer than a gateway's turn."""
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(timeout=60)


def claimed(system, since) -> int:
    """What a worker has in hand that was started at a moment; what one killed before had is not its."""
    statement = "SELECT count(*) FROM outbox_delivery WHERE state = 'claimed' AND claimed_at > %s"
    [(found,)] = system.sql(statement, since)
    return found


@pytest.mark.fault("F11")
@pytest.mark.parametrize("poison", ["kills", "breaks", "hangs"])
def test_a_message_that_ruins_its_worker_fails_in_the_end_and_the_others_go_out(
    installation, outcome: Outcome, poison: str
) -> None:
    others = 300
    system = installation(
        **BRISK, DJANGO_SETTINGS_MODULE="tests.chaos.poison", OUTBOX_MAX_ATTEMPTS="3", POISON=poison
    )
    fill(system, others)
    queue(system, str(uuid.uuid4()), number="+27820009999", text="poison")
    system.beat("beat")
    assassin = Assassin(system, ["worker"], seed=3)
    with reading(system) as reader:
        system.hint("stagebased.plan", times=3)
        since = time.monotonic()
        wait_for("the others", lambda: assassin.revive() or len(reader.seen) >= others, seconds=90)
        outcome.healed = time.monotonic() - since
        wait_for("the end of the poison", lambda: assassin.revive() or ended(system), seconds=240)
    outcome.injected, outcome.deliveries = 1, others
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    assert ended(system) == [("failed", "attempts_exhausted")]
    assert outcome.doubled == 0


def ended(system) -> list[tuple[str, str]]:
    return system.sql(
        "SELECT state, reason FROM outbox_delivery WHERE text = 'poison' AND ended_at IS NOT NULL"
    )

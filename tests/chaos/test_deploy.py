"""Everything is restarted in turn, and hosts come and go, while messages go out and people register."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.chaos.faults import Outcome
from tests.chaos.hub import Hub
from tests.chaos.installation import Reader, children_of, kill_all_of, wait_for
from tests.chaos.sending import BRISK, begun, fill, queue, reading
from tests.chaos.test_servers import PEOPLE, RATE, STEADY, heal_registered

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]


@pytest.mark.fault("F26")
def test_web_worker_and_beat_are_restarted_in_turn_without_a_failed_request(
    installation, outcome: Outcome
) -> None:
    system = installation(**STEADY)
    fill(system, PEOPLE)
    token, web = system.token(), system.web()
    worker, beat = system.worker("worker-old"), system.beat("beat-old")
    [(messageset, schedule)] = system.sql("SELECT id, default_schedule_id FROM stagebased_messageset")
    with reading(system, per_second=RATE) as reader:
        wait_for("the worker's pool", lambda: children_of(worker), seconds=30)
        begun(system, reader)
        with Hub(web, token, messageset=messageset, schedule=schedule) as registrations:
            wait_for("registrations", lambda: registrations.statuses[201] > 20, seconds=30)
            # gunicorn starts new processes and lets the old ones finish what they are answering.
            os.kill(web.process.pid, signal.SIGHUP)
            system.worker("worker-new")
            os.kill(worker.pid, signal.SIGTERM)
            worker.wait(timeout=40)
            system.beat("beat-new")
            os.kill(beat.pid, signal.SIGTERM)
            beat.wait(timeout=20)
            outcome.injected = 3
            before = registrations.statuses[201]
            wait_for("registrations after it", lambda: registrations.statuses[201] > before + 40, seconds=60)
            heal_registered(system, reader, outcome, registrations, within=60 + PEOPLE / 100)
        assert set(registrations.statuses) == {201}
        outcome.notes.append(f"{registrations.statuses[201]} requests, none failed")


@pytest.mark.fault("F25")
def test_tables_change_under_the_running_code_forth_and_back(installation, outcome: Outcome) -> None:
    system = installation(**STEADY)
    fill(system, PEOPLE)
    token, web = system.token(), system.web()
    worker = system.worker("worker")
    system.beat("beat")
    [(messageset, schedule)] = system.sql("SELECT id, default_schedule_id FROM stagebased_messageset")
    with reading(system, per_second=RATE) as reader:
        wait_for("the worker's pool", lambda: children_of(worker), seconds=30)
        begun(system, reader)
        with Hub(web, token, messageset=messageset, schedule=schedule) as registrations:
            wait_for("registrations", lambda: registrations.statuses[201] > 20, seconds=30)
            before, since = registrations.statuses[201], time.monotonic()
            system.manage("shell", "-c", "from tests.chaos.upgrade import forth_and_back; forth_and_back()")
            outcome.injected = 1
            outcome.notes.append(
                f"{registrations.statuses[201] - before} requests in {time.monotonic() - since:.0f} s,"
                f" the slowest {registrations.slowest:.1f} s"
            )
            assert registrations.statuses[201] > before + 20, "requests stood still"
            heal_registered(system, reader, outcome, registrations, within=60 + PEOPLE / 100)
        assert set(registrations.statuses) == {201}
        assert worker.poll() is None


@pytest.mark.chaos
@pytest.mark.fault("HOST")
def test_a_host_with_its_own_gateway_disappears_and_comes_back(
    installation, outcome: Outcome, tmp_path
) -> None:
    far = tmp_path / "far"
    for folder in ("outgoing", "checked", "sent", "failed", "incoming"):
        (far / folder).mkdir(parents=True)
    # Shallow spools, so that most still waits in the database when the host goes.
    system = installation(**BRISK | {"SMS_HIGH_WATER": "60"}, SMS_GATEWAYS=f"far={far}")
    fill(system, 200)
    system.worker("near")
    host = system.worker("far", queues="gateway.far")
    system.beat("beat")
    count = 400
    there = Reader(far, per_second=60)
    there.start()
    with reading(system) as reader:
        for number in range(count):
            queue(system, f"00000000-0000-7000-8000-{number:012}", number=f"+2783{number:07}", gateway="far")
        wait_for("the far gateway's first file", lambda: there.seen, seconds=60)
        kill_all_of(host)
        outcome.injected = 1
        system.hint("stagebased.plan", times=2)
        # The others are not held up.
        wait_for("the near gateway's messages", lambda: len(reader.seen) == 200, seconds=60)
        time.sleep(8)
        assert len(there.seen) < count
        system.worker("far-again", queues="gateway.far")
        since = time.monotonic()
        wait_for("the far gateway's messages", lambda: len(there.seen) == count, seconds=65)
        outcome.healed = time.monotonic() - since
        there.stop()
    outcome.deliveries = 200 + count
    outcome.doubled = sum(times - 1 for seen in (reader.seen, there.seen) for times in seen.values())
    assert outcome.doubled == 0

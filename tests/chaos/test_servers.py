"""Redis and PostgreSQL go away and come back, under sends and under requests."""

from __future__ import annotations

import time

import pytest

from tests import servers
from tests.chaos import faults
from tests.chaos.faults import Outcome
from tests.chaos.hub import Hub
from tests.chaos.installation import Installation, Web, children_of, wait_for
from tests.chaos.sending import BRISK, begun, fill, reading

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]
#: Deliveries of the tests here, and for how many seconds a server is away.
PEOPLE, AWAY = (10_000, 30.0) if faults.FULL else (600, 6.0)
#: Files a second that are taken out of the spool: slow enough that the fault comes amid them.
RATE = 400 if faults.FULL else 60
#: Ten thousand are out in a minute then, which is room enough for a fault.
STEADY = BRISK | ({"SMS_HIGH_WATER": "1000"} if faults.FULL else {})


@pytest.fixture
def system(installation) -> Installation:
    found = installation(**STEADY)
    fill(found, PEOPLE)
    return found


def hub(system: Installation, web: Web, token: str) -> Hub:
    """A hub that registers people for the filled programme, whose slot is over for newcomers."""
    [(messageset, schedule)] = system.sql("SELECT id, default_schedule_id FROM stagebased_messageset")
    return Hub(web, token, messageset=messageset, schedule=schedule)


@pytest.mark.fault("F3")
def test_redis_is_killed_and_comes_back_empty_while_sending_and_under_requests(
    system: Installation, redis_server: servers.Redis, outcome: Outcome
) -> None:
    token, web = system.token(), system.web()
    worker = system.worker("worker")
    system.beat("beat")
    with reading(system, per_second=RATE) as reader:
        wait_for("the worker's pool", lambda: children_of(worker), seconds=30)
        begun(system, reader)
        with hub(system, web, token) as registrations:
            wait_for("registrations", lambda: registrations.statuses[201] > 20, seconds=30)
            redis_server.stop()
            time.sleep(AWAY)
            accepted = registrations.statuses[201]
            redis_server.start()
            client = redis_server.client()
            client.flushall()
            outcome.injected = 2
            # Two ticks of the clock after its return everything is on its way again.
            heal_registered(system, reader, outcome, registrations, within=120 + PEOPLE / 150)
        assert accepted > 20
        assert set(registrations.statuses) == {201}, "a request failed for want of Redis"
        assert worker.poll() is None


def heal_registered(system, reader, outcome, registrations, *, within: float) -> None:
    """As ``heal``, while further people register who are not due."""
    since = time.monotonic()
    wait_for("all files", lambda: len(reader.seen) >= PEOPLE, seconds=within)
    outcome.healed = time.monotonic() - since
    registrations.stopping.set()
    outcome.deliveries = PEOPLE
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    outcome.lost = PEOPLE - len(reader.numbers) + len(registrations.lost(system))
    assert (outcome.lost, outcome.doubled, registrations.doubled(system)) == (0, 0, 0)


@pytest.mark.fault("F3")
def test_without_redis_lists_are_read_and_quotas_hold(
    system: Installation, redis_server: servers.Redis, outcome: Outcome
) -> None:
    system.manage(
        "shell", "-c", "from tests.chaos.programme import gateway_account; gateway_account(segments=3)"
    )
    token, web = system.token("gateway@example.org"), system.web()
    redis_server.stop()
    outcome.injected = 1
    body = {"mobiles": ["+27820001001"], "text": "hello"}
    sent = [
        web.call("POST", "/api/v1.0/sms/outgoing", {**body, "text": f"hello {number}"}, token=token)
        for number in range(6)
    ]
    ids = [answer.json()["mobiles"]["+27820001001"]["message_id"] for answer in sent if answer.status == 201]
    assert [answer.status for answer in sent[:3]] == [201] * 3
    assert sum(key is not None for key in ids) == 3, "a quota that costs money was passed by"
    assert all(answer.status < 500 for answer in sent)
    for path in ("/api/v1/subscriptions/?limit=2", "/messages/", "/api/v1.0/sms/outgoing/"):
        assert web.call("GET", path, token=token).status == 200
    assert web.call("GET", "/healthz/ready").status == 200


@pytest.mark.fault("F4", "DB")
@pytest.mark.parametrize("how", ["fast", "immediate", "away"])
def test_postgresql_goes_away_while_a_hub_registers_and_messages_go_out(
    system: Installation, postgres_cluster: servers.Postgres, outcome: Outcome, how: str
) -> None:
    token, web = system.token(), system.web()
    worker = system.worker("worker")
    system.beat("beat")
    with reading(system, per_second=RATE) as reader:
        wait_for("the worker's pool", lambda: children_of(worker), seconds=30)
        begun(system, reader)
        with hub(system, web, token) as registrations:
            wait_for("registrations", lambda: registrations.statuses[201] > 20, seconds=30)
            postgres_cluster.stop("fast" if how == "away" else how)
            if how == "away":
                time.sleep(AWAY)
            postgres_cluster.start()
            outcome.injected = 1
            before = registrations.statuses[201]
            wait_for("registrations after it", lambda: registrations.statuses[201] > before + 20, seconds=60)
            heal_registered(system, reader, outcome, registrations, within=90 + PEOPLE / 150)
        outcome.notes.append(f"{registrations.statuses[503]} times 503")
        assert set(registrations.statuses) <= {201, 503}
        assert registrations.curt == [], "a refusal without Retry-After"
        assert worker.poll() is None

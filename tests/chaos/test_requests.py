"""The same request many times: at once, with another body, and after a crash in the middle of it."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.chaos.faults import Outcome
from tests.chaos.installation import Answer, Installation, Web, children_of
from tests.chaos.sending import BRISK

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]
BODY = {"mobiles": ["+27820001001", "+27820001002"], "text": "only once"}
PATH = "/api/v1.0/sms/outgoing"


@pytest.fixture
def system(installation) -> Installation:
    return installation(**BRISK)


def at_once(web: Web, token: str, keys: list[str], body: object) -> list[Answer]:
    """The same POST from many threads in the same moment."""
    start, answers = threading.Barrier(len(keys)), []

    def post(key: str) -> None:
        start.wait()
        answers.append(web.call("POST", PATH, body, token=token, **{"Idempotency-Key": key}))

    threads = [threading.Thread(target=post, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def texts(system: Installation) -> Counter[str]:
    return Counter(dict(system.sql("SELECT text, count(*) FROM outbox_delivery GROUP BY 1")))


@pytest.mark.fault("F18")
def test_fifty_equal_posts_at_once_are_one_message(system: Installation, outcome: Outcome) -> None:
    token, web = system.token(), system.web()
    answers = at_once(web, token, ["key-1"] * 50, BODY)
    outcome.injected, outcome.deliveries = 50, 2
    assert [answer.status for answer in answers] == [201] * 50
    assert len({answer.body for answer in answers}) == 1, "the same answer for all"
    outcome.doubled = texts(system)["only once"] - 2
    assert outcome.doubled == 0


@pytest.mark.fault("F18")
def test_a_key_used_for_another_body_is_refused_and_a_forgotten_one_is_new(
    system: Installation, outcome: Outcome
) -> None:
    token, web = system.token(), system.web()
    key = {"Idempotency-Key": "key-2"}
    assert web.call("POST", PATH, BODY, token=token, **key).status == 201
    assert web.call("POST", PATH, {**BODY, "text": "another"}, token=token, **key).status == 409
    outcome.injected = 2
    assert texts(system) == {"only once": 2}
    system.sql("UPDATE smsbridge_gatewayrequest SET created_at = now() - interval '40 days'")
    system.manage("prune")
    assert web.call("POST", PATH, {**BODY, "text": "a month later"}, token=token, **key).status == 201
    assert texts(system) == {"only once": 2, "a month later": 2}


@pytest.mark.fault("F18")
def test_a_request_that_is_killed_half_way_and_sent_again_is_one_message(
    system: Installation, outcome: Outcome
) -> None:
    chance = random.Random(18)
    token, web = system.token(), system.web()
    requests = 40
    stopping = threading.Event()

    accepted: list[int] = []

    def kill_now_and_then() -> None:
        before = 0
        while not stopping.wait(0.2 + chance.random()):
            if len(accepted) == before:
                continue  # Those that were killed have not been replaced yet.
            before = len(accepted)
            for child in children_of(web.process)[:1]:
                os.kill(child, signal.SIGKILL)
                outcome.injected += 1

    assassin = threading.Thread(target=kill_now_and_then)
    assassin.start()
    broken_off = 0
    for number in range(requests):
        body = {**BODY, "text": f"message {number}"}
        for answer in until_accepted(web, token, f"key-{number}", body):
            broken_off += answer.status != 201
        accepted.append(number)
    stopping.set()
    assassin.join()
    outcome.deliveries = 2 * requests
    outcome.notes.append(f"{broken_off} requests broken off")
    counts = texts(system)
    outcome.lost = sum(max(0, 2 - counts[f"message {number}"]) for number in range(requests))
    outcome.doubled = sum(max(0, count - 2) for count in counts.values())
    assert (outcome.lost, outcome.doubled) == (0, 0)


def until_accepted(web: Web, token: str, key: str, body: object) -> Iterator[Answer]:
    wait_until = time.monotonic() + 60
    while time.monotonic() < wait_until:
        answer = web.call("POST", PATH, body, token=token, timeout=10, **{"Idempotency-Key": key})
        yield answer
        if answer.status == 201:
            return
        time.sleep(0.1)
    pytest.fail("never accepted")

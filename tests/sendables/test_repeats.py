"""``Idempotency-Key``: a request may be repeated, what it asks for is done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.retention import prune
from sendables.models import Message, SendKey
from tests.conftest import client_with_token

URL = "/messages/send/"


def send(client, bob, content: str = "once", key: str = "k-1", url: str = URL):
    body = {"content": content, "recipient_ids": [bob.pk]}
    return client.post(url, body, HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_request_twice_sends_once(bob, as_alice, as_bob) -> None:
    first, second = send(as_alice, bob), send(as_alice, bob)
    assert (second.status_code, second.json()) == (first.status_code, first.json()) == (201, first.json())
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(as_bob.get("/messages/").json()) == 1


def test_without_a_key_twice_is_twice(bob, as_alice, as_bob) -> None:
    for _ in range(2):
        as_alice.post(URL, {"content": "x", "recipient_ids": [bob.pk]})
    assert len(as_bob.get("/messages/").json()) == 2


def test_the_order_of_keys_in_the_body_does_not_matter(bob, as_alice, as_bob) -> None:
    for body in ('{"content": "x", "recipient_ids": [%d]}', '{"recipient_ids": [%d], "content": "x"}'):
        as_alice.post(URL, body % bob.pk, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
    assert len(as_bob.get("/messages/").json()) == 1


def test_the_key_of_another_request_is_409(bob, as_alice) -> None:
    send(as_alice, bob)
    answer = send(as_alice, bob, content="other")
    assert (answer.status_code, set(answer.json())) == (409, {"detail"})


def test_keys_of_different_people_are_different(bob, eve, as_alice, as_eve, as_bob) -> None:
    send(as_alice, bob)
    send(as_eve, bob)
    assert len(as_bob.get("/messages/").json()) == 2


def test_a_refused_request_does_not_use_its_key_up(bob, as_alice) -> None:
    assert (
        as_alice.post(URL, {"content": "x", "recipient_ids": [999_999]}, HTTP_IDEMPOTENCY_KEY="k").status_code
        == 400
    )
    assert not SendKey.objects.exists()
    assert send(as_alice, bob, key="k").status_code == 201


def test_a_key_is_forgotten_after_a_day(bob, as_alice, as_bob) -> None:
    send(as_alice, bob)
    SendKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotency-Replayed" not in send(as_alice, bob).headers
    assert len(as_bob.get("/messages/").json()) == 2
    assert prune(["send-keys"], seconds=60) == []
    assert SendKey.objects.exists()
    SendKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert prune(["send-keys"], seconds=60) == []
    assert not SendKey.objects.exists()


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_400(bob, as_alice, key) -> None:
    assert send(as_alice, bob, key=key).status_code == 400


def test_replies_may_be_repeated_too(alice, bob, as_bob, as_alice, write) -> None:
    message = write(alice, [bob])
    for _ in range(2):
        as_bob.post(f"/messages/{message.pk}/reply/", {"content": "yes"}, HTTP_IDEMPOTENCY_KEY="k")
    assert len(as_alice.get("/messages/").json()) == 1


def test_what_is_remembered_holds_no_content(bob, as_alice) -> None:
    send(as_alice, bob, content="secret words")
    assert "secret" not in str(SendKey.objects.values().get())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_send_once(alice, bob) -> None:
    clients = [client_with_token(alice) for _ in range(50)]

    def post(client) -> int:
        try:
            return send(client, bob).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(post, clients)) == {201}
    assert Message.objects.filter(content="once").count() == 1

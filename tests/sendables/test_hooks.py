"""Who hears of what happens: callbacks, tasks and signals, all after commit."""

from __future__ import annotations

import pytest
from celery import current_app
from django.db import connection

from sendables import signals
from tests.sendables import custom

HERE = "tests.sendables.custom"


@pytest.fixture
def configure(settings):
    def set_keys(**keys: object) -> None:
        settings.SENDABLES = {"message": keys}

    return set_keys


def send(client, *people):
    return client.post("/messages/send/", {"content": "hello", "recipient_ids": [p.pk for p in people]})


@pytest.mark.django_db(transaction=True)
def test_callbacks_run_after_commit_and_their_trouble_stays_theirs(bob, as_alice, as_bob, configure) -> None:
    custom.calls.clear()
    configure(AFTER_SEND_CALLBACKS=[f"{HERE}.fail", f"{HERE}.remember"])
    assert send(as_alice, bob).status_code == 201
    assert custom.calls == [("alice", {"content": "hello"}, ["bob"])]
    assert len(as_bob.get("/messages/").json()) == 1


@pytest.mark.django_db(transaction=True)
def test_callbacks_hear_of_answers_too(bob, as_alice, as_bob, configure) -> None:
    send(as_alice, bob)
    custom.calls.clear()
    configure(AFTER_SEND_CALLBACKS=[f"{HERE}.remember"])
    [item] = as_bob.get("/messages/").json()
    assert as_bob.post(f"/messages/{item['id']}/reply/", {"content": "yes"}).status_code == 201
    assert custom.calls == [("bob", {"content": "yes"}, ["alice"])]


@pytest.mark.django_db(transaction=True)
def test_tasks_hear_of_a_send(bob, as_alice, as_bob, configure, monkeypatch) -> None:
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args: started.append((name, args)))
    configure(AFTER_SEND_TASKS=["shop.digest"])
    send(as_alice, bob)
    [item] = as_bob.get("/messages/").json()
    assert started == [("shop.digest", ["message", str(item["id"])])]


@pytest.mark.django_db(transaction=True)
def test_signals_are_sent_after_commit(alice, bob, as_alice, as_bob) -> None:
    heard: list[tuple[str, dict[str, object]]] = []
    declared = {name: getattr(signals, name) for name in dir(signals) if name.islower() and "_" in name[1:]}
    receivers = []
    for name, signal in declared.items():
        if hasattr(signal, "connect"):

            def hear(signal, sender, name=name, **facts) -> None:
                assert not connection.in_atomic_block
                heard.append((name, facts))

            signal.connect(hear)
            receivers.append((signal, hear))
    send(as_alice, bob)
    key = as_bob.get("/messages/").json()[0]["id"]
    body = {"message_ids": [key]}
    as_bob.patch("/messages/mark-read/", body)
    as_bob.patch("/messages/mark-unread/", body)
    as_bob.patch("/messages/mark-all-read/")
    as_bob.delete("/messages/delete/", body)
    as_alice.delete("/messages/delete-sent/", body)
    for signal, receiver in receivers:
        signal.disconnect(receiver)
    told = [(name, facts) for name, facts in heard if name != "inboxes_changed"]
    assert told == [
        ("sendable_sent", {"entity": "message", "key": key, "by": alice.pk, "recipients": [bob.pk]}),
        ("sendables_read", {"entity": "message", "reader": bob.pk, "keys": [key]}),
        ("sendables_unread", {"entity": "message", "reader": bob.pk, "keys": [key]}),
        ("sendables_read", {"entity": "message", "reader": bob.pk, "keys": [key]}),
        ("sendables_deleted", {"entity": "message", "reader": bob.pk, "keys": [key]}),
        ("sent_removed", {"entity": "message", "by": alice.pk, "keys": [key]}),
    ]
    assert [facts["users"] for name, facts in heard if name == "inboxes_changed"] == [[bob.pk]] * 5

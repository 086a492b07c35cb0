"""The block list."""

from __future__ import annotations

import pytest

from sendables import operations
from sendables.models import Block


def send(client, *people):
    return client.post("/messages/send/", {"content": "x", "recipient_ids": [p.pk for p in people]})


def block(client, *people):
    return client.post("/messages/block/", {"user_ids": [p.pk for p in people]})


@pytest.fixture
def bob_blocked_eve(bob, eve) -> None:
    operations.block(blocker=bob, people=[eve.pk])


def test_blocking_seeing_and_taking_back(alice, bob, eve, as_bob, as_eve) -> None:
    assert block(as_bob, eve, alice).status_code == 204
    assert block(as_bob, eve).status_code == 204
    found = as_bob.get("/messages/blocked/").json()
    assert sorted(each["username"] for each in found) == ["alice", "eve"]
    assert as_eve.get("/messages/blocked/").json() == []
    assert as_bob.post("/messages/unblock/", {"user_ids": [alice.pk, 999_999]}).status_code == 204
    assert as_bob.get("/messages/blocked/").json() == [{"id": eve.pk, "username": "eve"}]
    assert as_bob.post("/messages/unblock/", {"user_ids": [alice.pk]}).status_code == 400


def test_nobody_and_oneself_cannot_be_blocked(bob, as_bob) -> None:
    assert block(as_bob, bob).json() == {"user_ids": ["No valid users."]}
    for ids in ([999_999], [10**30], []):
        assert as_bob.post("/messages/block/", {"user_ids": ids}).status_code == 400
    assert not Block.objects.exists()


@pytest.mark.usefixtures("bob_blocked_eve")
def test_neither_can_write_to_the_other(alice, bob, eve, as_bob, as_eve, as_alice) -> None:
    assert send(as_eve, bob).json() == {"recipient_ids": ["No valid recipients."]}
    assert send(as_bob, eve).status_code == 400
    assert send(as_eve, bob, alice).json()["recipient_ids"] == [alice.pk]
    assert send(as_alice, bob, eve).json()["recipient_ids"] == [bob.pk, eve.pk]


def test_replies_obey_it(alice, bob, eve, as_bob, as_eve, write) -> None:
    message = write(eve, [bob, alice])
    block(as_bob, eve)
    url = f"/messages/{message.pk}/reply/"
    assert as_bob.post(url, {"content": "x"}).json()["recipient_ids"] == [alice.pk]
    assert as_eve.post(url, {"content": "x"}).json()["recipient_ids"] == [alice.pk]


@pytest.mark.usefixtures("bob_blocked_eve")
def test_strict_policies_name_the_blocked(bob, as_eve, settings) -> None:
    settings.SENDABLES = {
        "message": {"GET_VALID_RECIPIENTS": "sendables.api.policies.get_valid_recipients_strict"}
    }
    assert send(as_eve, bob).json() == {"recipient_ids": [f"Invalid recipients: {bob.pk}."]}


def test_messages_to_groups_obey_it(staff, bob, as_staff, as_bob) -> None:
    operations.block(blocker=bob, people=[staff.pk])
    as_staff.post("/messages/send/", {"content": "x", "everybody": True})
    assert as_bob.get("/messages/").json() == []


def test_notices_come_from_the_system_whoever_wrote_them(staff, bob, as_bob, notify) -> None:
    operations.block(blocker=bob, people=[staff.pk])
    notify([bob], sent_by=staff)
    assert len(as_bob.get("/notices/").json()) == 1


@pytest.mark.usefixtures("bob_blocked_eve")
def test_what_was_written_before_stays(bob, eve, as_bob) -> None:
    operations.unblock(blocker=bob, people=[eve.pk])
    operations.send_message(sender=eve, recipients=[bob], content="before")
    operations.block(blocker=bob, people=[eve.pk])
    assert [item["content"] for item in as_bob.get("/messages/").json()] == ["before"]
    assert operations.is_blocked(one=eve, other=bob)
    assert operations.is_blocked(one=bob, other=eve)

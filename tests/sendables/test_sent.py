"""The sent list and detail, removal from it, and when content goes for good."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sendables import operations
from sendables.models import Message, MessageReceipt, Notice


def remove(client, *keys: int):
    return client.delete("/messages/delete-sent/", {"message_ids": list(keys)})


def test_the_sent_list_shows_all_recipients_newest_first(alice, bob, eve, as_alice, write) -> None:
    first, second = write(alice, [bob], "first"), write(alice, [bob, eve], "second")
    found = as_alice.get("/messages/sent/").json()
    assert [item["id"] for item in found] == [second.pk, first.pk]
    assert found[0] == {
        "id": second.pk,
        "content": "second",
        "recipients": [{"id": bob.pk, "username": "bob"}, {"id": eve.pk, "username": "eve"}],
        "sent_on": second.sent_on.isoformat().replace("+00:00", "Z"),
    }
    assert as_alice.get(f"/messages/sent/{second.pk}/").json() == found[0]


def test_only_the_sender_has_it(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    assert as_bob.get("/messages/sent/").json() == []
    assert as_bob.get(f"/messages/sent/{message.pk}/").status_code == 404
    assert remove(as_bob, message.pk).status_code == 400


def test_removal_leaves_the_recipients_copies(alice, bob, as_alice, as_bob, write) -> None:
    message = write(alice, [bob])
    assert remove(as_alice, message.pk, 999_999, 10**30).status_code == 204
    assert as_alice.get("/messages/sent/").json() == []
    assert as_alice.get(f"/messages/sent/{message.pk}/").status_code == 404
    assert as_bob.get("/messages/").json()[0]["sender"]["username"] == "alice"
    assert remove(as_alice, message.pk).json() == {"message_ids": ["No valid messages."]}


def test_a_message_whose_recipients_accounts_are_gone_is_not_shown(alice, bob, as_alice, write) -> None:
    message = write(alice, [bob])
    bob.delete()
    assert as_alice.get("/messages/sent/").json() == []
    assert as_alice.get(f"/messages/sent/{message.pk}/").status_code == 404
    assert Message.objects.filter(pk=message.pk).exists()


@pytest.mark.parametrize("sender_first", [True, False])
def test_content_goes_when_nobody_holds_it(
    alice, bob, eve, as_alice, as_bob, as_eve, write, sender_first
) -> None:
    message, other = write(alice, [bob, eve]), write(alice, [bob])
    steps = [
        lambda: remove(as_alice, message.pk),
        lambda: as_bob.delete("/messages/delete/", {"message_ids": [message.pk]}),
        lambda: as_eve.delete("/messages/delete/", {"message_ids": [message.pk]}),
    ]
    for step in steps if sender_first else steps[::-1]:
        assert Message.objects.filter(pk=message.pk).exists()
        assert step().status_code == 204
    assert not Message.objects.filter(pk=message.pk).exists()
    assert not MessageReceipt.objects.filter(sendable=message.pk).exists()
    assert Message.objects.filter(pk=other.pk).exists()


def test_a_notice_goes_with_its_last_copy(bob, eve, as_bob, as_eve, notify) -> None:
    notice = notify([bob, eve])
    as_bob.delete("/notices/delete/", {"notice_ids": [notice.pk]})
    assert Notice.objects.filter(pk=notice.pk).exists()
    as_eve.delete("/notices/delete/", {"notice_ids": [notice.pk]})
    assert not Notice.objects.filter(pk=notice.pk).exists()


def test_content_can_be_kept_for_good(alice, bob, as_alice, as_bob, write, settings) -> None:
    settings.SENDABLES = {"message": {"DELETE_HANGING_SENDABLES": False}}
    message = write(alice, [bob])
    remove(as_alice, message.pk)
    as_bob.delete("/messages/delete/", {"message_ids": [message.pk]})
    assert Message.objects.get(pk=message.pk).removed_at is not None
    assert MessageReceipt.objects.get(sendable=message).deleted_at is not None


def test_recipients_are_fetched_by_one_statement(alice, bob, eve, as_alice, write) -> None:
    write(alice, [bob])
    as_alice.get("/messages/sent/")
    with CaptureQueriesContext(connection) as one:
        as_alice.get("/messages/sent/")
    for _ in range(9):
        write(alice, [bob, eve])
    with CaptureQueriesContext(connection) as ten:
        as_alice.get("/messages/sent/")
    # The token's account, the messages, their recipients.
    assert len(ten) == len(one) == 3


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_last_two_letting_go_at_once_leave_nothing(alice, bob, eve, write) -> None:
    for _ in range(10):
        message = write(alice, [bob, eve])
        operations.delete_sent(entity_name="message", sender=alice, keys=[message.pk])
        barrier = threading.Barrier(2)

        def let_go(reader, key=message.pk, barrier=barrier) -> None:
            barrier.wait()
            operations.delete_received(entity_name="message", reader=reader, keys=[key])
            connection.close()

        threads = [threading.Thread(target=let_go, args=(reader,)) for reader in (bob, eve)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not Message.objects.filter(pk=message.pk).exists()

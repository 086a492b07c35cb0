"""The received lists and the detail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sendables import operations
from sendables.models import Message, MessageReceipt


def contents(answer) -> list[str]:
    return [item["content"] for item in answer.json()]


def test_unread_come_before_read_then_the_newest_first(alice, bob, as_bob, write) -> None:
    first, _, third = (write(alice, [bob], text) for text in ("first", "second", "third"))
    operations.mark_read(entity_name="message", reader=bob, keys=[first.pk, third.pk])
    assert contents(as_bob.get("/messages/")) == ["second", "third", "first"]
    assert contents(as_bob.get("/messages/read/")) == ["third", "first"]
    assert contents(as_bob.get("/messages/unread/")) == ["second"]


def test_each_list_says_what_is_read(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    assert as_bob.get("/messages/unread/").json()[0]["is_read"] is False
    operations.mark_read(entity_name="message", reader=bob, keys=[message.pk])
    assert as_bob.get("/messages/read/").json()[0]["is_read"] is True
    assert as_bob.get(f"/messages/{message.pk}/").json()["is_read"] is True


def test_an_empty_inbox_is_an_empty_array(as_eve) -> None:
    for url in ("/messages/", "/messages/read/", "/messages/unread/", "/messages/sent/", "/notices/"):
        assert as_eve.get(url).json() == []


def test_nobody_sees_what_others_got(alice, bob, as_eve, as_alice, write) -> None:
    message = write(alice, [bob])
    assert as_eve.get("/messages/").json() == []
    assert as_eve.get(f"/messages/{message.pk}/").status_code == 404
    assert as_alice.get(f"/messages/{message.pk}/").status_code == 404


def test_the_detail_shows_one_and_marks_nothing(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob], "hello")
    for _ in range(2):
        answer = as_bob.get(f"/messages/{message.pk}/")
        assert answer.json() == {
            "id": message.pk,
            "content": "hello",
            "is_read": False,
            "sender": {"id": alice.pk, "username": "alice"},
            "sent_on": message.sent_on.isoformat().replace("+00:00", "Z"),
        }


def test_the_list_shows_what_the_detail_shows(alice, bob, as_bob, write, notify) -> None:
    message, notice = write(alice, [bob]), notify([bob])
    assert as_bob.get("/messages/").json() == [as_bob.get(f"/messages/{message.pk}/").json()]
    assert as_bob.get("/notices/").json() == [as_bob.get(f"/notices/{notice.pk}/").json()]


@pytest.mark.parametrize("key", [0, 10**18, 2**63, 10**30, "9" * 500])
def test_ids_that_nobody_has_are_404(as_bob, key) -> None:
    for url in (f"/messages/{key}/", f"/messages/sent/{key}/", f"/notices/{key}/"):
        assert as_bob.get(url).status_code == 404


def test_a_message_outlives_its_sender_s_account(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    alice.delete()
    assert as_bob.get("/messages/").json()[0]["sender"] is None
    assert as_bob.get(f"/messages/{message.pk}/").json()["sender"] is None


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "2024-02-15T17:26:30.780074Z"), ("America/Chicago", "2024-02-15T11:26:30.780074-06:00")],
)
def test_times_are_in_the_project_s_zone(alice, bob, as_bob, write, settings, zone, text) -> None:
    message = write(alice, [bob])
    at = datetime(2024, 2, 15, 17, 26, 30, 780074, tzinfo=UTC)
    MessageReceipt.objects.filter(sendable=message).update(sent_on=at)
    settings.TIME_ZONE = zone
    timezone.deactivate()
    assert as_bob.get("/messages/").json()[0]["sent_on"] == text


def test_one_message_costs_the_statements_of_twenty(alice, bob, as_bob, write) -> None:
    write(alice, [bob])
    as_bob.get("/messages/")
    with CaptureQueriesContext(connection) as one:
        as_bob.get("/messages/")
    for number in range(19):
        write(alice, [bob], f"message {number}")
    with CaptureQueriesContext(connection) as twenty:
        as_bob.get("/messages/")
    # The token's account and the page: nothing else.
    assert len(twenty) == len(one) == 2


def test_content_cannot_vanish_from_under_its_receipts(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    with pytest.raises(IntegrityError), transaction.atomic():
        delete_behind_the_app(message)
    assert as_bob.get("/messages/").status_code == 200


def delete_behind_the_app(message) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sendables_message WHERE id = %s", [message.pk])
    connection.check_constraints()


def test_a_message_has_one_id_everywhere(alice, bob, as_alice, as_bob, write) -> None:
    message = write(alice, [bob])
    assert as_bob.get("/messages/").json()[0]["id"] == message.pk
    assert as_alice.get("/messages/sent/").json()[0]["id"] == message.pk


def test_what_expired_is_gone_at_once(bob, as_bob, notify) -> None:
    soon = timezone.now() + timedelta(hours=1)
    notice = notify([bob], expires_at=soon)
    assert as_bob.get("/notices/unread-count/").json() == {"unread_count": 1}
    past = timezone.now() - timedelta(seconds=1)
    notice.receipts.update(expires_at=past)
    assert as_bob.get("/notices/").json() == []
    assert as_bob.get(f"/notices/{notice.pk}/").status_code == 404
    assert as_bob.get("/notices/unread-count/").json() == {"unread_count": 0}


def test_rows_are_stored_once_per_recipient(alice, bob, write) -> None:
    message = write(alice, [bob])
    with pytest.raises(IntegrityError), transaction.atomic():
        MessageReceipt.objects.create(sendable=message, recipient=bob, sent_on=message.sent_on, place=99)
    assert Message.objects.get(pk=message.pk).receipts.count() == 1

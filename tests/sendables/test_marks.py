"""Marking as read and unread, deleting, and the unread count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sendables import operations
from sendables.models import MessageReceipt

MARKS = ("/messages/mark-read/", "/messages/mark-unread/")


def unread(client) -> int:
    return client.get("/messages/unread-count/").json()["unread_count"]


def test_marking_as_read_and_back(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    answer = as_bob.patch("/messages/mark-read/", {"message_ids": [message.pk]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert "Content-Type" not in answer.headers
    receipt = MessageReceipt.objects.get(sendable=message)
    assert receipt.read_at is not None
    assert unread(as_bob) == 0
    as_bob.patch("/messages/mark-unread/", {"message_ids": [message.pk]})
    receipt.refresh_from_db()
    assert receipt.read_at is None
    assert unread(as_bob) == 1


@pytest.mark.parametrize("url", MARKS)
def test_marking_what_is_so_already_is_fine(alice, bob, as_bob, write, url) -> None:
    message = write(alice, [bob])
    for _ in range(2):
        assert as_bob.patch(url, {"message_ids": [message.pk]}).status_code == 200


def test_the_time_of_the_first_reading_stays(alice, bob, write) -> None:
    message = write(alice, [bob])
    operations.mark_read(entity_name="message", reader=bob, keys=[message.pk])
    first = MessageReceipt.objects.get(sendable=message).read_at
    operations.mark_read(entity_name="message", reader=bob, keys=[message.pk])
    assert MessageReceipt.objects.get(sendable=message).read_at == first


@pytest.mark.parametrize("url", [*MARKS, "/messages/delete/"])
def test_valid_ids_are_processed_and_the_rest_is_passed_over(alice, bob, eve, as_bob, write, url) -> None:
    mine, hers = write(alice, [bob]), write(alice, [eve])
    method = as_bob.delete if "delete" in url else as_bob.patch
    ids = [mine.pk, mine.pk, hers.pk, 999_999, 10**30, -1]
    assert method(url, {"message_ids": ids}).status_code in (200, 204)
    assert MessageReceipt.objects.get(sendable=hers).read_at is None
    assert MessageReceipt.objects.get(sendable=hers).deleted_at is None


@pytest.mark.parametrize("url", [*MARKS, "/messages/delete/"])
def test_no_valid_id_is_400_on_the_field(alice, bob, eve, as_bob, write, url) -> None:
    hers = write(alice, [eve])
    write(alice, [bob])
    method = as_bob.delete if "delete" in url else as_bob.patch
    for ids in ([hers.pk], [999_999], [10**30], [0]):
        answer = method(url, {"message_ids": ids})
        assert (answer.status_code, answer.json()) == (400, {"message_ids": ["No valid messages."]})


@pytest.mark.parametrize("url", [*MARKS, "/messages/delete/", "/messages/delete-sent/"])
@pytest.mark.parametrize(
    "body", [{}, {"message_ids": []}, {"message_ids": None}, {"message_ids": ["x"]}, [1]]
)
def test_a_bad_body_is_400(as_bob, url, body) -> None:
    method = as_bob.delete if "delete" in url else as_bob.patch
    answer = method(url, body)
    assert answer.status_code == 400
    assert isinstance(answer.json(), dict)


def test_twenty_thousand_ids_pass(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    ids = [*range(1_000_000, 1_020_000), message.pk]
    assert as_bob.patch("/messages/mark-read/", {"message_ids": ids}).status_code == 200
    assert unread(as_bob) == 0


def test_entities_share_no_ids(bob, alice, as_bob, write, notify) -> None:
    message, notice = write(alice, [bob]), notify([bob])
    for url, key in (("mark-read", message.pk), ("delete", message.pk)):
        method = as_bob.delete if url == "delete" else as_bob.patch
        assert method(f"/notices/{url}/", {"notice_ids": [key]}).status_code == 400
        assert method(f"/messages/{url}/", {"message_ids": [notice.pk]}).status_code == 400
    assert unread(as_bob) == 1
    assert as_bob.get("/notices/unread-count/").json() == {"unread_count": 1}


def test_everything_is_marked_at_once(alice, bob, eve, as_bob, as_eve, write, notify) -> None:
    for number in range(5):
        write(alice, [bob, eve], f"message {number}")
    notify([bob])
    answer = as_bob.patch("/messages/mark-all-read/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert unread(as_bob) == 0
    assert unread(as_eve) == 5
    assert as_bob.get("/notices/unread-count/").json() == {"unread_count": 1}


def test_nothing_to_mark_is_fine(as_eve) -> None:
    assert as_eve.patch("/messages/mark-all-read/").status_code == 200
    assert unread(as_eve) == 0


def test_deleting_removes_the_caller_s_copy_only(alice, bob, eve, as_alice, as_bob, as_eve, write) -> None:
    message = write(alice, [bob, eve])
    assert as_bob.delete("/messages/delete/", {"message_ids": [message.pk]}).status_code == 204
    assert as_bob.get("/messages/").json() == []
    assert as_bob.get(f"/messages/{message.pk}/").status_code == 404
    assert unread(as_bob) == 0
    assert len(as_eve.get("/messages/").json()) == 1
    shown = as_alice.get("/messages/sent/").json()[0]["recipients"]
    assert {each["username"] for each in shown} == {"bob", "eve"}


def test_what_is_deleted_cannot_be_touched_again(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    body = {"message_ids": [message.pk]}
    as_bob.delete("/messages/delete/", body)
    assert as_bob.delete("/messages/delete/", body).status_code == 400
    assert as_bob.patch("/messages/mark-read/", body).status_code == 400


def test_the_count_is_one_statement(alice, bob, write, django_assert_num_queries) -> None:
    for _ in range(5):
        write(alice, [bob])
    with django_assert_num_queries(1):
        assert operations.unread_count(entity_name="message", reader=bob) == 5


def test_marking_one_costs_the_statements_of_twenty(alice, bob, write, django_assert_num_queries) -> None:
    keys = [write(alice, [bob]).pk for _ in range(21)]
    with CaptureQueriesContext(connection) as one:
        operations.mark_read(entity_name="message", reader=bob, keys=keys[:1])
    with django_assert_num_queries(len(one)):
        operations.mark_read(entity_name="message", reader=bob, keys=keys[1:])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_count_is_right_under_concurrent_marks(alice, bob, write) -> None:
    """Four readers of one account mark, unmark and delete while alice goes on writing."""
    keys = [write(alice, [bob]).pk for _ in range(12)]

    def shuffle(seed: int) -> None:
        try:
            for turn in range(12):
                some = keys[(seed + turn) % 9 :][:4]
                step = (seed + turn) % 3
                if step == 0:
                    operations.mark_read(entity_name="message", reader=bob, keys=some)
                elif step == 1:
                    operations.mark_unread(entity_name="message", reader=bob, keys=some)
                else:
                    operations.delete_received(entity_name="message", reader=bob, keys=some[:1])
                operations.send_message(sender=alice, recipients=[bob], content="more")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(shuffle, range(4)))
    left = MessageReceipt.objects.filter(recipient=bob, deleted_at=None, read_at=None).count()
    assert operations.unread_count(entity_name="message", reader=bob) == left

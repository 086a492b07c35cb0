"""Subjects and conversations."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sendables import operations, selectors
from sendables.entities import entity
from sendables.models import Message


@pytest.fixture
def first(alice, bob, eve, write):
    """Alice writes to bob and eve about dinner."""
    return write(alice, [bob, eve], "When?", subject="Dinner")


def reply(client, key: int, content: str = "At eight", **more: object):
    return client.post(f"/messages/{key}/reply/", {"content": content, **more})


def thread(client, key: int) -> list[dict[str, object]]:
    return client.get(f"/messages/{key}/thread/").json()


def test_a_subject_travels_with_a_message_but_not_in_the_old_shapes(bob, as_alice, as_bob) -> None:
    body = {"content": "When?", "subject": "Dinner", "recipient_ids": [bob.pk]}
    assert as_alice.post("/messages/send/", body).json() == body
    [item] = as_bob.get("/messages/").json()
    assert set(item) == {"id", "is_read", "content", "sender", "sent_on"}
    assert thread(as_bob, item["id"])[0]["subject"] == "Dinner"


@pytest.mark.parametrize("subject", ["x" * 201, {}, None, True], ids=["long", "object", "null", "true"])
def test_a_bad_subject_is_400(bob, as_alice, subject) -> None:
    body = {"content": "x", "recipient_ids": [bob.pk], "subject": subject}
    answer = as_alice.post("/messages/send/", body)
    assert (answer.status_code, set(answer.json())) == (400, {"subject"})


def test_a_reply_goes_to_everybody_else_and_stays_in_the_conversation(
    first, alice, bob, eve, as_alice, as_bob, as_eve
) -> None:
    answer = reply(as_bob, first.pk)
    assert (answer.status_code, answer.json()) == (
        201,
        {"content": "At eight", "recipient_ids": [alice.pk, eve.pk]},
    )
    for client in (as_alice, as_bob, as_eve):
        found = thread(client, first.pk)
        assert [(item["content"], item["subject"]) for item in found] == [
            ("When?", "Dinner"),
            ("At eight", "Dinner"),
        ]
        assert {item["thread_id"] for item in found} == {first.pk}
    assert thread(as_eve, found[1]["id"]) == found


def test_an_entry_says_who_wrote_it_and_whether_it_is_read(first, alice, bob, as_alice, as_bob) -> None:
    reply(as_bob, first.pk)
    mine, his = thread(as_alice, first.pk)
    assert set(mine) == {"id", "thread_id", "sent_on", "is_read", "sender", "content", "subject"}
    assert (mine["sender"], mine["is_read"]) == ({"id": alice.pk, "username": "alice"}, True)
    assert (his["sender"]["username"], his["is_read"]) == ("bob", False)


def test_a_reply_to_a_reply_stays_in_it_too(first, as_alice, as_bob) -> None:
    reply(as_bob, first.pk)
    answered = thread(as_alice, first.pk)[1]["id"]
    assert reply(as_alice, answered, "Fine").status_code == 201
    assert [item["content"] for item in thread(as_bob, first.pk)] == ["When?", "At eight", "Fine"]


def test_outsiders_see_no_conversation(alice, bob, as_eve, write) -> None:
    message = write(alice, [bob])
    assert as_eve.get(f"/messages/{message.pk}/thread/").status_code == 404
    assert reply(as_eve, message.pk).status_code == 404
    assert reply(as_eve, 10**30).status_code == 404


def test_somebody_added_later_sees_only_what_they_got(first, alice, bob, django_user_model, as_alice) -> None:
    carol = django_user_model.objects.create_user("carol")
    fields = {"content": "Carol comes too", "thread": first.pk}
    operations.send(entity_name="message", sender=alice, recipients=[carol, bob], fields=fields)
    kind = entity("message")
    assert [m.content for m in selectors.messages_of(kind, carol, first.pk)] == ["Carol comes too"]
    people = selectors.participants(kind, carol, first.pk)
    assert {person.username for person in people} == {"alice", "bob", "carol"}


@pytest.mark.parametrize("body", [{}, {"content": " "}, {"content": None}, [], {"content": {}}])
def test_a_reply_needs_content(first, as_bob, body) -> None:
    answer = as_bob.post(f"/messages/{first.pk}/reply/", body)
    assert answer.status_code == 400


def test_in_a_large_round_the_writer_alone_is_answered(first, alice, as_bob, settings) -> None:
    settings.SENDABLES = {"message": {"REPLY_LIMIT": 2}}
    assert reply(as_bob, first.pk).json()["recipient_ids"] == [alice.pk]


def test_one_may_add_to_one_s_own(first, bob, eve, as_alice) -> None:
    assert reply(as_alice, first.pk, "Anyone?").json()["recipient_ids"] == [bob.pk, eve.pk]


def test_a_conversation_is_paged(first, as_bob, as_alice) -> None:
    for number in range(3):
        reply(as_bob, first.pk, str(number))
    answer = as_alice.get(f"/messages/{first.pk}/thread/?limit=3")
    assert [item["content"] for item in answer.json()] == ["When?", "0", "1"]
    following = answer.headers["Link"].partition(">")[0].lstrip("<")
    assert [item["content"] for item in as_alice.get(following).json()] == ["2"]


def test_the_list_of_conversations(first, alice, bob, eve, as_bob, as_alice, write) -> None:
    other = write(eve, [bob], "hi", subject="Other")
    reply(as_alice, first.pk, "Anyone?")
    found = as_bob.get("/messages/threads/").json()
    assert [(t["thread_id"], t["subject"], t["count"], t["unread_count"]) for t in found] == [
        (first.pk, "Dinner", 2, 2),
        (other.pk, "Other", 1, 1),
    ]
    assert [each["username"] for each in found[0]["participants"]] == ["alice", "bob", "eve"]
    assert found[0]["started_on"] < found[0]["latest_on"]


def test_boxes_of_conversations(first, alice, bob, as_bob, as_alice, write) -> None:
    mine = write(bob, [alice], "question")

    def ids(box: str) -> list[int]:
        return [item["thread_id"] for item in as_bob.get(f"/messages/threads/?box={box}").json()]

    assert ids("all") == [mine.pk, first.pk]
    assert ids("inbox") == [first.pk]
    assert ids("sent") == [mine.pk]
    assert as_bob.get("/messages/threads/?box=other").status_code == 400
    first_page = as_bob.get("/messages/threads/?limit=1")
    assert [item["thread_id"] for item in first_page.json()] == [mine.pk]
    following = first_page.headers["Link"].partition(">")[0].lstrip("<")
    assert [item["thread_id"] for item in as_bob.get(following).json()] == [first.pk]


def test_conversations_cost_the_same_however_many(alice, bob, write) -> None:
    kind = entity("message")

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            selectors.threads(kind, bob)
        return len(queries)

    write(alice, [bob])
    one = statements()
    for number in range(10):
        message = write(alice, [bob], subject=str(number))
        operations.reply(entity_name="message", sender=bob, key=message.pk, fields={"content": "yes"})
    assert statements() == one == 3


def test_a_broadcast_shows_only_some_of_its_people(alice, bob, write, django_user_model) -> None:
    people = [django_user_model.objects.create_user(f"member{number}") for number in range(9)]
    write(alice, [bob, *people])
    [summary] = selectors.threads(entity("message"), bob, most_people=4)
    assert len(summary.people) == 4


def test_unread_conversations_are_counted_not_messages(first, alice, bob, eve, write) -> None:
    operations.reply(entity_name="message", sender=alice, key=first.pk, fields={"content": "?"})
    write(eve, [bob])
    assert selectors.unread_threads(entity("message"), bob) == 2
    operations.mark_thread(entity_name="message", reader=bob, thread=first.pk, read=True)
    assert selectors.unread_threads(entity("message"), bob) == 1
    marked = operations.mark_thread(entity_name="message", reader=bob, thread=first.pk, read=False)
    assert (marked.found, marked.changed) == (2, 2)
    assert operations.mark_thread(entity_name="message", reader=bob, thread=999_999, read=True).found == 0


def test_a_deleted_conversation_is_gone_for_one_and_comes_back_with_the_next(
    first, alice, bob, eve, as_bob, as_alice
) -> None:
    reply(as_bob, first.pk)
    assert operations.delete_thread(entity_name="message", person=bob, thread=first.pk) == 2
    assert as_bob.get("/messages/threads/").json() == []
    assert as_bob.get("/messages/").json() == as_bob.get("/messages/sent/").json() == []
    assert len(thread(as_alice, first.pk)) == 2
    assert reply(as_alice, first.pk, "Still there?").json()["recipient_ids"] == [bob.pk, eve.pk]
    [summary] = as_bob.get("/messages/threads/").json()
    assert (summary["thread_id"], summary["count"]) == (first.pk, 1)


def test_the_conversation_outlives_its_first_message(alice, bob, as_alice, as_bob, write) -> None:
    message = write(alice, [bob], subject="Dinner")
    reply(as_bob, message.pk)
    as_bob.delete("/messages/delete/", {"message_ids": [message.pk]})
    as_alice.delete("/messages/delete-sent/", {"message_ids": [message.pk]})
    assert not Message.objects.filter(pk=message.pk).exists()
    [summary] = as_alice.get("/messages/threads/").json()
    assert (summary["thread_id"], summary["subject"]) == (message.pk, "Dinner")


def test_an_archived_conversation_comes_back_with_its_next_message(
    first, alice, bob, as_bob, as_alice
) -> None:
    def ids(box: str) -> list[int]:
        return [item["thread_id"] for item in as_bob.get(f"/messages/threads/?box={box}").json()]

    operations.archive_thread(entity_name="message", person=bob, thread=first.pk)
    assert (ids("inbox"), ids("archived"), ids("all")) == ([], [first.pk], [first.pk])
    assert ids("current") == []
    assert operations.unarchive_thread(entity_name="message", person=bob, thread=first.pk)
    assert not operations.unarchive_thread(entity_name="message", person=bob, thread=first.pk)
    assert ids("inbox") == [first.pk]
    operations.archive_thread(entity_name="message", person=bob, thread=first.pk)
    reply(as_alice, first.pk, "Hello?")
    assert (ids("inbox"), ids("archived")) == ([first.pk], [])


def test_notices_have_no_conversations(bob, as_bob, notify) -> None:
    notice = notify([bob])
    assert as_bob.get(f"/notices/{notice.pk}/thread/").status_code == 404
    assert as_bob.get("/notices/threads/").status_code == 404
    with pytest.raises(operations.UnknownThread):
        operations.reply(entity_name="notice", sender=bob, key=notice.pk, fields={"content": "x"})

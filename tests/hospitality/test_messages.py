"""Private messages: one store with everybody's inbox, and nobody sees what is not theirs."""

import json

import pytest

from accounts.models import User
from hospitality.models import Member, Report
from sendables import operations as sendables
from sendables.models import Message
from tests.conftest import client_with_token
from tests.hospitality.conftest import App, member

NO_RECIPIENTS = "There are no recipients, please enter a recipient for the message."


@pytest.fixture
def thread(alices, bobs) -> str:
    """Alice wrote to Bob."""
    answer = alices.call("message/send", {"recipients": "bob", "subject": "Hello", "body": "May I come?"})
    assert answer.json() == [True]
    return answer["X-Thread-Id"]


def threads(app, **fields):
    return app.call("message/get", fields).json()


def read(app, thread):
    return app.call("message/getThread", {"thread_id": thread})


def test_the_other_finds_it_new(thread, alices, bobs, alice, bob):
    assert bobs.call("message/unreadCount").json() == ["1"]
    (found,) = threads(bobs)
    assert (found["thread_id"], found["subject"], found["is_new"], found["count"]) == (
        thread,
        "Hello",
        "1",
        "1",
    )
    assert found["has_tokens"] == "0"
    assert found["participants"] == [
        {"uid": str(alice.pk), "name": "alice", "fullname": "Alice Adams"},
        {"uid": str(bob.pk), "name": "bob", "fullname": "Bob Brown"},
    ]
    assert threads(alices)[0]["is_new"] == "0"


def test_reading_does_not_mark_and_marking_does(thread, bobs, alice):
    body = read(bobs, thread).json()
    assert body["pmtid"] == int(thread)
    (message,) = body["messages"]
    assert (message["author"], message["body"], message["is_new"]) == (str(alice.pk), "May I come?", "1")
    assert bobs.call("message/unreadCount").json() == ["1"]
    assert bobs.call("message/markThreadRead", {"thread_id": thread}).json() == [True]
    assert bobs.call("message/unreadCount").json() == ["0"]
    assert bobs.call("message/markThreadRead", {"thread_id": thread, "status": "1"}).json() == [True]
    assert bobs.call("message/unreadCount").json() == ["1"]


@pytest.mark.parametrize("status", ["0", "", "false"])
def test_statuses_that_mean_read(thread, bobs, status):
    bobs.call("message/markThreadRead", {"thread_id": thread, "status": status})
    assert bobs.call("message/unreadCount").json() == ["0"]


def test_answers_go_to_all_others_under_the_same_subject(thread, alices, bobs):
    answer = bobs.call("message/reply", {"thread_id": thread, "body": "<p>Yes</p>"})
    assert answer.json() == [True]
    assert answer["X-Thread-Id"] == thread
    (found,) = threads(alices)
    assert (found["subject"], found["count"], found["is_new"]) == ("Hello", "2", "1")
    assert [each["body"] for each in read(alices, thread).json()["messages"]] == ["May I come?", "<p>Yes</p>"]


def test_a_send_with_a_thread_is_an_answer(thread, bobs, alices):
    assert bobs.call("message/send", {"thread_id": thread, "body": "yes"}).json() == [True]
    assert bobs.call("message", {"thread_id": thread, "body": "and"}).json() == [True]
    assert threads(alices)[0]["count"] == "3"


def test_one_store_with_the_web_inbox_in_both_directions(thread, bob, alice, bobs):
    inbox = client_with_token(bob).get("/messages/").json()
    assert [each["content"] for each in inbox] == ["May I come?"]
    key = Message.objects.get().pk
    sendables.mark_read(entity_name="message", reader=bob, keys=[key])
    assert bobs.call("message/unreadCount").json() == ["0"]
    sendables.reply(entity_name="message", sender=alice, key=key, fields={"content": "from the web"})
    assert read(bobs, thread).json()["messages"][1]["body"] == "from the web"


def test_boxes_limits_and_offsets(thread, alices, bobs):
    bobs.call("message/send", {"recipients": "alice", "subject": "Second", "body": "b"})
    assert [each["subject"] for each in threads(alices)] == ["Second", "Hello"]
    assert [each["subject"] for each in threads(alices, type="inbox")] == ["Second"]
    assert [each["subject"] for each in threads(alices, type="sent")] == ["Hello"]
    assert [each["subject"] for each in threads(alices, limit="1", offset="1")] == ["Hello"]
    assert len(threads(alices, limit="garbage", offset="-3")) == 2
    bobs.call("message/reply", {"thread_id": thread, "body": "two"})
    page = alices.call("message/getThread", {"thread_id": thread, "offset": "1"}).json()
    assert [each["body"] for each in page["messages"]] == ["two"]


def test_a_request_with_a_key_is_done_once(thread, alices, bobs):
    def post(route, key="k", **fields):
        return alices.call(f"message/{route}", fields, HTTP_IDEMPOTENCY_KEY=key)

    new = {"recipients": "bob", "subject": "New", "body": "b"}
    for route, key, fields in (("send", "k", new), ("reply", "l", {"thread_id": thread, "body": "again"})):
        first, second = post(route, key, **fields), post(route, key, **fields)
        assert first.json() == second.json() == [True]
        assert first["X-Message-Id"] == second["X-Message-Id"]
        assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    assert sorted(each["count"] for each in threads(bobs)) == ["1", "2"]
    for refused in (post("send", **new | {"body": "c"}), post("send", "", **new), post("send", "é", **new)):
        assert refused.status_code == 400
        assert "Idempotency-Key" in refused.json()[0]
    assert post("send", "m", recipients="nobody", subject="s").status_code == 400
    assert post("send", "m", **new).status_code == 200


def test_the_experimental_ways(thread, bobs, alices):
    assert [each["thread_id"] for each in bobs.ask("/services/rest/message").json()] == [thread]
    assert alices.ask("/services/rest/message").json() == []
    answer = bobs.call("message/reply", {"thread_id": thread, "body": "yes"})
    for key in (thread, answer["X-Message-Id"]):
        assert alices.ask(f"/services/rest/message/{key}").json()["pmtid"] == int(thread)
    sent = alices.call("message", {"recipients": "bob", "subject": "New", "body": "b"})
    assert sent["X-Thread-Id"] != thread


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"subject": "s"}, NO_RECIPIENTS),
        ({"recipients": " , ", "subject": "s"}, NO_RECIPIENTS),
        ({"recipients": "bob, Nobody,who", "subject": "s"}, "One or more usernames are invalid: Nobody, who"),
        ({"recipients": "bob"}, "A subject must be included with the message."),
        ({"recipients": "staff", "subject": "s"}, "One or more usernames are invalid: staff"),
        (
            {"recipients": "x"},
            "One or more usernames are invalid: x\nA subject must be included with the message.",
        ),
        ({"recipients": "bob", "subject": "s" * 201}, "The subject may have 200 characters at most."),
    ],
)
def test_refused_sends(alices, bob, staff, fields, text):
    answer = alices.call("message/send", {"body": "b", **fields})
    assert (answer.status_code, answer.json()) == (400, [text])
    assert not Message.objects.exists()


def test_names_in_any_case_with_blanks_and_doubles_are_one(alices, bobs):
    assert alices.call("message/send", {"recipients": " BOB ,bob", "subject": "s", "body": ""}).json() == [
        True
    ]
    assert threads(bobs)[0]["participants"][1]["name"] == "bob"
    assert Message.objects.get().receipts.count() == 1


def test_of_names_that_differ_in_case_the_very_same_counts(alices, host):
    names = ["zed", "Zed", "ärger", "Ärger"]
    for name in names:
        member(User.objects.create_user(name))
    for name in names:
        answer = alices.call("message/send", {"recipients": name, "subject": "s", "body": "b"})
        assert answer.json() == [True]
        assert User.objects.get(sendables_messagereceipts__sendable=answer["X-Message-Id"]).username == name
    assert alices.call("user/block", {"username": "Ärger"}).json() == [True]


def test_as_many_names_as_a_request_holds(alices):
    names = ",".join(f"{number:x}" for number in range(300_000))
    answer = alices.call("message/send", body=f"subject=s&body=b&recipients={names}")
    assert answer.status_code == 400
    assert answer.json()[0].startswith("One or more usernames are invalid: 0, 1, 2, ")


def test_one_conversation_for_all_recipients(alices, bobs, eves):
    answer = alices.call("message/send", {"recipients": "bob,eve", "subject": "s", "body": "b"})
    bobs.call("message/reply", {"thread_id": answer["X-Thread-Id"], "body": "to both"})
    assert threads(eves)[0]["is_new"] == "2"


def test_writing_to_oneself(alices):
    answer = alices.call("message/send", {"recipients": "alice", "subject": "s", "body": "b"})
    assert answer.json() == [True]
    assert alices.call("message/reply", {"thread_id": answer["X-Thread-Id"], "body": "c"}).json() == [True]
    assert threads(alices)[0]["count"] == "2"


def test_refused_answers(thread, alices, eves):
    def refused(app, **fields):
        answer = app.call("message/reply", fields)
        assert answer.status_code == 400
        return answer.json()[0]

    unable = '<em class="placeholder">{}</em> not found, unable to answer'
    assert refused(eves, thread_id=thread, body="b") == "Thread " + unable.format(thread)
    assert refused(alices, thread_id="999999", body="b") == "Thread " + unable.format("999999")
    assert refused(alices, thread_id="<b>", body="b") == "Thread " + unable.format("&lt;b&gt;")
    assert refused(alices, thread_id=thread, body=" ") == "A message must be included in your reply."
    assert "no recipients" in refused(alices, body="b")


def test_the_outsider_gets_nothing_of_a_conversation(thread, eves, bobs, alices):
    key = Message.objects.get().pk
    answer = read(eves, thread)
    assert answer.status_code == 403
    assert answer.json() == ["This user has no access to thread (no messages found)"]
    assert eves.ask(f"/services/rest/message/{key}").status_code == 403
    assert eves.call("message/markThreadRead", {"thread_id": thread}).json() == [True]
    assert eves.call("message/deleteThread", {"thread_id": thread}).status_code == 403
    assert eves.call("message/archiveThread", {"thread_id": thread}).status_code == 403
    assert eves.call("message/report", {"mid": key}).status_code == 403
    assert threads(eves) == []
    assert eves.call("message/unreadCount").json() == ["0"]
    assert bobs.call("message/unreadCount").json() == ["1"]
    assert len(threads(alices)) == 1


@pytest.mark.parametrize("key", ["0", "x", "-1", "", "9" * 25, "1.5"])
@pytest.mark.parametrize("route", ["getThread", "deleteThread", "archiveThread"])
def test_senseless_threads(alices, route, key):
    answer = alices.call(f"message/{route}", {"thread_id": key})
    assert (answer.status_code, answer.json()) == (400, ["Invalid parameters passed."])


def test_a_later_message_of_a_conversation_is_not_its_id(thread, alices, bobs):
    answer = bobs.call("message/reply", {"thread_id": thread, "body": "yes"})
    key = answer["X-Message-Id"]
    assert read(bobs, key).status_code == 403
    assert alices.call("message/deleteThread", {"thread_id": key}).status_code == 403
    assert alices.call("message/archiveThread", {"thread_id": key}).status_code == 403
    assert alices.call("message/markThreadRead", {"thread_id": key}).json() == [True]
    assert [(each["count"], each["is_new"]) for each in threads(alices)] == [("2", "1")]


def test_deleting_is_for_oneself_only(thread, alices, bobs):
    assert bobs.call("message/deleteThread", {"thread_id": thread}).json() == [True]
    assert threads(bobs) == []
    assert len(threads(alices)) == 1
    alices.call("message/reply", {"thread_id": thread, "body": "again"})
    assert threads(bobs)[0]["thread_id"] == thread


def test_an_archived_conversation_is_read_and_out_of_the_way(thread, alices, bobs):
    assert bobs.call("message/archiveThread", {"thread_id": thread}).json() == [True]
    assert threads(bobs) == threads(bobs, type="inbox") == threads(bobs, type="all") == []
    assert bobs.ask("/services/rest/message").json() == []
    assert len(threads(bobs, type="archived")) == 1
    assert bobs.call("message/unreadCount").json() == ["0"]
    assert len(threads(alices)) == 1
    assert read(bobs, thread).status_code == 200


def test_archived_ones_come_back_with_the_next_message(thread, alices, bobs):
    bobs.call("message/archiveThread", {"thread_id": thread})
    alices.call("message/reply", {"thread_id": thread, "body": "Still there?"})
    assert [each["is_new"] for each in threads(bobs)] == ["1"]
    assert threads(bobs, type="archived") == []
    assert bobs.call("message/unreadCount").json() == ["1"]


def test_archived_ones_can_be_taken_back(thread, bobs):
    for status, number in (("1", 0), ("0", 1)):
        fields = {"thread_id": thread, "status": status}
        assert bobs.call("message/archiveThread", fields).json() == [True]
        assert len(threads(bobs)) == number


@pytest.mark.parametrize("no", ["0", "false", 0, False])
def test_a_status_of_no_is_one_in_json_too(thread, alice, bobs, no):
    def say(route, **fields):
        body = json.dumps(fields)
        assert bobs.call(route, content_type="application/json", body=body).json() == [True]

    say("message/archiveThread", thread_id=int(thread), status=True)
    say("message/archiveThread", thread_id=int(thread), status=no)
    assert len(threads(bobs)) == 1
    say("user/block", username="alice", status=True)
    say("user/block", username="alice", status=no)
    assert not sendables.is_blocked(one=bobs.user, other=alice)


def test_blocked_members_are_not_reached_and_the_others_are(alices, bobs, eves):
    assert bobs.call("user/block", {"username": "Alice"}).json() == [True]
    answer = alices.call("message/send", {"recipients": "bob", "subject": "s", "body": "b"})
    assert answer.json() == ["The message cannot be sent because all recipients are blocked."]
    assert alices.call("message/send", {"recipients": "bob,eve", "subject": "s", "body": "b"}).json() == [
        True
    ]
    assert threads(bobs) == []
    bobs.call("user/block", {"username": "alice", "status": "0"})
    assert alices.call("message/send", {"recipients": "bob", "subject": "s", "body": "b"}).json() == [True]
    assert bobs.call("user/block", {"username": "nobody"}).status_code == 404


@pytest.mark.parametrize("how", ["blocked account", "not validated"])
def test_hidden_members_are_not_written_to(thread, alices, bob, how):
    if how == "blocked account":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    else:
        Member.objects.filter(pk=bob.pk).update(validated=False)
    for answer in (
        alices.call("message/send", {"recipients": "bob", "subject": "s", "body": "b"}),
        alices.call("message/reply", {"thread_id": thread, "body": "b"}),
    ):
        assert answer.status_code == 400
        assert answer.json() == ["The message cannot be sent because all recipients are blocked."]
    assert bob.sendables_messagereceipts.count() == 1


def test_somebody_who_wrote_from_the_web_is_answered_without_being_a_member(alices, alice, staff):
    letter = sendables.send_message(sender=staff, recipients=[alice], content="Welcome")
    answer = alices.call("message/reply", {"thread_id": letter.sendable.pk, "body": "Thanks"})
    assert answer.json() == [True]
    assert [each["content"] for each in client_with_token(staff).get("/messages/").json()] == ["Thanks"]


def test_who_sends_too_much_is_told_in_words(alices, bob, settings):
    settings.SENDABLES = {**settings.SENDABLES, "message": {"SEND_RATE": "1/hour"}}
    fields = {"recipients": "bob", "subject": "s", "body": "b"}
    assert alices.call("message/send", fields).status_code == 200
    answer = alices.call("message/send", fields)
    assert answer.status_code == 400
    assert "too many messages" in answer.json()[0]


def test_a_received_message_can_be_reported_once(thread, alices, bobs):
    key = Message.objects.get().pk
    for _ in range(2):
        assert bobs.call("message/report", {"mid": key, "reason": "spam"}).json() == [True]
    assert Report.objects.get().reason == "spam"
    assert alices.call("message/report", {"mid": key}).status_code == 403


def test_messages_are_for_members(thread, stranger):
    for route in ("send", "reply", "get", "unreadCount"):
        assert stranger.call(f"message/{route}").json() == ["Access denied for user anonymous"]
    assert stranger.ask("/services/rest/message").status_code == 403


@pytest.mark.parametrize("number", [2, 12])
def test_the_number_of_statements_does_not_grow(alices, bob, alice, number, django_assert_max_num_queries):
    for each in range(number):
        sent = sendables.send_message(sender=bob, recipients=[alice], content="x", subject=str(each))
        sendables.reply(entity_name="message", sender=alice, key=sent.sendable.pk, fields={"content": "y"})
    with django_assert_max_num_queries(6):
        assert len(threads(alices)) == number
    with django_assert_max_num_queries(3):
        alices.call("message/unreadCount")
    with django_assert_max_num_queries(8):
        read(alices, sent.sendable.pk)


def test_no_way_asks_for_the_site_s_own_csrf_token(members, alice, bob):
    """Apps have the services' token only; the test client usually checks neither."""
    strict = App(alice, enforce_csrf_checks=True)
    assert strict.log_in().status_code == 200
    for route in ("message", "message/send"):
        answer = strict.call(route, {"recipients": "bob", "subject": "Hello", "body": "May I come?"})
        assert (answer.status_code, answer.json()) == (200, [True])

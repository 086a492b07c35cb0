"""Streams without a server: what they are fed, and the answer where no connection can stay open."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sendables import operations
from sendables.entities import entity
from sendables.push import feed, hints
from sendables.push.feed import Position

MESSAGE = "message"


def events(text: str) -> list[tuple[str, object]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def news(*positions: Position) -> list[feed.News | None]:
    return feed.news(entity(MESSAGE), positions)


def test_who_stands_at_the_end_gets_nothing(alice, bob, write) -> None:
    write(alice, [bob])
    at = operations.inbox_version(entity_name=MESSAGE, reader=bob)
    assert news(Position(bob.pk, at), Position(alice.pk, 0)) == [None, None]


def test_arrivals_come_in_order_then_the_count(alice, bob, write) -> None:
    for content in ("one", "two"):
        write(alice, [bob], content)
    [found] = news(Position(bob.pk, 0))
    kinds = [(name, data.get("content", data.get("unread_count"))) for name, data in events(found.text)]
    assert kinds == [("message", "one"), ("message", "two"), ("unread", 2)]
    assert found.seen == operations.inbox_version(entity_name=MESSAGE, reader=bob) == 2


def test_an_item_is_shown_as_in_the_list(alice, bob, as_bob, write) -> None:
    write(alice, [bob])
    [found] = news(Position(bob.pk, 0))
    assert events(found.text)[0][1] == as_bob.get("/messages/").json()[0]


def test_what_was_deleted_or_has_expired_meanwhile_does_not_come(alice, bob, write, notify) -> None:
    message = write(alice, [bob])
    operations.delete_received(entity_name=MESSAGE, reader=bob, keys=[message.pk])
    [found] = news(Position(bob.pk, 0))
    assert events(found.text) == [("unread", {"unread_count": 0})]
    notice = notify([bob], expires_at=timezone.now() + timedelta(hours=1))
    notice.receipts.update(expires_at=timezone.now())
    [found] = feed.news(entity("notice"), [Position(bob.pk, 0)])
    assert events(found.text) == [("unread", {"unread_count": 0})]


def test_the_count_is_told_when_an_unread_notice_expires(bob, eve, notify, time_machine) -> None:
    began = timezone.now()
    time_machine.move_to(began, tick=False)
    for minutes in (5, 9):
        notify([bob, eve], expires_at=began + timedelta(minutes=minutes))
    notices = entity("notice")
    begun = [feed.beginning(notices, person, None) for person in (bob, eve)]
    here, there = (
        Position(one.pk, start.seen, start.counted_at) for one, start in zip((bob, eve), begun, strict=True)
    )
    assert feed.look(notices, [here, there]) == ([None, None], began + timedelta(minutes=5))

    time_machine.shift(timedelta(minutes=5))
    for told in feed.look(notices, [here, there]).news:
        assert events(told.text) == [("unread", {"unread_count": 1})]
    later = [one._replace(counted_at=told.counted_at) for one in (here, there)]
    assert feed.look(notices, later) == ([None, None], began + timedelta(minutes=9))

    operations.mark_all_read(entity_name="notice", reader=bob)
    at = operations.inbox_version(entity_name="notice", reader=bob)
    assert feed.look(notices, [later[0]._replace(seen=at)]) == ([None], None)


def test_many_streams_cost_the_statements_of_one(alice, bob, eve, write) -> None:
    write(alice, [bob, eve])
    with CaptureQueriesContext(connection) as one:
        news(Position(bob.pk, 0))
    with CaptureQueriesContext(connection) as many:
        assert all(news(*[Position(bob.pk, 0), Position(eve.pk, 0)] * 20))
    assert len(many) == len(one) == 4
    with CaptureQueriesContext(connection) as idle:
        feed.look(entity(MESSAGE), [Position(bob.pk, 1, timezone.now())] * 20)
    assert len(idle) == 2


def test_very_much_news_comes_in_several_looks(alice, bob, eve, write, monkeypatch) -> None:
    monkeypatch.setattr(feed, "MOST_ARRIVALS", 3)
    for number in range(5):
        write(alice, [bob, eve], str(number))
    positions = [Position(bob.pk, 0), Position(eve.pk, 0)]
    heard: list[list[str]] = [[], []]
    for _ in range(6):
        for at, found in enumerate(news(*positions)):
            if found is not None:
                heard[at] += [data.get("content", "count") for _, data in events(found.text)]
                positions[at] = Position(positions[at].user, found.seen)
    assert heard == [["0", "1", "2", "3", "4", "count"]] * 2


def test_without_an_open_connection_the_answer_is_what_is_new(alice, bob, as_bob, write) -> None:
    write(alice, [bob], "one")
    first = as_bob.get("/messages/stream/")
    assert first.headers["Content-Type"] == "text/event-stream"
    assert first.headers["Cache-Control"] == "no-cache, no-transform"
    assert b"retry: 500" in first.content
    assert events(first.content.decode()) == [("unread", {"unread_count": 1})]
    write(alice, [bob], "two")
    second = as_bob.get("/messages/stream/", HTTP_LAST_EVENT_ID="1")
    assert [name for name, _ in events(second.content.decode())] == ["message", "unread"]
    third = as_bob.get("/messages/stream/", HTTP_LAST_EVENT_ID="2")
    assert events(third.content.decode()) == []


def test_head_has_no_body(as_bob) -> None:
    answer = as_bob.head("/messages/stream/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream"


def test_a_stream_has_permissions_of_its_own(as_bob, settings) -> None:
    settings.SENDABLES = {"message": {"STREAM_PERMISSIONS": ["tests.sendables.custom.Nobody"]}}
    answer = as_bob.get("/messages/stream/", HTTP_ACCEPT="text/event-stream")
    assert (answer.status_code, set(answer.json())) == (403, {"detail"})


@pytest.mark.redis
def test_a_hint_names_the_people(settings, redis_server, monkeypatch) -> None:
    settings.SENDABLES_STREAM = {"REDIS_URL": redis_server.url}
    with redis_server.client() as client, client.pubsub() as hearing:
        hearing.subscribe(hints.CHANNEL)
        hearing.get_message(timeout=2)
        hints.publish(entity=MESSAGE, users=[5, 7])
        hints.publish(entity=MESSAGE, users=list(range(hints.MOST_NAMED + 1)))
        told = [hints.read(hearing.get_message(timeout=2)["data"]) for _ in range(2)]
    assert told == [hints.Hint(MESSAGE, frozenset({"5", "7"})), hints.Hint(MESSAGE, None)]
    hints._client.cache_clear()


def test_a_missing_redis_is_left_alone_for_a_while(settings, monkeypatch, caplog) -> None:
    settings.SENDABLES_STREAM = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    monkeypatch.setattr(hints, "_rests_until", 0.0)
    for _ in range(3):
        hints.publish(entity=MESSAGE, users=[5])
    assert caplog.text.count("no hint to the live streams") == 1
    hints._client.cache_clear()


@pytest.mark.parametrize("data", [b"", b"x", b"[1]", b"5", b'{"a": 1}', b'["message", 5]'])
def test_what_is_no_hint_is_passed_over(data) -> None:
    assert hints.read(data) is None

"""Live streams of a real ASGI server: once over SQLite by polling, once over PostgreSQL with Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests import servers
from tests.sendables.live import Site

pytestmark = pytest.mark.processes
POLLED = pytest.param("polled", id="SQLite, polled")
HINTED = pytest.param("hinted", id="PostgreSQL, hinted", marks=[pytest.mark.own_postgres, pytest.mark.redis])


@pytest.fixture(scope="module", params=[POLLED, HINTED])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    if request.param == "polled":
        site = Site(None, None)
        yield site
        site.close()
        return
    cluster, redis = request.getfixturevalue("postgres_cluster"), servers.Redis().start()
    site = Site(cluster.create_database("live"), redis.url)
    site.redis = redis
    yield site
    site.close()
    redis.close()


def test_a_message_and_the_count_arrive_within_a_second(site: Site) -> None:
    with site.listen("bob") as bob:
        begin = bob.event()
        assert begin["event"] == "unread"
        bob.connection.sock.settimeout(1.0)
        site.send("alice", 2, content="Grüße\n\ndata: x")
        arrived, count = bob.events(2)
    assert arrived["event"] == "message"
    assert arrived["data"]["content"] == "Grüße\n\ndata: x"
    assert arrived["data"]["sender"] == {"id": 1, "username": "alice"}
    assert set(arrived["data"]) == {"id", "is_read", "content", "sent_on", "sender"}
    assert count["data"]["unread_count"] == begin["data"]["unread_count"] + 1


def test_marking_in_one_place_reaches_the_other(site: Site) -> None:
    site.send("alice", 2)
    with site.listen("bob") as here, site.listen("bob") as there:
        for tab in (here, there):
            assert tab.event()["data"]["unread_count"] > 0
            tab.connection.sock.settimeout(1.0)
        site.call("bob", "PATCH", "/messages/mark-all-read/")
        for tab in (here, there):
            assert tab.event()["data"] == {"unread_count": 0}


def test_coming_back_with_the_last_id_misses_nothing(site: Site) -> None:
    with site.listen("eve") as eve:
        last = eve.event()["id"]
    for number in range(5):
        site.send("alice", 3, content=str(number))
    with site.listen("eve", **{"Last-Event-ID": str(last)}) as eve:
        *arrived, count = eve.events(6)
    assert [each["data"]["content"] for each in arrived] == list("01234")
    assert [each["id"] for each in arrived] == sorted(each["id"] for each in arrived)
    with site.listen("eve", path=f"/messages/stream/?last_event_id={arrived[2]['id']}") as eve:
        rest = eve.events(3)
    assert [each["data"].get("content") for each in rest] == ["3", "4", None]
    assert rest[-1]["id"] == count["id"]


@pytest.mark.parametrize("last", ["999999999", "-1", "x", "9" * 40])
def test_an_id_that_cannot_be_is_taken_for_none(site: Site, last: str) -> None:
    with site.listen("eve", **{"Last-Event-ID": last}) as eve:
        assert eve.event()["event"] == "unread"


def test_nobody_hears_what_others_get(site: Site) -> None:
    with site.listen("alice") as alice, site.listen("bob") as bob:
        alice.event(), bob.event()
        site.send("alice", 2)
        assert bob.event()["event"] == "message"
        site.send("bob", 1, content="for alice")
        assert alice.event()["data"]["content"] == "for alice"


def test_an_open_stream_has_a_heartbeat(site: Site) -> None:
    with site.listen("bob") as bob:
        comments = [
            block for block, _ in zip(bob.blocks(), range(3), strict=False) if block[0].startswith(":")
        ]
    assert comments == [[": still here"]]


def test_the_gate_is_that_of_the_lists(site: Site) -> None:
    assert site.call("", "GET", "/messages/stream/")[0] == 403
    assert site.call("bob", "POST", "/messages/stream/")[0] == 405
    assert site.call("bob", "OPTIONS", "/messages/stream/")[0] == 200
    assert site.call("bob", "GET", "/notices/stream/nothing/")[0] == 404


def test_notices_have_a_stream_of_their_own(site: Site) -> None:
    with site.listen("bob", path="/notices/stream/") as bob:
        assert bob.event() == {"id": 0, "event": "unread", "data": {"unread_count": 0}}


def test_a_notice_that_expires_leaves_the_count_within_a_second(site: Site) -> None:
    with site.listen("eve", path="/notices/stream/") as eve:
        assert eve.event()["data"] == {"unread_count": 0}
        site.manage("shell", "--no-imports", "-c", PASSING)
        arrived, count = eve.events(2)
        assert (arrived["event"], count["data"]) == ("notice", {"unread_count": 1})
        expires = datetime.fromisoformat(arrived["data"]["content"])
        assert eve.event()["data"] == {"unread_count": 0}
    assert timedelta(0) <= datetime.now(UTC) - expires < timedelta(seconds=1)


PASSING = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from sendables import operations
expires = timezone.now() + timedelta(seconds=5)
operations.send_notice(
    recipients=User.objects.filter(pk=3), content=expires.isoformat(), expires_at=expires
)
"""


@pytest.mark.parametrize("site", [HINTED], indirect=True)
def test_a_lost_redis_delays_but_loses_nothing(site: Site) -> None:
    with site.listen("bob") as bob:
        bob.event()
        site.redis.stop()
        site.send("alice", 2, content="without Redis")
        bob.connection.sock.settimeout(8.0)
        assert bob.event()["data"]["content"] == "without Redis"
        site.redis.start()


def test_one_person_cannot_open_streams_without_end(site: Site) -> None:
    tabs = [site.listen("alice") for _ in range(20)]
    for tab in tabs:
        tab.event()
    assert site.call("alice", "GET", "/messages/stream/")[0] == 429
    for tab in tabs:
        tab.close()


def test_a_thousand_idle_streams_stay_small(site: Site) -> None:
    site.manage("shell", "--no-imports", "-c", THOUSAND)
    open_ones = []
    for number in range(1000):
        connection = socket.create_connection(("127.0.0.1", site.port), timeout=30)
        head = (
            f"GET /messages/stream/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {number:040x}\r\n\r\n"
        )
        connection.sendall(head.encode())
        open_ones.append(connection)
    first = [connection.recv(4096) for connection in open_ones]
    assert all(b"200 OK" in text for text in first)
    memory = site.memory
    with site.listen("bob") as bob:
        bob.event()
        bob.connection.sock.settimeout(1.0)
        site.send("alice", 2, content="in the crowd")
        assert bob.event()["data"]["content"] == "in the crowd"
    for connection in open_ones:
        connection.close()
    assert memory < 200, f"{memory:.0f} MB"


THOUSAND = """
from accounts.models import ApiToken, User
users = User.objects.bulk_create(User(username=f"idle{number}") for number in range(1000))
ApiToken.objects.bulk_create(
    ApiToken(user=user, key_hash=ApiToken.hash(f"{number:040x}"), prefix="0" * 8)
    for number, user in enumerate(users)
)
"""

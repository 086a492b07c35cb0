"""What the database does for the hot statements: indexes only, whatever the size of the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sendables import operations, selectors
from sendables.entities import entity

pytestmark = pytest.mark.postgres
#: Enough that a plan by index is the cheaper one.
FILL = """
INSERT INTO accounts_user (
    password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT '!', false, 'filler' || n, '', '', '', false, true, now() FROM generate_series(1, 3000) n;
INSERT INTO sendables_message (content, sent_on, subject, sender_id)
SELECT 'filler', now() - n * interval '1 minute', '', {sender} FROM generate_series(1, 30000) n;
INSERT INTO sendables_messagereceipt (sendable_id, recipient_id, sent_on, place)
SELECT m.id, people.id, m.sent_on, m.id FROM sendables_message m
  JOIN (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_user WHERE username LIKE 'filler%'
  ) people ON people.n = m.id % 3000;
INSERT INTO sendables_inbox (user_id, entity, unread, version)
SELECT recipient_id, 'message', count(*), max(place) FROM sendables_messagereceipt GROUP BY recipient_id;
ANALYZE sendables_message; ANALYZE sendables_messagereceipt; ANALYZE sendables_inbox; ANALYZE accounts_user;
"""
LARGE = {"sendables_message", "sendables_messagereceipt", "accounts_user", "sendables_inbox"}


@pytest.fixture
def full(eve) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(sender=eve.pk))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def scans_of(work) -> list[str]:
    """The sequential scans of large tables in the plans of the statements that ``work`` runs."""
    with CaptureQueriesContext(connection) as queries:
        work()
    found = []
    for query in queries:
        if not query["sql"].startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
            plan = cursor.fetchone()[0]
        [top] = json.loads(plan) if isinstance(plan, str) else plan
        found += [
            f"{node['Relation Name']}: {query['sql'][:200]}"
            for node in nodes(top["Plan"])
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
        ]
    return found


@pytest.mark.usefixtures("full")
def test_pages_details_and_counts_read_indexes(alice, bob, as_bob, write) -> None:
    message = write(alice, [bob])
    for path in (
        "",
        "unread/",
        "read/",
        "?limit=5",
        f"{message.pk}/",
        "unread-count/",
        "?sender__username=alice",
    ):
        assert scans_of(lambda path=path: as_bob.get(f"/messages/{path}")) == [], path


@pytest.mark.usefixtures("full")
def test_marks_and_deletions_use_indexes(alice, bob, write) -> None:
    keys = [write(alice, [bob]).pk for _ in range(3)]
    common = {"entity_name": "message", "keys": keys[:2]}
    assert scans_of(lambda: operations.mark_read(reader=bob, **common)) == []
    assert scans_of(lambda: operations.mark_unread(reader=bob, **common)) == []
    assert scans_of(lambda: operations.delete_sent(sender=alice, **common)) == []
    assert scans_of(lambda: operations.delete_received(reader=bob, **common)) == []


@pytest.mark.usefixtures("full")
def test_sent_ones_and_conversations_use_indexes(alice, bob, as_alice, write) -> None:
    message = write(alice, [bob])
    assert scans_of(lambda: as_alice.get("/messages/sent/")) == []
    assert scans_of(lambda: as_alice.get(f"/messages/sent/{message.pk}/")) == []
    assert scans_of(lambda: as_alice.get(f"/messages/{message.pk}/thread/")) == []
    assert scans_of(lambda: selectors.threads(entity("message"), bob)) == []


@pytest.mark.usefixtures("full")
def test_the_order_of_the_inbox_is_the_index_s(alice, bob, as_bob, write) -> None:
    for _ in range(3):
        write(alice, [bob])
    with CaptureQueriesContext(connection) as queries:
        as_bob.get("/messages/?limit=2")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + queries[-1]["sql"])
        plan = cursor.fetchone()[0]
    [top] = json.loads(plan) if isinstance(plan, str) else plan
    kinds = [node["Node Type"] for node in nodes(top["Plan"])]
    assert "Sort" not in kinds
    assert "messagereceipt_inbox" in [node.get("Index Name") for node in nodes(top["Plan"])]

"""What the database does for the hot statements: indexes only, whatever the size of the table."""

from __future__ import annotations

import json
import re
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


def plan_of(sql: str) -> dict[str, Any]:
    # A statement that is put on record is told first who does it.
    sql = re.sub(r"^SELECT set_config\(.*?, true\); ", "", sql)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
        plan = cursor.fetchone()[0]
    [top] = json.loads(plan) if isinstance(plan, str) else plan
    return top["Plan"]


def scans_of(work) -> list[str]:
    """The sequential scans of large tables in the plans of the statements that ``work`` runs."""
    with CaptureQueriesContext(connection) as queries:
        work()
    found = []
    for query in queries:
        if not query["sql"].startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            continue
        found += [
            f"{node['Relation Name']}: {query['sql'][:200]}"
            for node in nodes(plan_of(query["sql"]))
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
    found = list(nodes(plan_of(queries[-1]["sql"])))
    assert "Sort" not in [node["Node Type"] for node in found]
    assert "messagereceipt_inbox" in [node.get("Index Name") for node in found]


#: What a reader of ten thousand conversations has: half of them unread, a tenth begun by the reader.
MAILBOX = """
WITH written AS (
    INSERT INTO sendables_message (content, sent_on, subject, sender_id)
    SELECT repeat('letter ', 50), now() - n * interval '1 minute', 'Subject',
           CASE WHEN n % 10 = 0 THEN {reader} ELSE {sender} END
      FROM generate_series(1, 10000) n RETURNING id, sent_on, sender_id)
INSERT INTO sendables_messagereceipt (sendable_id, recipient_id, sent_on, place, read_at)
SELECT id, CASE WHEN sender_id = {reader} THEN {sender} ELSE {reader} END, sent_on, id,
       CASE WHEN id % 2 = 0 THEN now() END FROM written;
ANALYZE sendables_message; ANALYZE sendables_messagereceipt;
"""


@pytest.mark.usefixtures("full")
def test_ten_thousand_conversations_are_counted_and_listed_from_indexes_alone(alice, bob) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MAILBOX.format(reader=bob.pk, sender=alice.pk))
        # A table of forty thousand is soon read through; one of millions is not.
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Nor does one of millions lie in memory: its pages are dear.
        cursor.execute("SET LOCAL seq_page_cost = 10")
        cursor.execute("SET LOCAL random_page_cost = 40")
        # What was just written is visible to nobody else yet; the planner shall think of later.
        cursor.execute("UPDATE pg_class SET relallvisible = relpages WHERE relname LIKE 'sendables_message%'")
    kind = entity("message")
    assert tables_read_by(lambda: selectors.unread_threads(kind, bob)) == {}
    read = tables_read_by(lambda: selectors.threads(kind, bob, box="current", limit=25))
    # The page's names and subjects, and what the reader has archived.
    assert set(read) == {"accounts_user", "sendables_message", "sendables_archivedthread"}
    assert read["sendables_message"] == ["sendables_message_pkey"]


def tables_read_by(work) -> dict[str, list[str]]:
    """The tables that the statements go into, not only into their indexes, with the indexes used."""
    found: dict[str, list[str]] = {}
    with CaptureQueriesContext(connection) as queries:
        work()
    for query in queries:
        for node in nodes(plan_of(query["sql"])):
            if "Relation Name" in node and node["Node Type"] != "Index Only Scan":
                found.setdefault(node["Relation Name"], []).append(node.get("Index Name", node["Node Type"]))
    return found

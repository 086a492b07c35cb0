"""The claim costs what it takes, not what is kept: tens of thousands of rows on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outbox import claims, operations
from outbox.clock import Clock
from outbox.dispatcher import dispatch
from outbox.handover import hand_over
from outbox.models import Delivery, Gateway
from tests.outbox.conftest import occasion, together
from tests.outbox.fakes import FakeChannel

pytestmark = pytest.mark.postgres
Priority = Delivery.Priority
State = Delivery.State

_FILL = """
INSERT INTO outbox_delivery (id, source, cause, slot_key, channel, gateway, priority, address, text, options,
       despite_opt_out, state, reason, detail, attempts, not_before, created_at, ended_at)
SELECT gen_random_uuid(), 'fill', gen_random_uuid(), '1', 'sms', 'sms', %s, '+27820001001', 'bulk', '{}',
       false, %s, '', '', 0, %s, now(), now()
  FROM generate_series(1, %s)"""


def fill(count: int, *, priority: int, not_before: datetime, state: str = State.QUEUED) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [priority, state, not_before, count])
        cursor.execute("ANALYZE outbox_delivery")


def gateway() -> Gateway:
    return Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})[0]


def plan_of_claim(limit: int, now: datetime) -> str:
    """What PostgreSQL did for a claim, with the rows it looked at."""
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        claims.take(gateway(), limit=limit, now=now)
        transaction.set_rollback(True)
    [claim] = [query["sql"] for query in asked.captured_queries if "ctid" in query["sql"]]
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {claim}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        transaction.set_rollback(True)
    return plan


@pytest.mark.fault("F24")
def test_a_claim_reads_the_index_of_what_waits_and_stops_at_its_limit(db, channel) -> None:
    now = timezone.now()
    fill(40_000, priority=Priority.NORMAL, not_before=now - timedelta(hours=1), state=State.SENT)
    fill(40_000, priority=Priority.NORMAL, not_before=now - timedelta(hours=1))
    # A heap of more urgent ones that are not due yet must not be stepped through each time.
    fill(20_000, priority=Priority.HIGH, not_before=now + timedelta(hours=1))
    plan = plan_of_claim(500, now)
    assert "Index Scan using delivery_waiting" in plan or "Index Only Scan using delivery_waiting" in plan
    assert "Seq Scan on outbox_delivery" not in plan
    assert "Rows Removed by Filter" not in plan
    assert "rows=20000" not in plan
    assert "rows=40000" not in plan


@pytest.mark.fault("F24")
def test_a_hand_over_goes_straight_to_its_rows_also_where_statistics_are_old(db, channel) -> None:
    now = timezone.now()
    # As after a burst: nothing waited when the statistics were made.
    fill(20_000, priority=Priority.NORMAL, not_before=now - timedelta(hours=1), state=State.SENT)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbox_delivery SET state = 'queued'")
    for _ in range(3):
        claim = claims.take(gateway(), limit=500, now=now)
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        hand_over(gateway(), FakeChannel(), claim, Clock(now))
        transaction.set_rollback(True)
    [statement] = [query["sql"] for query in asked.captured_queries if "going" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert plan.count("Tid Scan on outbox_delivery") == 2
    assert "Scan using delivery_" not in plan
    assert "Seq Scan on outbox_delivery" not in plan


def test_a_reply_overtakes_twenty_thousand_waiting_bulk_messages(queue, channel, settings) -> None:
    settings.OUTBOX_BATCH = 100
    fill(20_000, priority=Priority.BULK, not_before=timezone.now() - timedelta(hours=1))
    reply = queue(priority=Priority.REPLY)
    dispatch("sms", budget=0)
    assert channel.batches[0][0] == reply.pk
    assert len(channel.handed) == 100


def test_workers_side_by_side_claim_different_deliveries(transactional_db, channel, settings) -> None:
    settings.OUTBOX_BATCH = 50
    fill(2_000, priority=Priority.NORMAL, not_before=timezone.now() - timedelta(hours=1))
    gateway()
    together(*[lambda: dispatch("sms")] * 3)
    assert len(channel.handed) == 2_000
    assert len({one.id for one in channel.handed}) == 2_000


def test_the_same_occasion_queued_at_the_same_moment_is_one_delivery(transactional_db, channel) -> None:
    same = occasion()
    results: list[tuple[Delivery, bool]] = []
    together(*[lambda: results.append(operations.queue(**same))] * 6)
    assert len({delivery.pk for delivery, _ in results}) == 1
    assert sorted(new for _, new in results) == [False] * 5 + [True]


def test_news_and_cancelling_of_the_same_rows_in_any_order_do_not_deadlock(
    transactional_db, channel, queue
) -> None:
    ids = [queue().pk for _ in range(60)]
    now = timezone.now()
    together(
        lambda: [operations.record_sent(times=dict.fromkeys(ids, now)) for _ in range(5)],
        lambda: [operations.record_delivered(times=dict.fromkeys(reversed(ids), now)) for _ in range(5)],
        lambda: [operations.cancel(ids=ids[::-1], reason="changed_mind") for _ in range(5)],
    )
    assert Delivery.objects.exclude(state__in=[State.DELIVERED, State.CANCELLED]).count() == 0

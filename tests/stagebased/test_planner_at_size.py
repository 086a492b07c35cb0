"""The planner with tens of thousands of rows and several workers at once, on PostgreSQL."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.operations import opt_out
from outbox.models import Delivery
from stagebased import planner
from stagebased.models import DueSlot, MessageSet, Schedule, Subscription
from stagebased.operations.send import send_now
from stagebased.planner import run, sql
from stagebased.planner.batch import Shelf
from stagebased.slots import record_due_slots
from tests.outbox.conftest import together
from tests.stagebased.conftest import DAY, HOUR, MINUTE, MORNING, again, texts

pytestmark = pytest.mark.postgres

_FILL = """
WITH made AS (
    SELECT gen_random_uuid() AS contact, gen_random_uuid() AS subscription, n
      FROM generate_series(1, %(count)s) n
), contact AS (
    INSERT INTO contacts_contact (id, name, language, timezone, details, version, created_at, updated_at)
    SELECT contact, '', '', '', '{}', 1, %(since)s, %(since)s FROM made RETURNING id
), address AS (
    INSERT INTO contacts_address (contact_id, kind, value, is_default, inactive, failures_in_a_row,
                                  created_at, details)
    SELECT contact, 'msisdn', '+2782' || lpad(n::text, 7, '0'), TRUE, FALSE, 0, %(since)s, '{}' FROM made
)
INSERT INTO stagebased_subscription (id, version, contact_id, messageset_id, schedule_id, lang,
       initial_sequence_number, next_sequence_number, active, completed, process_status, stopped, created_at,
       updated_at)
SELECT subscription, 1, contact, %(set)s, %(schedule)s, 'eng_ZA', 1, 1, TRUE, FALSE, 0, '',
       %(since)s, %(since)s
  FROM made
"""


def fill(count: int, messageset: MessageSet, schedule: Schedule) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL,
            {"count": count, "set": messageset.pk, "schedule": schedule.pk, "since": MORNING - DAY},
        )
        for table in ("contacts_contact", "contacts_address", "stagebased_subscription"):
            cursor.execute(f"ANALYZE {table}")


def plans_of_a_batch(slot: DueSlot) -> dict[str, str]:
    """How PostgreSQL goes about each of the batch's large statements."""
    slot = DueSlot.objects.select_related("schedule").get(pk=slot.pk)
    plans: dict[str, str] = {}
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        run._batch(slot, Shelf(), slot.due_at)
        transaction.set_rollback(True)
    words = {
        "candidates": "FOR NO KEY UPDATE",
        "deliver": "INTO outbox_delivery (",
        "move": "SET next_sequence",
    }
    for name, word in words.items():
        [statement] = [query["sql"] for query in asked.captured_queries if word in query["sql"]]
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}")
            plans[name] = "\n".join(row[0] for row in cursor.fetchall())
            transaction.set_rollback(True)
    return plans


@pytest.mark.fault("F24")
def test_a_batch_reads_its_own_rows_and_no_others(db, pregnancy, daily) -> None:
    other = Schedule.objects.create(minute="0", hour="20", planned_until=MORNING)
    fill(90_000, pregnancy, other)
    fill(10_000, pregnancy, daily)
    plans = plans_of_a_batch(DueSlot.objects.create(schedule=daily, due_at=MORNING))
    assert "subscription_ready" in plans["candidates"]
    assert "Rows Removed by Filter" not in plans["candidates"]
    assert "Index Scan using stagebased_subscription_pkey" in plans["move"]
    for name, plan in plans.items():
        assert "Seq Scan" not in plan, name


def test_planners_side_by_side_send_each_slot_once(transactional_db, settings, pregnancy, daily) -> None:
    settings.PLANNER_BATCH = 50
    for minute in range(3):
        fill(
            700,
            pregnancy,
            Schedule.objects.create(minute=str(minute), hour="8", planned_until=MORNING - HOUR),
        )
    now = MORNING + 5 * MINUTE

    def worker() -> None:
        record_due_slots(now)
        for _ in range(40):
            planner.plan(now)

    together(*[worker] * 4)
    assert Delivery.objects.filter(state="queued").count() == 2100
    assert Delivery.objects.values("cause").distinct().count() == 2100
    assert set(Subscription.objects.values_list("next_sequence_number", flat=True)) == {2}
    assert Counter(DueSlot.objects.values_list("state", flat=True)) == {"done": 4}


def test_two_beats_record_a_slot_once(transactional_db, daily) -> None:
    together(*[lambda: record_due_slots(MORNING)] * 5)
    assert DueSlot.objects.count() == 1


def test_two_calls_at_once_never_send_the_same_position_twice(transactional_db, subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    together(*[lambda: send_now(subscription_id=mary.pk)] * 2)
    assert sorted(texts(mary)) == ["Eat well", "Welcome"]


class _Crash(BaseException):
    """A worker that is killed: nothing in the program catches this."""


class _Fragile:
    """Calls through, and now and then the worker dies just before or just after."""

    def __init__(self, whole: Callable[..., Any]) -> None:
        self.whole = whole

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        fate = random.random()
        if fate < 0.07:
            raise _Crash
        result = self.whole(*args, **kwargs)
        if fate > 0.93:
            raise _Crash
        return result


def test_workers_that_die_at_any_point_lose_and_repeat_nothing(
    transactional_db, settings, pregnancy, daily, monkeypatch
) -> None:
    settings.PLANNER_BATCH = 40
    fill(1000, pregnancy, daily)
    record_due_slots(MORNING)
    for name in ("due_candidates", "deliver", "move_on"):
        monkeypatch.setattr(sql, name, _Fragile(getattr(sql, name)))

    def worker() -> None:
        while DueSlot.objects.filter(state="planning").exists():
            try:
                planner.plan(MORNING)
            except _Crash:
                connection.close()

    together(worker, worker)
    assert Delivery.objects.count() == 1000
    assert Delivery.objects.values("cause").distinct().count() == 1000
    assert set(Subscription.objects.values_list("next_sequence_number", flat=True)) == {2}
    assert DueSlot.objects.get().queued == 1000


def test_an_opt_out_in_the_middle_of_planning_leaves_nothing_queued(
    transactional_db, settings, pregnancy, daily
) -> None:
    settings.PLANNER_BATCH = 20
    fill(600, pregnancy, daily)
    record_due_slots(MORNING)
    leaving = list(Subscription.objects.values_list("contact", flat=True)[::10])

    def leave() -> None:
        for contact in leaving:
            opt_out(kind="stopall", source="sms", contact_ids=[contact])

    together(leave, lambda: planner.plan(MORNING))
    theirs = Delivery.objects.filter(contact__in=leaving)
    assert not theirs.filter(state="queued").exists()
    assert not Subscription.objects.filter(contact__in=leaving, active=True).exists()
    assert Delivery.objects.filter(state="queued").count() == 540


def test_a_change_of_position_by_a_hub_is_not_overwritten(transactional_db, subscribe, pregnancy) -> None:
    """The planner holds the row: who writes at the same moment writes before or after it, never under it."""
    mary = subscribe(pregnancy)
    record_due_slots(MORNING)

    def hub() -> None:
        Subscription.objects.filter(pk=mary.pk).update(next_sequence_number=3)

    together(hub, lambda: planner.plan(MORNING))
    sent, position = texts(mary), again(mary).next_sequence_number
    assert (sent, position) in [(["Welcome"], 3), (["Nearly there"], 3)]

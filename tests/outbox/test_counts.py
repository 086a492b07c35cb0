"""Totals cost a few rows however many deliveries there are; the depth of a queue reads its index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from outbox import counts, operations, sweeping
from outbox.counts import Entry
from outbox.dispatcher import dispatch
from outbox.models import Delivery, DeliveryCount, Gateway

State = Delivery.State
NOON = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
QUEUED = Entry("queued", "sms", "sms")


def test_totals_add_up_what_entered_each_state(db) -> None:
    counts.add({QUEUED: 3, Entry("failed", "sms", "sms", "no_address"): 1}, at=NOON)
    counts.add({QUEUED: 2}, at=NOON + timedelta(hours=1))
    assert counts.totals() == {QUEUED: 5, Entry("failed", "sms", "sms", "no_address"): 1}


def test_totals_can_be_asked_of_some_hours(db) -> None:
    for hour in range(4):
        counts.add({QUEUED: 10**hour}, at=NOON + timedelta(hours=hour))
    asked = counts.totals(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=2, minutes=29))
    assert asked == {QUEUED: 110}


def test_squashing_leaves_totals_as_they_are_and_one_row_for_each_hour(db) -> None:
    for n in range(20):
        counts.add({QUEUED: n, Entry("sent", "sms", "sms"): 1}, at=NOON + timedelta(hours=n % 2))
    before = counts.totals()
    assert counts.squash(now=NOON + timedelta(hours=2)) == 36
    assert counts.totals() == before
    assert DeliveryCount.objects.count() == 4
    assert counts.squash(now=NOON + timedelta(hours=2)) == 0


def test_depth_tells_what_waits_and_since_when_the_longest_due_waits(queue, channel) -> None:
    now = timezone.now()
    queue(not_before=now - timedelta(minutes=5), priority=Delivery.Priority.BULK)
    queue(not_before=now - timedelta(minutes=1), priority=Delivery.Priority.REPLY)
    queue(not_before=now + timedelta(hours=1))
    queue(gateway="other")
    found = counts.depth("sms", now=now)
    assert (found.waiting, found.oldest_due) == (3, now - timedelta(minutes=5))


def test_an_empty_queue_has_no_oldest(db, channel) -> None:
    assert counts.depth("sms", now=timezone.now()) == counts.Depth("sms", 0, None)


def test_every_gateway_has_a_depth(queue, channel) -> None:
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    Gateway.objects.get_or_create(name="other", defaults={"channel": "sms"})
    queue(gateway="other")
    depths = {depth.gateway: depth.waiting for depth in counts.depths(now=timezone.now())}
    assert (depths["sms"], depths["other"]) == (0, 1)


def test_depth_counts_no_further_than_it_must(queue, channel, monkeypatch) -> None:
    monkeypatch.setattr(counts, "COUNT_MOST", 3)
    for _ in range(5):
        queue()
    assert counts.depth("sms", now=timezone.now()).waiting == 3


def test_a_sweep_expires_and_adds_up_and_a_second_one_finds_nothing(queue, channel) -> None:
    now = timezone.now()
    queue(expires_at=now - timedelta(seconds=1))
    queue(expires_at=now + timedelta(hours=1))
    swept = sweeping.sweep(now=now)
    assert (swept.expired, swept.squashed) == (1, 1)
    again = sweeping.sweep(now=now)
    assert (again.expired, again.squashed) == (0, 0)


def test_every_step_of_a_delivery_is_counted_once(queue, channel) -> None:
    delivery = queue()
    dispatch("sms")
    operations.record_sent(times={delivery.pk: timezone.now()})
    operations.record_sent(times={delivery.pk: timezone.now()})
    operations.record_delivered(times={delivery.pk: timezone.now()})
    assert {entry.state: count for entry, count in counts.totals().items()} == {
        "queued": 1, "handed": 1, "sent": 1, "delivered": 1,
    }  # fmt: skip


@pytest.mark.postgres
def test_two_sweeps_at_once_lose_no_count(transactional_db) -> None:
    from tests.outbox.conftest import together

    for _ in range(200):
        counts.add({QUEUED: 1}, at=NOON)
    together(*[lambda: counts.squash(now=NOON)] * 3)
    assert counts.totals() == {QUEUED: 200}

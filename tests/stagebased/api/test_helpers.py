"""Health and the service's metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import OperationalError, connection
from django.utils.timezone import now

from outbox.ids import new_delivery_id
from outbox.models import Delivery
from stagebased import metrics
from stagebased.models import MessageSet, Metric

#: A Thursday.
THURSDAY = datetime(2026, 11, 19, 15, tzinfo=UTC)


def test_health(as_alice, db) -> None:
    for form in ("health", "health/"):
        body = as_alice.get(f"/api/{form}").json()

        assert body["up"] is True
        assert body["result"]["database"] == "Accessible"
        assert sorted(body["result"]) == ["database", "libraries", "version"]
        assert sorted(body["result"]["libraries"]) == ["django", "djangorestframework"]


def test_health_without_a_database(as_alice) -> None:
    def fail(*args):
        raise OperationalError("no connection")

    with connection.execute_wrapper(fail):
        answer = as_alice.get("/api/health/")

    assert (answer.status_code, answer.json()["up"]) == (503, False)
    assert answer.json()["result"]["database"] == "Inaccessible"


def test_every_metric_is_listed_once(as_alice, prebirth, schedule) -> None:
    MessageSet.objects.create(short_name="prebirth-hw.full.1", default_schedule=schedule)
    MessageSet.objects.create(short_name="calls", content_type="audio", default_schedule=schedule)

    assert as_alice.get("/api/metrics/").json() == {
        "metrics_available": [
            "subscriptions.send_next_message_errored.sum",
            *(f"subscriptions.send.estimate.{day}.last" for day in range(7)),
            "message.text.prebirth_hw_full_1.sum",
            "message.text.sum",
            "message.audio.calls.sum",
            "message.audio.sum",
        ]
    }


def test_posting_has_the_metrics_computed(as_alice, db, monkeypatch) -> None:
    sent = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: sent.append(name))

    answer = as_alice.post("/api/metrics/")

    assert (answer.status_code, answer.json()) == (200, {"scheduled_metrics_initiated": True})
    assert sent == ["stagebased.compute_metrics"]


def test_posting_when_the_queue_does_not_answer(as_alice, db, monkeypatch) -> None:
    def fail(*args, **options):
        raise OSError("connection refused")

    monkeypatch.setattr("celery.current_app.send_task", fail)
    answer = as_alice.post("/api/metrics/")

    assert (answer.status_code, answer.json()["scheduled_metrics_initiated"]) == (503, False)


def test_the_week_is_estimated_from_the_schedules(make_subscription, schedule) -> None:
    """Mondays and Wednesdays at eight for two people, every three hours for a third."""
    schedule.day_of_week = "5"
    schedule.save()
    often = schedule.__class__.objects.create(minute="0", hour="*/3")
    make_subscription(), make_subscription(), make_subscription(schedule_id=often.pk)
    make_subscription(active=False), make_subscription(completed=True), make_subscription(process_status=-1)

    values = metrics.compute(now=THURSDAY)

    assert {key[-6]: value for key, value in values.items() if "estimate" in key} == {
        "3": 8, "4": 10, "5": 8, "6": 8,
    }  # fmt: skip
    assert Metric.objects.get(key="subscriptions.send.estimate.4.last").value == 10


def delivery(subscription, *, age: timedelta, state: str = "queued", **fields) -> Delivery:
    key = new_delivery_id()
    moment = int((now() - age).timestamp() * 1000)
    key = key.__class__(int=moment << 80 | key.int & ~(0xFFFFFFFFFFFF << 80))
    return Delivery.objects.create(
        id=key, source="subscription", cause=subscription.pk, slot_key=str(key), state=state, **fields
    )


def test_sums_count_each_delivery_once_however_often_they_are_computed(make_subscription, prebirth) -> None:
    subscription = make_subscription()
    for minutes in (60, 30, 10):
        delivery(subscription, age=timedelta(minutes=minutes))
    delivery(subscription, age=timedelta(minutes=20), state="failed", reason="no_message")
    delivery(subscription, age=timedelta(minutes=20), state="skipped", reason="opted_out")
    delivery(subscription, age=timedelta(minutes=20), state="failed", reason="refused", claimed_at=now())
    delivery(subscription, age=timedelta(seconds=5))
    Delivery.objects.create(source="inbound", cause=uuid4(), slot_key="x")

    metrics.compute(now=now())
    metrics.compute(now=now())

    sums = dict(Metric.objects.filter(key__endswith=".sum").values_list("key", "value"))
    assert sums == {
        "subscriptions.send_next_message_errored.sum": 1,
        "message.text.prebirth_hw_full_1.sum": 4,
        "message.text.sum": 4,
    }

    metrics.compute(now=now() + timedelta(minutes=10))
    assert Metric.objects.get(key="message.text.sum").value == 5

"""What went wrong in the service this dialect comes from, and does not here."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils.timezone import now

from contacts.operations import add_address
from outbox.models import Delivery
from stagebased import planner
from stagebased.errors import Refused
from stagebased.models import DueSlot, MessageSet, Schedule
from stagebased.operations.content import save_message_set
from stagebased.slots import record_due_slots


@pytest.fixture
def thandi(make_subscription, first_message):
    subscription = make_subscription(created_at=now() - timedelta(days=3))
    add_address(contact_id=subscription.contact_id, kind="msisdn", value="+27820001001")
    return subscription


def test_a_corrected_message_counts_from_the_next_send(as_alice, thandi, first_message) -> None:
    """There: up to an hour later, in each process at another time."""
    for text in ("Drink water.", "Drink clean water."):
        thandi.__class__.objects.update(
            next_sequence_number=1, active=True, completed=False, process_status=0
        )
        as_alice.patch(f"/api/v1/message/{first_message.pk}/", {"text_content": text})
        as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/send")

    assert list(Delivery.objects.order_by("pk").values_list("text", flat=True)) == [
        "Drink water.", "Drink clean water.",
    ]  # fmt: skip


def test_a_changed_schedule_is_due_at_its_new_times(as_alice, thandi, schedule) -> None:
    """There: the scheduler service got the new fields and kept the old timing."""
    wednesday = datetime(2026, 11, 25, tzinfo=UTC)
    Schedule.objects.update(planned_until=wednesday)
    as_alice.patch(f"/api/v1/schedule/{schedule.pk}/", {"minute": "30", "hour": "9"})

    record_due_slots(wednesday + timedelta(hours=9))
    assert not DueSlot.objects.exists()
    record_due_slots(wednesday + timedelta(hours=10))
    assert DueSlot.objects.get().due_at == wednesday + timedelta(hours=9, minutes=30)


def test_a_deleted_schedule_is_never_due_again(as_alice, schedule) -> None:
    """There: the scheduler went on calling."""
    DueSlot.objects.create(schedule=schedule, due_at=now())

    assert as_alice.delete(f"/api/v1/schedule/{schedule.pk}/").status_code == 204
    planner.plan(now())
    assert not DueSlot.objects.exists()


def test_a_resend_of_a_completed_subscription_sends_the_last_message(as_alice, thandi) -> None:
    """There: 202, and then the task crashed."""
    as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/send")
    thandi.refresh_from_db()
    assert thandi.completed

    assert as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/resend").status_code == 202
    assert [row.text for row in Delivery.objects.all()] == ["Drink enough water."] * 2


def test_a_text_that_cannot_be_sent_is_refused_when_it_is_written(as_alice, first_message) -> None:
    """There: it was kept, refused by the sender at every run, and lost."""
    answer = as_alice.patch(f"/api/v1/message/{first_message.pk}/", {"text_content": "ж" * 2000})

    assert (answer.status_code, list(answer.json())) == (400, ["text_content"])
    first_message.refresh_from_db()
    assert first_message.text_content == "Drink enough water."


def test_an_unknown_channel_is_refused_when_it_is_written(as_alice, prebirth) -> None:
    answer = as_alice.patch(f"/api/v1/messageset/{prebirth.pk}/", {"channel": "carrier-pigeon"})

    assert answer.json() == {"channel": ['"carrier-pigeon" is not a valid choice.']}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_do_not_close_a_circle() -> None:
    """Each alone would be right."""
    schedule = Schedule.objects.create()
    first, second = (
        MessageSet.objects.create(short_name=name, default_schedule=schedule) for name in ("first", "second")
    )
    together = threading.Barrier(2)

    def follow(message_set: MessageSet, following: MessageSet) -> bool:
        together.wait()
        message_set.next_set_id = following.pk
        try:
            save_message_set(message_set=message_set, changed=["next_set"])
        except Refused:
            return False
        finally:
            connections.close_all()
        return True

    for _ in range(5):
        MessageSet.objects.update(next_set=None)
        with ThreadPoolExecutor(2) as pool:
            saved = list(pool.map(follow, (first, second), (second, first)))
        assert sorted(saved) == [False, True]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_sets_of_one_name_at_once_one_is_kept() -> None:
    schedule, together = Schedule.objects.create(), threading.Barrier(4)

    def make(_: int) -> dict[str, list[str]]:
        together.wait()
        try:
            save_message_set(message_set=MessageSet(short_name="prebirth", default_schedule=schedule))
        except Refused as refusal:
            return refusal.errors
        finally:
            connections.close_all()
        return {}

    with ThreadPoolExecutor(4) as pool:
        refusals = [errors for errors in pool.map(make, range(4)) if errors]

    assert refusals == [{"short_name": ["message set with this Short name already exists."]}] * 3
    assert MessageSet.objects.count() == 1

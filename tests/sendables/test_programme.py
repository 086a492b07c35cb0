"""A programme whose channel is ``notice``, from its schedule to the notices of a person's account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contacts.models import Contact
from outbox import dispatcher
from outbox.models import Delivery, Gateway
from stagebased import planner
from stagebased.models import Message, MessageSet, Schedule, Subscription
from stagebased.slots import record_due_slots

MORNING = datetime(2026, 6, 10, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def course(db) -> MessageSet:
    daily = Schedule.objects.create(minute="0", hour="8", planned_until=MORNING - HOUR)
    made = MessageSet.objects.create(short_name="course", default_schedule=daily, channel="notice")
    for number in (1, 2):
        Message.objects.create(
            messageset=made, sequence_number=number, lang="eng_ZA", text_content=f"Lesson {number}"
        )
    return made


def subscribe(course: MessageSet, person: Contact) -> None:
    Subscription.objects.create(
        contact=person, messageset=course, schedule=course.default_schedule, lang="eng_ZA",
        created_at=MORNING - timedelta(days=1),
    )  # fmt: skip


def run(now: datetime) -> None:
    for _ in range(2):
        record_due_slots(now=now)
        planner.plan(now=now)
        dispatcher.dispatch("notice", now=now)


def test_each_lesson_arrives_once_in_the_person_s_notices(bob, eve, course, as_bob, as_eve) -> None:
    Gateway.objects.get_or_create(name="notice", defaults={"channel": "notice"})
    subscribe(course, Contact.objects.create(name="Bob", user=bob))
    nobody = Contact.objects.create(name="has no account")
    subscribe(course, nobody)
    run(MORNING)
    assert [item["content"] for item in as_bob.get("/notices/").json()] == ["Lesson 1"]
    run(MORNING + timedelta(days=1))
    assert {item["content"] for item in as_bob.get("/notices/").json()} == {"Lesson 1", "Lesson 2"}
    assert as_eve.get("/notices/").json() == []
    states = set(Delivery.objects.filter(contact__user=bob).values_list("state", flat=True))
    assert states == {Delivery.State.DELIVERED}
    assert set(Delivery.objects.filter(contact=nobody).values_list("reason", flat=True)) == {"no_address"}

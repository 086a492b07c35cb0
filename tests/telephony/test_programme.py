"""An audio programme whose channel is ``voicemail``, from its schedule into people's mailboxes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile

from contacts.models import Contact
from outbox import dispatcher
from outbox.models import Delivery, Gateway
from stagebased import planner
from stagebased.models import BinaryContent, Message, MessageSet, Schedule, Subscription
from stagebased.slots import record_due_slots
from telephony.models import TelephonyUser, Voicemail, VoicemailMessage
from telephony.operations import link_contact
from tests.telephony.conftest import recording

MORNING = datetime(2026, 6, 10, 8, tzinfo=UTC)


@pytest.fixture
def course(db) -> MessageSet:
    daily = Schedule.objects.create(minute="0", hour="8", planned_until=MORNING - timedelta(hours=1))
    made = MessageSet.objects.create(
        short_name="course", default_schedule=daily, channel="voicemail", content_type="audio"
    )
    for number in (1, 2):
        spoken = BinaryContent.objects.create(
            content_type="audio/wav",
            size=16_044,
            content=ContentFile(recording(seconds=number), name=f"lesson-{number}.wav"),
        )
        Message.objects.create(messageset=made, sequence_number=number, lang="eng_ZA", binary_content=spoken)
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
        dispatcher.dispatch("voicemail", now=now)


def test_each_lesson_arrives_once_in_a_mailbox_that_two_people_share(course) -> None:
    Gateway.objects.get_or_create(name="voicemail", defaults={"channel": "voicemail"})
    box = Voicemail.objects.create(mailbox="12")
    for number in ("+27820001001", "+27820001002"):
        user = TelephonyUser.objects.create(firstname="X", mobilephonenumber=number, voicemail=box)
        linked = link_contact(user_id=user.pk)
        subscribe(course, Contact.objects.get(pk=linked.contact_id))
    subscribe(course, Contact.objects.create(name="has no mailbox"))
    run(MORNING)
    assert list(VoicemailMessage.objects.values_list("voicemail", "duration")) == [(box.pk, 1)]
    run(MORNING + timedelta(days=1))
    assert sorted(VoicemailMessage.objects.values_list("duration", flat=True)) == [1, 2]
    states = Delivery.objects.filter(contact__telephony_users__voicemail=box).values_list("state", flat=True)
    assert list(states) == ["delivered"] * 4
    assert set(Delivery.objects.exclude(reason="").values_list("reason", flat=True)) == {"no_address"}

"""A delivery's page tells all that happened to it, in the order of time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from contacts.operations import opt_out
from outbox import operations
from outbox.models import Delivery
from outbox.operations import Failure
from outbox.story import story
from smsbridge.models import InboundMessage, PartReference
from stagebased.models import MessageSet, Schedule, Subscription

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def told(delivery: Delivery) -> list[str]:
    delivery.refresh_from_db()
    return [event.what for event in story(delivery)]


@pytest.fixture
def arrived(queue, mary) -> Delivery:
    """A programme's message in one part that arrived, and was answered by a STOP."""
    schedule = Schedule.objects.create()
    programme = MessageSet.objects.create(short_name="one", label="Pregnancy", default_schedule=schedule)
    subscription = Subscription.objects.create(
        contact=mary, messageset=programme, schedule=schedule, lang="eng_ZA"
    )
    delivery = queue(
        source="subscription", cause=subscription.pk, slot_key="2026-11-21T08:00Z", contact=mary,
        options={"message": {"set": "one", "number": 3, "lang": "eng_ZA"}},
    )  # fmt: skip
    start = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(
        state="handed", claimed_at=start + SECOND, handed_at=start + 2 * SECOND, attempts=1
    )
    operations.record_sent(times={delivery.pk: start + 4 * SECOND})
    operations.record_delivered(times={delivery.pk: start + 6 * SECOND})
    PartReference.objects.create(
        delivery=delivery, modem="GSM1", number="27820001001", reference=17, sent_at=start + 3 * SECOND,
        reported_at=start + 5 * SECOND, status=0,
    )  # fmt: skip
    return delivery


def test_the_story_goes_from_the_cause_to_the_stop(arrived, mary):
    opt_out(kind="stopall", contact_ids=[mary.pk], source="sms")
    # The opt-out is heard now; the states above lie a few seconds ahead.
    assert sorted(told(arrived)) == sorted(
        [
            "subscribed to Pregnancy", "planned", "taken by a worker", "handed over",
            "part 1 of 1 accepted by the network", "sent", "status report for part 1 of 1", "delivered",
            "opt-out (all addresses)",
        ]
    )  # fmt: skip
    moments = [event.at for event in story(arrived)]
    assert moments == sorted(moments)


def test_a_failure_says_why_and_leads_to_its_repeat(queue):
    delivery = queue()
    now = timezone.now()
    operations.record_failed(failures={delivery.pk: Failure(now, "gateway_refused", "No such subscriber.")})
    [repeat] = operations.send_again(ids=[delivery.pk])
    delivery.refresh_from_db()
    by_name = {event.what: event for event in story(delivery)}
    assert (by_name["failed"].detail, by_name["failed"].mood) == ("No such subscriber.", "bad")
    assert str(repeat.pk) in by_name["another try of the same"].page


def test_an_answer_leads_to_what_it_answers(queue):
    message = InboundMessage.objects.create(
        gateway="sms", file_name="GSM1.1", fingerprint="1", sender="+27820001001", meaning="stop",
        received_at=timezone.now(),
    )  # fmt: skip
    delivery = queue(source="inbound", cause=message.pk)
    assert "message received, which this answers" in told(delivery)


def test_the_page_shows_the_story_at_a_fixed_cost(client, arrived):
    client.force_login(User.objects.create_superuser("root", password="root-password"))
    page = reverse("admin:outbox_delivery_change", args=[arrived.pk])
    assert "subscribed to Pregnancy" in client.get(page).content.decode()
    with CaptureQueriesContext(connection) as one:
        client.get(page)
    now = timezone.now()
    PartReference.objects.bulk_create(
        PartReference(delivery=arrived, number="27820001001", reference=n, sent_at=now) for n in range(9)
    )
    with CaptureQueriesContext(connection) as many:
        client.get(page)
    assert len(many) == len(one)

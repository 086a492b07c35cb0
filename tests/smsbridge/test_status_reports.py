"""Status reports find their message by modem, number and reference, whenever they come."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from contacts.models import Address
from outbox.models import Delivery
from smsbridge.collector import collect
from smsbridge.models import CollectorCount, InboundMessage, PartReference, StatusReport
from tests.smsbridge.smsd_files import handed

pytestmark = [pytest.mark.django_db, pytest.mark.fault("F13")]
State = Delivery.State


def state(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.state


def test_a_report_makes_its_message_delivered(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery, 117)
    collect(gateway)
    report = smsd.report(117)
    collect(gateway)
    assert state(delivery) == State.DELIVERED
    assert smsd.left_in("report") == []
    assert smsd.archived("report") == [report.name]


def test_delivered_at_is_when_the_network_says(gateway, smsd):
    delivery, at = handed(), (timezone.now() - timedelta(seconds=30)).replace(microsecond=0)
    smsd.sent(delivery, 117, at=at - timedelta(minutes=2))
    smsd.report(117, at=at)
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.delivered_at == at


def test_reports_among_the_received_messages_are_understood(gateway, smsd):
    """smsd puts them there when no folder of their own is configured."""
    delivery = handed()
    smsd.sent(delivery, 117)
    smsd.report(117, folder="incoming")
    collect(gateway)
    assert state(delivery) == State.DELIVERED
    assert not InboundMessage.objects.exists()


def test_a_message_of_several_parts_is_delivered_when_all_are(gateway, smsd):
    delivery = handed(text="x" * 400)
    smsd.sent(delivery, 254, 255, 0)
    smsd.report(255)
    smsd.report(0)
    collect(gateway)
    assert state(delivery) == State.SENT
    smsd.report(254)
    collect(gateway)
    assert state(delivery) == State.DELIVERED


def test_one_part_that_failed_fails_the_message(gateway, smsd, mary):
    delivery = handed(text="x" * 200, contact=mary)
    smsd.sent(delivery, 1, 2)
    smsd.report(1)
    smsd.report(2, status=70)
    collect(gateway)
    assert state(delivery) == State.FAILED
    assert (delivery.reason, delivery.detail) == ("undelivered", "The network gave up (status 70).")
    assert Address.objects.get(contact=mary).failures_in_a_row == 1


def test_a_network_that_still_tries_decides_nothing(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery, 5)
    smsd.report(5, status=48)
    collect(gateway)
    assert state(delivery) == State.SENT
    assert PartReference.objects.get().status == 48
    smsd.report(5, status=0)
    collect(gateway)
    assert state(delivery) == State.DELIVERED


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        *((status, "delivered") for status in (0, 1, 2, 31)),
        *((status, "sent") for status in (32, 63)),
        *((status, "failed") for status in (64, 99, 255)),
    ],
)
def test_each_range_of_status_has_its_meaning(gateway, smsd, status, fate):
    delivery = handed()
    smsd.sent(delivery, 5)
    smsd.report(5, status=status)
    collect(gateway)
    assert state(delivery) == fate


def test_a_report_that_comes_before_its_message_waits_for_it(gateway, smsd):
    delivery = handed()
    smsd.report(9)
    collect(gateway)
    assert state(delivery) == State.HANDED
    smsd.sent(delivery, 9)
    collect(gateway)
    assert state(delivery) == State.DELIVERED
    assert StatusReport.objects.get().matched.delivery_id == delivery.pk


def test_a_waiting_report_read_twice_is_kept_once(gateway, smsd, spool):
    path = smsd.report(9)
    content = path.read_bytes()
    collect(gateway)
    path.write_bytes(content)
    collect(gateway)
    assert StatusReport.objects.count() == 1


def test_a_report_without_message_is_dropped_after_a_day_and_counted(gateway, smsd):
    smsd.report(9)
    collect(gateway)
    with time_machine.travel(timezone.now() + timedelta(hours=23), tick=False):
        collect(gateway)
        assert StatusReport.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        collect(gateway)
        assert not StatusReport.objects.exists()
    assert CollectorCount.objects.get(what="report_dropped").count == 1


def test_a_report_long_before_the_message_is_not_its_own(gateway, smsd):
    """The same number and reference, but another program's message."""
    smsd.report(9, at=timezone.now() - timedelta(hours=2))
    collect(gateway)
    delivery = handed()
    smsd.sent(delivery, 9)
    collect(gateway)
    assert state(delivery) == State.SENT


def test_of_two_messages_with_one_reference_the_newer_is_meant(gateway, smsd):
    """References have eight bits: after 256 messages they come again."""
    old, new = handed(), handed()
    smsd.sent(old, 9, at=timezone.now() - timedelta(hours=3))
    smsd.sent(new, 9)
    smsd.report(9)
    collect(gateway)
    assert (state(old), state(new)) == (State.SENT, State.DELIVERED)


@pytest.mark.parametrize(
    "different",
    [{"number": "+27820001002"}, {"modem": "GSM2"}, {"reference": 10}],
    ids=lambda d: next(iter(d)),
)
def test_a_report_of_another_number_modem_or_reference_is_not_its_own(gateway, smsd, different):
    delivery = handed()
    smsd.sent(delivery, 9)
    smsd.report(**({"reference": 9} | different))
    collect(gateway)
    assert state(delivery) == State.SENT


def test_a_message_of_another_gateway_is_not_meant(gateway, smsd):
    """Both gateways may call their modem GSM1."""
    elsewhere = handed(gateway="north")
    PartReference.objects.create(
        delivery=elsewhere, modem="GSM1", number="27820001001", reference=9, sent_at=timezone.now()
    )
    smsd.report(9)
    collect(gateway)
    assert state(elsewhere) == State.HANDED


def test_a_report_after_a_week_is_nobodys(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery, 9, at=timezone.now() - timedelta(days=8))
    smsd.report(9)
    collect(gateway)
    assert state(delivery) == State.SENT


def test_nothing_takes_delivered_back(gateway, smsd):
    delivery = handed()
    path = smsd.sent(delivery, 9)
    content = path.read_bytes()
    smsd.report(9)
    collect(gateway)
    smsd.report(9, status=70)
    path.write_bytes(content)
    collect(gateway)
    assert state(delivery) == State.DELIVERED


def test_an_arrival_ends_a_row_of_failures(gateway, smsd, mary):
    Address.objects.update(failures_in_a_row=2)
    smsd.sent(handed(contact=mary), 9)
    smsd.report(9)
    collect(gateway)
    assert Address.objects.get(contact=mary).failures_in_a_row == 0


@pytest.mark.parametrize(
    "body", ["SMS STATUS REPORT\nMessage_id: 300\nStatus: 0,Ok", "SMS STATUS REPORT\n", "hello"], ids=repr
)
def test_what_is_no_report_in_the_folder_of_reports_is_set_aside(gateway, smsd, body):
    smsd.write("report", "GSM1.abcdef", f"From: 27820001001\nModem: GSM1\n\n{body}")
    collect(gateway)
    assert smsd.set_aside("report") == ["GSM1.abcdef"]

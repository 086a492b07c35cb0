"""From the air through the real smsd into the inbox."""

from __future__ import annotations

import pytest

from contacts.models import Address, Contact
from outbox.models import Delivery
from smsbridge.collector import collect
from smsbridge.models import InboundMessage
from tests import servers
from tests.smsd.fakemodem import FakeModem
from tests.smsd.test_sending import follow, queued

pytestmark = [pytest.mark.smsd, pytest.mark.django_db]
ALICE = "+27820001001"


def inbox(gateway, count: int) -> list[InboundMessage]:
    """The messages received, once there are so many."""

    def arrived() -> bool:
        collect(gateway)
        return InboundMessage.objects.count() >= count

    servers.wait_until(arrived, seconds=15, what=f"{count} received messages")
    return list(InboundMessage.objects.order_by("received_at", "text"))


def test_texts_arrive_as_they_were_written(gateway, modem: FakeModem):
    texts = ["Grüße €", "Привет 😀", "plain {x}", "one\n\ntwo\nTo: 123"]
    for text in texts:
        modem.receive(ALICE[1:], text)
    messages = inbox(gateway, len(texts))
    assert sorted(message.text for message in messages) == sorted(texts)
    assert {message.sender for message in messages} == {ALICE}


def test_parts_are_one_message_even_in_disorder(gateway, modem: FakeModem):
    modem.receive(ALICE[1:], "", parts=["a" * 153, "b" * 153, "c" * 10])
    [message] = inbox(gateway, 1)
    assert message.text == "a" * 153 + "b" * 153 + "c" * 10


def test_a_name_as_sender_is_kept(gateway, modem: FakeModem):
    modem.receive("Clinic", "open today")
    [message] = inbox(gateway, 1)
    assert message.sender == "Clinic"


def test_stop_ends_what_is_queued_and_is_confirmed_over_the_air(gateway, modem: FakeModem):
    person = Contact.objects.create()
    Address.objects.create(contact=person, value=ALICE, is_default=True)
    modem.receive(ALICE[1:], "Stop!")
    [message] = inbox(gateway, 1)
    assert (message.meaning, message.contact) == ("stop", person)
    follow([Delivery.objects.get(source="inbound")], "sent")
    assert modem.texts_to(ALICE[1:]) == [
        "You will get no more messages from us. Reply START to get them again."
    ]
    late = queued(ALICE, "too late")
    follow([late], "skipped")
    assert len(modem.submitted) == 1

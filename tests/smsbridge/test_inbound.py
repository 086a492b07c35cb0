"""Received messages are stored once, as they were written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contacts.operations import forget
from outbox.models import Delivery
from smsbridge.collector import collect, sweep
from smsbridge.models import InboundMessage, PartReference, StatusReport
from tests.smsbridge.conftest import person
from tests.smsbridge.smsd_files import handed

pytestmark = pytest.mark.django_db


def test_a_message_is_stored_with_its_sender_and_times(gateway, smsd, mary):
    smsd.received("Is the clinic open?", at=datetime(2026, 11, 21, 8, tzinfo=UTC))
    assert collect(gateway) == 1
    message = InboundMessage.objects.get()
    assert (message.sender, message.contact, message.text) == ("+27820001001", mary, "Is the clinic open?")
    assert message.received_at == message.sent_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert (message.meaning, message.answer, message.gateway) == ("text", "", "sms")
    assert message.headers["From_SMSC"] == "27829129"
    assert not Delivery.objects.exists()


@pytest.mark.fault("F22")
@pytest.mark.parametrize("text", ["Grüße €", "Привет 😀", "one\n\ntwo\nTo: 123", "", " \n"], ids=repr)
def test_every_text_is_kept_as_it_was_written(gateway, smsd, text):
    smsd.received(text)
    collect(gateway)
    assert InboundMessage.objects.get().text == text


@pytest.mark.fault("F22")
def test_bytes_that_are_no_text_do_not_stop_anything(gateway, smsd):
    smsd.write("incoming", "GSM1.odd", b"From: 27820001001\nAlphabet: UCS2\n\n\xd8\x3d\x00\x00\x41")
    smsd.received("next")
    assert collect(gateway) == 2
    assert InboundMessage.objects.filter(text="next").exists()
    assert "\ufffd" in InboundMessage.objects.get(file_name="GSM1.odd").text


@pytest.mark.parametrize(
    ("sender", "toa", "stored"),
    [
        ("27820001001", "91 international, ISDN/telephone", "+27820001001"),
        ("+27820001001", "91 international, ISDN/telephone", "+27820001001"),
        ("VODACOM", "D0 alphanumeric, unknown", "VODACOM"),
        ("30300", "81 unknown, ISDN/telephone", "30300"),
        ("999999999999", "91 international, ISDN/telephone", "999999999999"),
        ("x" * 100, "D0", "x" * 64),
    ],
    ids=["international", "with plus", "name", "short code", "no such country", "long name"],
)
def test_a_sender_is_kept_as_number_where_it_is_one(gateway, smsd, sender, toa, stored):
    smsd.received("hi", sender=sender, toa=toa)
    collect(gateway)
    assert InboundMessage.objects.get().sender == stored


def test_a_national_number_is_read_in_the_installations_region(gateway, smsd, settings):
    settings.SMS_REGION = "ZA"
    smsd.received("hi", sender="0820001001", toa="A1 national, ISDN/telephone")
    collect(gateway)
    assert InboundMessage.objects.get().sender == "+27820001001"


def test_of_several_people_with_a_number_the_longest_known_is_shown(gateway, smsd, mary):
    person("+27820001001")
    smsd.received("hi")
    collect(gateway)
    assert InboundMessage.objects.get().contact == mary


def test_a_call_is_stored_as_a_call(gateway, smsd):
    smsd.write(
        "incoming",
        "GSM1.call",
        "From: 27820001001\nReceived: 26-11-21 08:00:00\nCall_type: missed\nModem: GSM1\n\nCALL MISSED",
    )
    collect(gateway)
    assert InboundMessage.objects.get().meaning == "call"


@pytest.mark.fault("F14")
def test_a_file_read_twice_is_one_message(gateway, smsd, monkeypatch):
    smsd.received("hello")
    with monkeypatch.context() as broken:
        broken.setattr(sweep, "_settle", lambda *_: 0)
        collect(gateway)
    collect(gateway)
    assert InboundMessage.objects.count() == 1


def test_equal_texts_in_different_files_are_two_messages(gateway, smsd):
    at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    smsd.received("hello", at=at)
    smsd.received("hello", at=at)
    collect(gateway)
    assert InboundMessage.objects.count() == 2


@pytest.mark.parametrize("name", ["GSM1-concatenated", "smsd_script.a1b2c3", ".poke", "GSM1.x.LOCK"])
def test_what_smsd_keeps_for_itself_is_left_alone(gateway, smsd, name):
    smsd.received("hello", name=name)
    assert collect(gateway) == 0
    assert smsd.left_in("incoming") == [name]


def test_parts_that_never_became_whole_are_stored_each(gateway, smsd):
    smsd.received("first half", extra="Incomplete: yes\nUDH-DATA: 05 00 03 4D 02 01\n")
    collect(gateway)
    assert InboundMessage.objects.get().headers["Incomplete"] == "yes"


def test_of_somebody_who_asked_to_be_forgotten_only_the_time_of_messages_stays(gateway, smsd, mary):
    smsd.received("I live at 5 Long Street")
    smsd.received("hello", sender="27820001002")
    smsd.report(9)
    collect(gateway)
    smsd.sent(handed(contact=mary), 9)
    collect(gateway)
    forget(contact_id=mary.pk, source="api")
    blanked = InboundMessage.objects.get(sender="")
    assert (blanked.text, blanked.headers, blanked.contact) == ("", {}, mary)
    assert InboundMessage.objects.filter(sender="+27820001002", text="hello").exists()
    assert PartReference.objects.get().number == StatusReport.objects.get().number == ""

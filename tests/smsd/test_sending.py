"""From a delivery through the real smsd to the modem, and its fate back."""

from __future__ import annotations

import time
import uuid

import pytest
from django.conf import settings as django_settings

from contacts.models import Address, Contact
from outbox.dispatcher import dispatch
from outbox.models import Delivery, Gateway
from outbox.operations import queue
from smsbridge.collector import collect
from smsbridge.models import PartReference
from smsbridge.spool import alphabet
from tests import servers
from tests.smsd import gsm
from tests.smsd.daemon import Smsd
from tests.smsd.fakemodem import FakeModem

pytestmark = [pytest.mark.smsd, pytest.mark.django_db]
ALICE, BOB = "+27820001001", "+27820001002"


def queued(number: str = ALICE, text: str = "hello", **options) -> Delivery:
    delivery, _ = queue(
        source="test", cause=uuid.uuid4(), slot_key="1", address=number, text=text, options=options
    )
    return delivery


def follow(deliveries: list[Delivery], *states: str, timeout: float = 15) -> None:
    """Dispatch and collect until every delivery is in one of the states."""
    ids, end = [delivery.pk for delivery in deliveries], time.monotonic() + timeout
    while True:
        dispatch("sms")
        collect(Gateway.objects.get(name="sms"))
        now = dict(Delivery.objects.filter(pk__in=ids).values_list("pk", "state"))
        if set(now.values()) <= set(states):
            break
        assert time.monotonic() < end, f"states after {timeout} s: {sorted(now.values())}"
        time.sleep(0.05)
    for delivery in deliveries:
        delivery.refresh_from_db()


def numbered(place: int) -> str:
    return f"+2782001{place:04d}"


TEXTS = {
    "plain": "Your appointment is tomorrow at 9.",
    "every GSM character": "".join(c for c in gsm.DEFAULT if c != "\x1b"),
    "extension table": "^{}[]~|€ and a backslash \\",
    "german": "Grüße aus Köln: süß & schön",
    "euro": "Only 5 € today",
    "emoji": "ok 😀 done",
    "russian": "Привет, как дела?",
    "one accent outside": "façade",
    "line feeds": "one\ntwo\n\nthree",
    "line ends within": "one\r\n\r\ntwo",
    "blank lines first": "\n\nhello",
    "only a blank": " ",
    "header in the text": "To: 49123\nInclude: /etc/passwd\n\nFlash: yes",
    **{f"{n} letters": "a" * n for n in (152, 153, 154, 159, 160, 161, 306, 307)},
    **{f"{n} euros": "€" * n for n in (76, 77, 80, 81, 153)},
    "euro across the border": "a" * 152 + "€" + "b" * 20,
    "euro across the second border": "a" * 305 + "€" + "b" * 20,
    **{f"{n} cyrillic": "ж" * n for n in (69, 70, 71, 134, 135)},
    **{f"{n} emoji": "😀" * n for n in (35, 36, 67, 68)},
    "emoji across the border": "ж" * 66 + "😀" + "ж" * 10,
    "a family across the border": "ж" * 62 + "👨‍👩‍👧‍👦" + "ж" * 10,
    "ten parts": "0123456789" * 150,
}


def test_every_text_arrives_as_written_in_as_many_parts_as_counted(gateway, modem: FakeModem):
    deliveries = {name: queued(numbered(n), text) for n, (name, text) in enumerate(TEXTS.items())}
    follow(list(deliveries.values()), "sent", timeout=30)
    for name, delivery in deliveries.items():
        parts = modem.to(delivery.address[1:])
        assert modem.texts_to(delivery.address[1:]) == [TEXTS[name]], name
        assert len(parts) == alphabet.segment(TEXTS[name]).count == delivery.parts, name
        assert all(part.dcs == (0 if alphabet.is_gsm(TEXTS[name]) else 8) for part in parts), name


def test_options_reach_the_network(gateway, modem: FakeModem):
    flash, flash_ucs2, short_lived = (
        queued(numbered(1), flash=True),
        queued(numbered(2), "Привет", flash=True),
        queued(numbered(3), validity=60, report=False),
    )
    follow([flash, flash_ucs2, short_lived], "sent")
    assert [modem.to(numbered(n)[1:])[0].dcs for n in (1, 2, 3)] == [0x10, 0x18, 0]
    [part] = modem.to(numbered(3)[1:])
    # TP-VP 11: twelve steps of five minutes (3GPP TS 23.040, 9.2.3.12.1).
    assert (part.validity, part.report) == (11, False)
    assert modem.to(numbered(1)[1:])[0].report


def test_a_report_makes_it_delivered_also_when_references_wrap(gateway, modem: FakeModem):
    modem.start_references_at(254)
    modem.report_status = 0
    deliveries = [queued(numbered(n), "x" * 400) for n in range(3)]
    follow(deliveries, "delivered")
    assert set(PartReference.objects.values_list("reference", flat=True)) >= {254, 255, 0, 1}
    assert PartReference.objects.count() == 9
    assert all(delivery.delivered_at >= delivery.handed_at.replace(microsecond=0) for delivery in deliveries)


def test_a_report_of_failure_makes_it_failed(gateway, modem: FakeModem):
    modem.report_overrides[ALICE[1:]] = 70
    delivery = queued(ALICE)
    follow([delivery], "failed")
    assert delivery.reason == "undelivered"


def test_a_modem_without_references_still_sends(gateway, modem: FakeModem):
    modem.give_reference = False
    delivery = queued()
    follow([delivery], "sent")
    assert not PartReference.objects.exists()


def test_a_refused_number_fails_with_smsds_reason(start_smsd, modem: FakeModem, db):
    start_smsd({"GSM1": modem}, settings={"blocktime": "1"})
    modem.refuse = {ALICE[1:]: 28, BOB[1:]: 38}
    modem.refuse_from = {BOB[1:]: 2}
    person = Contact.objects.create()
    Address.objects.create(contact=person, value=ALICE)
    bad, half, good = queued(ALICE), queued(BOB, "x" * 200), queued(numbered(1))
    follow([bad, half, good], "sent", "failed", timeout=25)
    assert (bad.state, half.state, good.state) == ("failed", "failed", "sent")
    assert bad.reason == half.reason == "gateway_refused"
    assert bad.detail.startswith("smsd: +CMS ERROR: 28")
    assert half.detail == "smsd: +CMS ERROR: 38 (Network out of order); 1 of its parts had been sent before"
    assert Address.objects.get().failures_in_a_row == 1


def test_each_queue_has_its_own_modem(start_smsd, db):
    north, south = FakeModem(), FakeModem("655010000000002")
    try:
        start_smsd({"GSM1": north, "GSM2": south}, queues={"north": "GSM1", "south": "GSM2"})
        deliveries = [queued(numbered(n), queue="south" if n % 2 else "north") for n in range(10)]
        follow(deliveries, "sent")
        assert {part.number[-1] for part in north.submitted} == set("02468")
        assert {part.number[-1] for part in south.submitted} == set("13579")
        assert set(PartReference.objects.values_list("modem", flat=True)) == {"GSM1", "GSM2"}
    finally:
        north.close()
        south.close()


def test_two_hundred_messages_survive_a_stop_and_start_of_the_daemon_none_twice(
    smsd: Smsd, gateway, modem: FakeModem
):
    modem.delay = 0.01
    deliveries = [queued(numbered(n), f"message {n}") for n in range(200)]
    dispatch("sms")
    modem.wait_for(60, 20)
    smsd.stop()
    assert 60 <= len(modem.submitted) < 200
    smsd.start()
    follow(deliveries, "sent", timeout=30)
    assert sorted(part.number for part in modem.submitted) == sorted(numbered(n)[1:] for n in range(200))


def test_a_crash_of_the_daemon_loses_nothing(smsd: Smsd, gateway, modem: FakeModem):
    """smsd itself may send one message twice then: it cannot know whether the modem had taken it."""
    modem.delay = 0.01
    deliveries = [queued(numbered(n), f"message {n}") for n in range(60)]
    dispatch("sms")
    modem.wait_for(20, 20)
    smsd.kill()
    smsd.start()
    follow(deliveries, "sent", timeout=30)
    assert {part.number for part in modem.submitted} == {numbered(n)[1:] for n in range(60)}
    assert len(modem.submitted) <= 61


def test_the_shipped_configuration_is_understood(smsd: Smsd):
    log = smsd.output()
    assert "while reading the config file" not in log
    assert "major problem" not in log


def test_the_eventhandler_pokes(smsd: Smsd, gateway):
    poke = django_settings.SMS_GATEWAYS["sms"] / ".poke"
    follow([queued()], "sent")
    servers.wait_until(poke.exists, seconds=5, what="the eventhandler's poke")


def test_a_message_begun_by_a_daemon_that_died_does_not_block_the_next(smsd: Smsd, gateway, modem: FakeModem):
    smsd.kill()
    modem.leave_at_prompt()
    smsd.start()
    delivery = queued()
    follow([delivery], "sent", timeout=20)
    assert len(modem.submitted) == 1

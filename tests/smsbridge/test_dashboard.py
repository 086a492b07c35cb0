"""The dashboard's figures of what came in, and of modems."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from smsbridge import dashboard, inbound
from smsbridge.collector import modems
from smsbridge.collector.files import Opened
from smsbridge.inbound import Received
from smsbridge.models import ModemActivity
from smsbridge.spool.codec.files import SpoolFile
from smsbridge.spool.folders import Finished

pytestmark = pytest.mark.django_db


def received(text: str, number: int) -> Received:
    return Received(
        gateway="sms", file_name=f"GSM1.{number}", fingerprint=str(number), sender="+27820001001",
        text=text, received_at=timezone.now(),
    )  # fmt: skip


def test_what_comes_in_is_counted_once_by_its_meaning():
    messages = [received("hello", 1), received("STOP", 2), received("when is it?", 3)]
    inbound.take_in(messages=messages)
    inbound.take_in(messages=messages[:2])
    facts = dashboard.received()
    assert facts["total"] == 3
    assert {kind: count for kind, _, count in facts["kinds"] if count} == {"text": 2, "stop": 1}


def sent(modem: str, minute: int, trouble: str = "") -> Opened:
    at = datetime(2026, 11, 26, 10, minute, tzinfo=UTC)
    fields = (("To", "27820001001"), ("Modem", modem), ("Sent", f"{at:%y-%m-%d %H:%M:%S}"))
    return Opened(Finished("sent", "a-file", b"", at.timestamp()), SpoolFile(fields, b""), trouble)


def test_a_modems_latest_moment_is_kept_and_never_goes_back():
    modems.note("sms", "sent", [sent("GSM1", 5), sent("GSM1", 9), sent("GSM2", 1), sent("GSM3", 1, "bad")])
    modems.note("sms", "sent", [sent("GSM1", 7)])
    found = dict(ModemActivity.objects.values_list("modem", "sent_at"))
    assert found == {
        "GSM1": datetime(2026, 11, 26, 10, 9, tzinfo=UTC),
        "GSM2": datetime(2026, 11, 26, 10, 1, tzinfo=UTC),
    }

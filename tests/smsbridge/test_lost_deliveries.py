"""A delivery whose file is nowhere does not stay handed over for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from smsbridge.collector import lost
from smsbridge.spool.codec import render
from tests.smsbridge.smsd_files import handed

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(hours=2)


def place_outgoing(spool, smsd, name: str) -> None:
    spool.put([(name, render(to="27820001001", text="hi"))])


def place_queue(spool, smsd, name: str) -> None:
    (spool.root / "north").mkdir()
    smsd.write("north", name, "To: 1\n\nhi")


def place_archive(spool, smsd, name: str) -> None:
    smsd.write("sent", name, "To: 1\n\nhi")
    assert spool.archive("sent", name, timezone.now().date())


def place(folder: str):
    return lambda spool, smsd, name: smsd.write(folder, name, "To: 1\n\nhi")


PLACES = {
    "outgoing": place_outgoing, "checked": place("checked"), "queue": place_queue, "sent": place("sent"),
    "failed": place("failed"), "archive": place_archive,
}  # fmt: skip


def test_one_without_a_file_ends_as_failed_for_people_to_see(gateway, spool):
    delivery = handed(handed_at=LONG_AGO)
    assert lost.give_up_lost(spool, "sms") == [str(delivery.pk)]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("failed", "fate_unknown")
    assert "may or may not have been sent" in delivery.detail


@pytest.mark.parametrize("put", PLACES.values(), ids=PLACES.keys())
def test_one_whose_file_is_anywhere_is_waited_for(gateway, spool, smsd, put):
    delivery = handed(handed_at=LONG_AGO)
    put(spool, smsd, str(delivery.pk))
    assert lost.give_up_lost(spool, "sms") == []


@pytest.mark.parametrize(
    "fields",
    [{"handed_at": timezone.now()}, {"state": "sent"}, {"state": "claimed"}, {"gateway": "north"}],
    ids=["just handed over", "sent", "claimed", "another gateway's"],
)
def test_others_are_left_alone(gateway, spool, fields):
    delivery = handed(**({"handed_at": LONG_AGO} | fields))
    lost.give_up_lost(spool, "sms")
    delivery.refresh_from_db()
    assert delivery.state == fields.get("state", "handed")


def test_many_cost_as_many_statements_as_one(gateway, spool):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            lost.give_up_lost(spool, "sms")
        return len(queries)

    handed(handed_at=LONG_AGO)
    one = statements()
    for _ in range(50):
        handed(handed_at=LONG_AGO)
    assert statements() == one


def test_a_process_looks_once_a_minute(gateway, spool, monkeypatch):
    monkeypatch.setattr(lost, "_looked", {})
    handed(handed_at=LONG_AGO)
    assert len(lost.look_for_lost(spool, "sms")) == 1
    handed(handed_at=LONG_AGO)
    assert lost.look_for_lost(spool, "sms") == []
    monkeypatch.setattr(lost, "_looked", {"sms": 0.0})
    assert len(lost.look_for_lost(spool, "sms")) == 1

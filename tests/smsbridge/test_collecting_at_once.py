"""Several workers at the same gateway, on a database that lets them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from contacts.models import Address, Contact, OptOut
from outbox.dispatcher import dispatch
from outbox.models import Delivery
from outbox.operations import NewDelivery, queue_many
from smsbridge.collector import collect, sweep
from smsbridge.models import InboundMessage
from tests.smsbridge.smsd_files import handed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def together(*works: Callable[[], None]) -> None:
    """Run all at the same time; whatever one raises is raised here."""
    errors: list[Exception] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again in the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def people(count: int) -> list[Contact]:
    made = Contact.objects.bulk_create(Contact() for _ in range(count))
    Address.objects.bulk_create(
        Address(contact=contact, value=f"+2782001{n:04d}", is_default=True) for n, contact in enumerate(made)
    )
    return made


def test_four_workers_take_each_file_once(gateway, smsd, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 20)
    monkeypatch.setattr(sweep, "INBOUND_BATCH", 20)
    people(50)
    for n in range(100):
        smsd.sent(handed(f"+2782001{n:04d}"), n)
        smsd.report(n, number=f"+2782001{n:04d}")
        smsd.received("STOP" if n % 2 else f"hello {n}", sender=f"2782001{n:04d}")

    def work() -> None:
        for _ in range(20):
            collect(gateway)

    together(work, work, work, work)
    collect(gateway)
    assert InboundMessage.objects.count() == 100
    assert OptOut.objects.count() == 50
    assert Delivery.objects.filter(source="inbound").count() == 50
    assert Delivery.objects.filter(source="test", state="delivered").count() == 100
    assert [smsd.left_in(kind) for kind in ("sent", "incoming", "report")] == [[], [], []]
    assert len(smsd.archived("incoming")) == 100


def test_no_hand_over_starts_after_an_opt_out(gateway, smsd, settings):
    settings.OUTBOX_BATCH = 10
    made = people(150)
    occasions = ({"source": "test", "cause": uuid.uuid4(), "slot_key": "1"} for _ in made)
    queue_many(
        rows=[
            NewDelivery(**occasion, contact=contact, address=f"+2782001{n:04d}", text="hi")
            for n, (contact, occasion) in enumerate(zip(made, occasions, strict=True))
        ]
    )
    for n in range(0, 150, 3):
        smsd.received("STOP", sender=f"2782001{n:04d}", at=timezone.now())
    together(lambda: dispatch(gateway.name), lambda: collect(gateway), lambda: collect(gateway))
    dispatch(gateway.name)
    assert OptOut.objects.count() == 50
    late = Delivery.objects.filter(
        source="test", state="handed", contact__opt_outs__created_at__lt=F("handed_at")
    )
    assert not late.exists()
    states = set(Delivery.objects.filter(source="test").values_list("state", flat=True))
    assert states <= {"handed", "cancelled"}
    assert Delivery.objects.filter(source="inbound", state="handed").count() == 50

"""Forgetting somebody: nothing of them is left in the database or the spool, and statistics stay."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.operations import issue_token
from audit.acting import Actor, acting
from contacts.models import Address, Contact
from contacts.operations import forget, opt_out
from hospitality.models import Feedback, Member
from outbox.models import Delivery, DeliveryCount, Gateway
from outbox.operations import queue, queue_many
from outbox.operations.queueing import NewDelivery
from sendables.operations.sending import send_message, send_notice
from smsbridge import erasing
from smsbridge.collector import collect
from smsbridge.models import ErasureOrder, InboundMessage, PartReference, StatusReport
from smsbridge.spool.folders import Spool
from stagebased.models import Change, MessageSet, Schedule, Subscription
from telephony.models import TelephonyUser, Voicemail

pytestmark = pytest.mark.django_db
NUMBER, DIGITS = "+27820007771", "27820007771"
#: Whatever tells of the person; each stands in several places.
TRACES = (DIGITS, "Zanele", "zanele", "Mthembu", "secretwords")


@pytest.fixture
def spool(settings, tmp_path: Path) -> Spool:
    settings.SMS_SPOOL = tmp_path / "spool"
    settings.SMS_GATEWAYS = {"sms": settings.SMS_SPOOL}
    made = Spool(settings.SMS_SPOOL, sync=False)
    made.create()
    return made


@pytest.fixture
def zanele(alice: User, spool: Spool) -> Contact:
    """Somebody who left something everywhere."""
    with acting(Actor("api", alice.pk, alice.username)):
        return _known_everywhere(alice, spool)


def _known_everywhere(friend: User, spool: Spool) -> Contact:
    account = User.objects.create_user("zanele", "zanele@example.org", "password", first_name="Zanele")
    issue_token(user=account, name="Zanele's telephone")
    person = Contact.objects.create(name="Zanele Mthembu", details={"note": "secretwords"}, user=account)
    Address.objects.create(contact=person, value=NUMBER, is_default=True)
    hers, _ = queue(
        source="test", cause=uuid4(), slot_key="1", address=NUMBER, text="secretwords", contact=person
    )
    [(bare, _)] = queue_many(
        rows=[
            NewDelivery(source="sms-api", cause=uuid4(), slot_key=NUMBER, address=NUMBER, text="secretwords")
        ]
    )
    now = timezone.now()
    part = PartReference.objects.create(delivery=hers, number=DIGITS, reference=5, sent_at=now)
    for n, (matched, contact) in enumerate(((part, person), (None, None))):
        StatusReport.objects.create(
            gateway="sms", fingerprint=f"r{n}", number=DIGITS, reference=5, status=0, matched=matched
        )
        InboundMessage.objects.create(
            gateway="sms", file_name=f"GSM1.{n}", fingerprint=f"i{n}", sender=NUMBER, text="secretwords",
            headers={"From": DIGITS}, received_at=now, contact=contact,
        )  # fmt: skip
    _subscribed(person)
    send_message(sender=account, recipients=[friend], content="secretwords of Zanele")
    send_message(sender=friend, recipients=[account], content="dear Zanele, secretwords")
    send_notice(recipients=[account], content="secretwords for you")
    box = Voicemail.objects.create(mailbox="100", fullname="Zanele Mthembu", email="zanele@example.org")
    TelephonyUser.objects.create(
        firstname="Zanele", lastname="Mthembu", mobilephonenumber=DIGITS, contact=person, voicemail=box
    )
    Member.objects.create(user=account, fullname="Zanele Mthembu", mobilephone=NUMBER)
    Feedback.objects.create(
        author=friend, about=account, body="Zanele is kind", relation="Host", rating="Positive",
        hosting_month=now.date(),
    )  # fmt: skip
    opt_out(
        kind="stop", contact_ids=[person.pk], address=("msisdn", NUMBER), source="sms", reason="secretwords"
    )
    _files(spool, hers, bare)
    return person


def _subscribed(person: Contact) -> None:
    schedule = Schedule.objects.create()
    programme = MessageSet.objects.create(short_name="one", default_schedule=schedule)
    subscription = Subscription.objects.create(
        contact=person, messageset=programme, schedule=schedule, lang="eng_ZA", metadata={"msisdn": NUMBER}
    )
    Change.objects.create(
        kind="pause", contact=person, subscription=subscription, reason="Zanele asked", source="admin"
    )


def _files(spool: Spool, *deliveries: Delivery) -> None:
    """What smsd and the collector would have left: an archive of two days, and something set aside."""
    for n, delivery in enumerate(deliveries):
        day = timezone.now().date() - timedelta(days=n)
        for kind, name in (("sent", str(delivery.pk)), ("incoming", f"GSM1.{n}"), ("report", f"GSM2.{n}")):
            folder = spool.root / "archive" / f"{day}" / kind
            folder.mkdir(parents=True, exist_ok=True)
            header = "To" if kind == "sent" else "From"
            (folder / name).write_bytes(f"{header}: {DIGITS}\n\nsecretwords".encode())
            (folder / "somebody.else").write_bytes(b"From: 27820009999\n\nwords of others")
    aside = spool.root / "quarantine" / "incoming"
    aside.mkdir(parents=True, exist_ok=True)
    (aside / "GSM1.odd").write_bytes(f"From: {DIGITS}\n\nsecretwords".encode())


def dump() -> str:
    """All rows of all tables as one text."""
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # the tables' own names
            lines += [f"{table}: {row!r}" for row in cursor.fetchall()]
    return "\n".join(lines)


def traces_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if any(trace in line for trace in TRACES)]


def spooled(spool: Spool) -> str:
    return "\n".join(path.read_text() for path in sorted(spool.root.rglob("*")) if path.is_file())


def test_nothing_is_left_of_somebody_who_asked_to_be_forgotten(zanele, spool, alice):
    assert len(traces_in(dump())) > 20
    assert DIGITS in spooled(spool)
    with acting(Actor("admin", alice.pk, alice.username)):
        forget(contact_id=zanele.pk, source="admin", requestor="Zanele Mthembu herself")
    gateway, _ = _gateway()
    collect(gateway)
    assert traces_in(dump()) == []
    assert [trace for trace in TRACES if trace in spooled(spool)] == []
    assert "words of others" in spooled(spool)
    assert not ErasureOrder.objects.exists()


def _gateway():
    return Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})


def test_statistics_survive(zanele):
    counted = sum(DeliveryCount.objects.values_list("count", flat=True))
    states = Delivery.objects.count(), InboundMessage.objects.count(), Subscription.objects.count()
    forget(contact_id=zanele.pk, source="admin")
    assert (Delivery.objects.count(), InboundMessage.objects.count(), Subscription.objects.count()) == states
    assert sum(DeliveryCount.objects.values_list("count", flat=True)) >= counted
    zanele.refresh_from_db()
    assert zanele.opted_out_at is not None


def test_what_is_somebody_elses_too_stays(zanele, spool):
    mother = Contact.objects.create(name="Her mother")
    Address.objects.create(contact=mother, value=NUMBER)
    forget(contact_id=zanele.pk, source="admin")
    assert Address.objects.get().contact == mother
    # A message to the shared number of which nobody knows whose it was.
    assert Delivery.objects.get(source="sms-api").address == NUMBER


def test_a_staff_account_is_taken_off_and_left_alone(zanele):
    User.objects.filter(username="zanele").update(is_staff=True)
    forget(contact_id=zanele.pk, source="admin")
    zanele.refresh_from_db()
    assert zanele.user is None
    assert User.objects.get(username="zanele").is_active


def test_a_forgotten_account_opens_nothing(zanele, client):
    forget(contact_id=zanele.pk, source="admin")
    account = User.objects.get(username__startswith="forgotten-")
    assert not account.is_active
    assert not account.api_tokens.exists()
    assert not account.check_password("password")


def test_erasing_waits_for_what_smsd_still_has(zanele, spool):
    Delivery.objects.filter(source="test").update(state="handed", handed_at=timezone.now())
    forget(contact_id=zanele.pk, source="admin")
    erasing.carry_out(spool, "sms")
    waiting = ErasureOrder.objects.get()
    assert waiting.not_before is not None
    # The file appears later, and goes at the next time.
    day = spool.root / "archive" / f"{timezone.now().date()}" / "sent"
    (day / str(Delivery.objects.get(source="test").pk)).write_text(f"To: {DIGITS}\n\nsecretwords")
    ErasureOrder.objects.update(not_before=None)
    Delivery.objects.filter(source="test").update(state="sent")
    erasing.carry_out(spool, "sms")
    assert DIGITS not in spooled(spool)
    assert not ErasureOrder.objects.exists()


def test_a_long_archive_is_gone_through_a_bit_at_a_time(zanele, spool, monkeypatch):
    monkeypatch.setattr(erasing, "BUDGET", 0.0)
    forget(contact_id=zanele.pk, source="admin")
    erasing.carry_out(spool, "sms")
    assert ErasureOrder.objects.get().done_until is not None
    for _ in range(5):
        erasing.carry_out(spool, "sms")
    assert not ErasureOrder.objects.exists()
    assert DIGITS not in spooled(spool)

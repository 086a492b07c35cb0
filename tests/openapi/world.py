"""The records that the examples of the OpenAPI document speak of."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts.models import ApiToken, User
from broadcasts.models import Broadcast, Text
from contacts.models import Address, Contact, Group
from hospitality.models import Feedback, Member
from outbox.models import Delivery
from sendables import operations as messages
from smsbridge.sending import SOURCE
from stagebased.models import (
    BehindSubscription,
    BinaryContent,
    Change,
    Message,
    MessageSet,
    Schedule,
    Subscription,
    Welcome,
)
from stagebased.operations.waiting import SOURCE as PROGRAMME
from telephony.models import TelephonyUser, Voicemail, VoicemailMessage
from webhooks.models import Endpoint, Event
from webhooks.signing import new_secret

KEY = "0123456789abcdef0123456789abcdef01234567"
PERSON = "8646b7bc-b511-4965-a90b-e1145e398703"
SUBSCRIPTION = "6f1a2c52-3f1a-4a5c-9d0e-1b7a9a3f6b10"
DELIVERY = "7d9c0d2e-52f1-4c55-9a3c-0f1f2b7f5f10"
RECORDING = "0b1f1c9a-0a8f-4c57-8b0e-3d1f5a1f2c11"
FAILED = "01932f6e-8d1c-7c2a-9c1e-0d6f3c5b7a90"
BROADCAST = "01a223b6-be00-7a63-8c3e-6f0b3f6f9d11"
ENDPOINT = "8f7d1b0e-6a55-4f0e-9d55-0e9f3a1c2b4d"


def make(settings: Any, folder: Path) -> dict[str, Any]:
    """Make them, with files below ``folder``, and return the headers of somebody who may do everything."""
    settings.MEDIA_ROOT, settings.AUDIO_FOLDER = folder / "media", folder / "audio"
    spool = folder / "spool"
    settings.SMS_GATEWAYS = {"sms": spool}
    for name in ("outgoing", "checked", "sent", "failed", "incoming"):
        (spool / name).mkdir(parents=True)
    _count_from_one()
    caller = _people()
    _programme(caller)
    _traffic(caller)
    _telephony()
    _broadcasts(caller)
    _webhooks(caller)
    _count_behind_given_ids()
    return {"Authorization": f"Token {KEY}", "Accept": "application/json"}


def log_in_to_app(client: Client) -> dict[str, str]:
    """Log a member of the hospitality network in, and return what each request then needs."""
    body = {"username": "bob", "password": "bob-password"}
    answer = client.post("/services/rest/user/login", body, headers={"Accept": "application/json"})
    return {"X-CSRF-Token": answer.json()["token"], "Accept": "application/json"}


def _people() -> User:
    caller = User.objects.create_superuser("root", "root@example.org", "root-password", pk=1)
    ApiToken.objects.create(user=caller, name="test", key_hash=ApiToken.hash(KEY), prefix=KEY[:8])
    alice = User.objects.create_user("alice", "alice@example.org", "correct horse battery staple", pk=2)
    bob = User.objects.create_user("bob", "bob@example.org", "bob-password", pk=3)
    for user in (caller, alice, bob):
        Member.objects.create(user=user, fullname=user.username.title(), latitude=52.5, longitude=13.4)
    Feedback.objects.create(
        pk=1, author=bob, about=alice, body="Kind.", relation="Guest", rating="Positive",
        hosting_month="2019-07-01",
    )  # fmt: skip
    person = Contact.objects.create(pk=PERSON, name="Thandi", details={"clinic": "12"})
    Address.objects.create(contact=person, kind="msisdn", value="+27820001001", is_default=True)
    everybody, content = User.objects.all(), {"content": "Hello"}
    messages.send(entity_name="message", sender=caller, recipients=everybody, fields=content, allow_self=True)
    messages.send(entity_name="notice", sender=None, recipients=everybody, fields=content)
    return caller


def _programme(caller: User) -> None:
    schedule = Schedule.objects.create(pk=1, minute="0", hour="9")
    Schedule.objects.create(pk=2, minute="0", hour="17")
    series = MessageSet.objects.create(pk=1, short_name="first", default_schedule=schedule)
    file = BinaryContent(pk=1, content_type="audio/mpeg", size=3)
    file.content.save("9f86d081884c7d65.mp3", ContentFile(b"ID3"), save=True)
    Message.objects.create(pk=1, messageset=series, sequence_number=2, lang="eng_ZA", text_content="Hello")
    Message.objects.create(
        pk=2, messageset=series, sequence_number=3, lang="eng_ZA", binary_content=file, text_content="Look"
    )
    for number in (4, 5):
        Message.objects.create(
            pk=number, messageset=series, sequence_number=number, lang="eng_ZA", text_content="On"
        )
    Welcome.objects.create(pk=1, messageset=series, lang="zul_ZA", text_content="Sawubona")
    for key, name in ((2, "postbirth.mother.1"), (3, "loss.mother.1")):
        MessageSet.objects.create(pk=key, short_name=name, default_schedule=schedule, starts_after=0)
    subscription = Subscription.objects.create(
        pk=SUBSCRIPTION, contact_id=PERSON, messageset=series, schedule=schedule, lang="eng_ZA"
    )
    BehindSubscription.objects.create(
        pk=12, subscription=subscription, messages_behind=2, current_messageset=series,
        expected_messageset=series, current_sequence_number=1, expected_sequence_number=3,
    )  # fmt: skip
    Change.objects.create(pk=71, kind="position", contact_id=PERSON, subscription=subscription, source="api")


def _traffic(caller: User) -> None:
    Delivery.objects.create(
        pk=DELIVERY, channel="sms", gateway="sms", address="+27820001001", text="Hello", source=SOURCE,
        cause=DELIVERY, slot_key="1", created_by=caller, state=Delivery.State.DELIVERED,
    )  # fmt: skip
    Delivery.objects.create(
        pk=FAILED, channel="sms", gateway="sms", address="+27820001001", text="Hello", source=PROGRAMME,
        cause=SUBSCRIPTION, slot_key="2026-11-20T07:00Z", state=Delivery.State.FAILED,
        reason="invalid_address", contact_id=PERSON, ended_at=now(),
    )  # fmt: skip


def _broadcasts(caller: User) -> None:
    group = Group.objects.create(pk=4, name="Clinic 12")
    broadcast = Broadcast.objects.create(pk=BROADCAST, name="Closed", group=group, created_by=caller)
    Text.objects.create(broadcast=broadcast, lang="eng_ZA", text="We are closed on Friday.")


def _webhooks(caller: User) -> None:
    endpoint = Endpoint.objects.create(
        pk=ENDPOINT, url="https://hub.example.org/events", secret=new_secret(), created_by=caller
    )
    at = now()
    Event.objects.create(
        pk=4711, endpoint=endpoint, type="delivery.delivered", object_id=DELIVERY,
        facts={"state": "delivered"}, occurred_at=at, due_at=at,
    )  # fmt: skip


def _telephony() -> None:
    box = Voicemail.objects.create(pk=1, mailbox="1000", fullname="Alice")
    TelephonyUser.objects.create(pk=1, firstname="Alice", voicemail=box)
    sound = recording()
    message = VoicemailMessage(pk=RECORDING, voicemail=box, duration=1, size=len(sound), caller_id_name="Bob")
    message.recording.save("x.wav", SimpleUploadedFile("x.wav", sound), save=True)


def recording() -> bytes:
    """A second of sound, as telephones record it."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x01\x02" * 8000)
    return content.getvalue()


def _count_from_one() -> None:
    """PostgreSQL's sequences go on where another test has left them."""
    _set_sequences("setval('{sequence}', 1, false)")


def _count_behind_given_ids() -> None:
    """They know nothing of ids that were given by hand either."""
    _set_sequences("setval('{sequence}', (SELECT coalesce(max({column}), 0) + 1 FROM {table}))")


#: Of each column that a sequence fills: its table, its name and the sequence.
_FILLED = """
SELECT t.relname, a.attname, s.relname
  FROM pg_class s
  JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  JOIN pg_class t ON t.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE s.relkind = 'S'
"""


def _set_sequences(call: str) -> None:
    """Two statements: each of the examples needs this."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(_FILLED)
        calls = [
            call.format(table=table, column=column, sequence=sequence)
            for table, column, sequence in cursor.fetchall()
        ]
        cursor.execute(f"SELECT {', '.join(calls)}")

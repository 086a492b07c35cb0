"""``sanity_check``: each rule is broken once, and told of."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from contacts.models import Address, Contact, OptOut
from outbox.models import Delivery, Gateway
from stagebased.models import BinaryContent, Message, MessageSet, Schedule, Subscription

pytestmark = pytest.mark.django_db
NUMBER = "+27820001001"


def check(*names: str) -> dict[str, dict]:
    """What was found, by rule; the command's exit code goes with it."""
    out = io.StringIO()
    broken = False
    try:
        call_command("sanity_check", *names, json=True, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        broken = error.returncode == 1
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    found = {record["rule"]: record for record in records if record["count"]}
    assert broken == bool(found)
    return found


@pytest.fixture
def world(settings, tmp_path) -> Subscription:
    """A programme that is well, with one person on it and one delivery under way."""
    settings.MEDIA_ROOT = tmp_path
    message_set = MessageSet.objects.create(
        short_name="pregnancy", default_schedule=Schedule.objects.create(minute="0", hour="8")
    )
    file = BinaryContent(content_type="audio/mpeg", size=3)
    file.content.save("sound.mp3", ContentFile(b"ID3"), save=True)
    Message.objects.create(messageset=message_set, sequence_number=1, lang="eng_ZA", text_content="Hello")
    contact = Contact.objects.create()
    Address.objects.create(contact=contact, value=NUMBER)
    Delivery.objects.create(source="test", cause=uuid4(), slot_key="1", address=NUMBER, text="hello")
    return Subscription.objects.create(
        contact=contact, messageset=message_set, schedule=message_set.default_schedule, lang="eng_ZA"
    )


def test_where_all_is_well_nothing_is_found(world):
    assert check() == {}


def opted_out_without_a_word(one):
    Contact.objects.filter(pk=one.contact_id).update(opted_out_at=timezone.now())


def opted_out_without_effect(one):
    OptOut.objects.create(contact=one.contact, kind=OptOut.Kind.STOPALL, source="sms")


def stopped_without_effect(one):
    OptOut.objects.create(contact=one.contact, address_kind="msisdn", address=NUMBER, source="sms")


def remembered(one):
    OptOut.objects.create(contact=one.contact, kind=OptOut.Kind.FORGET, source="sms")
    opted_out_without_a_word(one)


def local_number(one):
    Address.objects.create(contact=one.contact, value="0820001001")


def through_oneself(one):
    Contact.objects.filter(pk=one.contact_id).update(communicate_through=one.contact_id)


def failed_without_a_time(one):
    Delivery.objects.update(state="failed")


def left_lying(one):
    Delivery.objects.update(state="claimed", lease_until=timezone.now() - timedelta(hours=2))


def standing_still(one):
    Delivery.objects.update(not_before=timezone.now() - timedelta(hours=2))


def complete_and_active(one):
    Subscription.objects.update(completed=True)


def in_preparation(one):
    MessageSet.objects.update(state=MessageSet.State.DRAFT)


def past_the_end(one):
    Subscription.objects.update(next_sequence_number=2)


def never_due(one):
    Schedule.objects.update(day_of_month="31", month_of_year="2")


def in_a_circle(one):
    MessageSet.objects.update(next_set=one.messageset)


def without_its_file(one):
    record = BinaryContent.objects.get()
    record.content.storage.delete(record.content.name)


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        ("contacts.opted_out", opted_out_without_a_word),
        ("contacts.stopall", opted_out_without_effect),
        ("contacts.stop", stopped_without_effect),
        ("contacts.forgotten", remembered),
        ("contacts.msisdn", local_number),
        ("contacts.communicate_through", through_oneself),
        ("outbox.ended", failed_without_a_time),
        ("outbox.claimed", left_lying),
        ("outbox.waiting", standing_still),
        ("stagebased.completed", complete_and_active),
        ("stagebased.preparation", in_preparation),
        ("stagebased.past_the_end", past_the_end),
        ("stagebased.schedules", never_due),
        ("stagebased.circles", in_a_circle),
        ("stagebased.files", without_its_file),
    ],
)
def test_a_broken_rule_is_told_of(world, rule, breaks):
    breaks(world)
    assert {name: record["count"] for name, record in check().items()} == {rule: 1}


def test_a_gateway_that_is_paused_does_not_stand_still(world):
    standing_still(world)
    Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", "paused": True})
    assert check() == {}


def test_a_circle_that_is_meant_is_none(world):
    MessageSet.objects.update(next_set=world.messageset, repeats=True)
    assert check() == {}


def test_a_few_records_are_named_and_all_are_counted(world):
    for number in range(7):
        Address.objects.create(contact=world.contact, value=f"082000100{number}")
    found = check("contacts")["contacts.msisdn"]
    assert (found["count"], len(found["some"])) == (7, 5)


def test_only_the_rules_that_are_asked_for(world):
    local_number(world)
    past_the_end(world)
    assert set(check("stagebased", "contacts.stop")) == {"stagebased.past_the_end"}


def test_an_unknown_rule_is_refused(world):
    with pytest.raises(CommandError, match="There is no rule 'nowhere'"):
        call_command("sanity_check", "nowhere")

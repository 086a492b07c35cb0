"""What time does to messages: retention, collection in bites, recounting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from sendables import operations
from sendables.entities import entity
from sendables.models import Inbox, Message, MessageReceipt
from sendables.operations import retention


def age(message, days: int) -> None:
    Message.objects.filter(pk=message.pk).update(sent_on=timezone.now() - timedelta(days=days))


def test_what_is_older_than_the_retention_goes(alice, bob, as_bob, as_alice, write, settings) -> None:
    settings.SENDABLES = {"message": {"RETENTION_DAYS": 30}}
    old, young = write(alice, [bob], "old"), write(alice, [bob], "young")
    age(old, 31)
    age(young, 29)
    kind = entity("message")
    assert sum(retention.retiring(kind, kind.settings.RETENTION_DAYS)) == 1
    assert as_bob.get("/messages/unread-count/").json() == {"unread_count": 1}
    assert sum(retention.collecting(kind)) == 2
    assert [item["content"] for item in as_bob.get("/messages/").json()] == ["young"]
    assert [item["content"] for item in as_alice.get("/messages/sent/").json()] == ["young"]
    assert sum(retention.retiring(kind, kind.settings.RETENTION_DAYS)) == 0


def test_without_a_retention_nothing_goes(alice, bob, write) -> None:
    age(write(alice, [bob]), 10_000)
    assert sum(retention.retiring(entity("message"), entity("message").settings.RETENTION_DAYS)) == 0


def test_hanging_content_can_be_kept_a_while(alice, bob, write, settings) -> None:
    settings.SENDABLES = {"message": {"HANGING_DAYS": 7}}
    message = write(alice, [bob])
    operations.delete_sent(entity_name="message", sender=alice, keys=[message.pk])
    operations.delete_received(entity_name="message", reader=bob, keys=[message.pk])
    kind = entity("message")
    assert sum(retention.collecting(kind)) == 0
    Message.objects.filter(pk=message.pk).update(hanging_since=F("hanging_since") - timedelta(days=7))
    assert sum(retention.collecting(kind)) == 2


def test_a_large_message_is_collected_in_bites(alice, write, settings, django_user_model) -> None:
    settings.SENDABLES = {"message": {"COLLECT_BITE": 4}}
    people = [django_user_model.objects.create_user(f"reader{number}") for number in range(10)]
    message = write(alice, people)
    operations.delete_sent(entity_name="message", sender=alice, keys=[message.pk])
    for reader in people:
        operations.delete_received(entity_name="message", reader=reader, keys=[message.pk])
    # The last deletion removed one bite, the sweep the rest.
    assert MessageReceipt.objects.filter(sendable=message).count() == 6
    assert sum(retention.collecting(entity("message"))) == 7
    assert not Message.objects.filter(pk=message.pk).exists()


@pytest.mark.parametrize("goes", ["recipient", "sender"])
def test_what_accounts_left_behind_is_found(alice, bob, write, goes) -> None:
    message, kept = write(alice, [bob]), write(bob, [alice])
    other = write(alice, [alice.__class__.objects.create_user("carol")])
    if goes == "recipient":
        bob.delete()
    else:
        operations.delete_received(entity_name="message", reader=bob, keys=[message.pk])
        alice.delete()
    kind = entity("message")
    assert sum(retention.finding_hanging(kind)) == (1 if goes == "recipient" else 2)
    sum(retention.collecting(kind))
    assert not Message.objects.filter(pk=message.pk).exists()
    assert Message.objects.filter(pk=other.pk).exists()
    assert Message.objects.filter(pk=kept.pk).exists() == (goes == "recipient")


def test_nothing_is_looked_for_where_content_is_kept(alice, bob, write, settings) -> None:
    settings.SENDABLES = {"message": {"DELETE_HANGING_SENDABLES": False}}
    write(alice, [bob])
    bob.delete()
    kind = entity("message")
    assert sum(retention.finding_hanging(kind)) == sum(retention.collecting(kind)) == 0


def test_wrong_counters_are_set_right(alice, bob, eve, write, settings) -> None:
    settings.SENDABLES = {"message": {"COLLECT_BITE": 2}}
    write(alice, [bob, eve])
    Inbox.objects.filter(user=bob, entity="message").update(unread=7)
    assert sum(retention.recounting(entity("message"))) == 1
    assert operations.unread_count(entity_name="message", reader=bob) == 1
    assert sum(retention.recounting(entity("message"))) == 0

"""The channel ``notice``: a programme's messages among the notices of a person's account."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from outbox import channels, dispatcher, operations
from outbox.channels import Outgoing, Refusal
from outbox.models import Delivery, Gateway
from sendables.channel import NoticeChannel
from sendables.models import Inbox, Notice


def outgoing(address: object, text: str = "Take your pill", attempts: int = 1) -> Outgoing:
    return Outgoing(uuid.uuid4(), str(address), text, {}, 5, attempts, None, None)


@pytest.fixture
def channel() -> NoticeChannel:
    found = channels.channel("notice")
    assert isinstance(found, NoticeChannel)
    return found


@pytest.fixture
def gateway(db) -> Gateway:
    return Gateway(name="notice", channel="notice")


def test_deliveries_become_notices_of_their_accounts(bob, eve, as_bob, as_eve, channel, gateway) -> None:
    batch = [outgoing(bob.pk, "one"), outgoing(eve.pk, "two"), outgoing(bob.pk, "three")]
    result = channel.hand_over(gateway, batch)
    assert result.delivered == [each.id for each in batch]
    assert not result.refused
    assert {item["content"] for item in as_bob.get("/notices/").json()} == {"one", "three"}
    assert as_bob.get("/notices/unread-count/").json() == {"unread_count": 2}
    assert [item["content"] for item in as_eve.get("/notices/").json()] == ["two"]
    assert set(Notice.objects.values_list("delivery", flat=True)) == {each.id for each in batch}


def test_the_same_delivery_again_is_delivered_and_not_doubled(bob, as_bob, channel, gateway) -> None:
    first = outgoing(bob.pk)
    channel.hand_over(gateway, [first])
    result = channel.hand_over(gateway, [first._replace(attempts=2), outgoing(bob.pk, "new")])
    assert len(result.delivered) == 2
    assert len(as_bob.get("/notices/").json()) == 2


@pytest.mark.parametrize("address", ["", "999999", "-1", "+27820001001", "9" * 30, "٣", "1.5"])
def test_who_has_no_account_is_refused(bob, as_bob, channel, gateway, address) -> None:
    nobody, somebody = outgoing(address), outgoing(bob.pk)
    result = channel.hand_over(gateway, [nobody, somebody])
    assert result.delivered == [somebody.id]
    assert result.refused[nobody.id].code == "no_account"
    assert not result.refused[nobody.id].retryable


def test_a_text_is_needed(channel) -> None:
    assert channel.examine("hello", {}) == 1
    for text in ("", " \n"):
        verdict = channel.examine(text, {"audio": ["x.wav"]})
        assert isinstance(verdict, Refusal)
        assert verdict.code == "no_text"


def test_many_cost_the_statements_of_one(bob, eve, channel, gateway, django_assert_num_queries) -> None:
    channel.hand_over(gateway, [outgoing(bob.pk)])
    for number in (1, 30):
        batch = [outgoing(bob.pk) for _ in range(number)] + [outgoing(eve.pk)]
        # Savepoint and its release, which of them are there, who exists, inboxes, notices, receipts.
        with django_assert_num_queries(7):
            channel.hand_over(gateway, batch)


def test_arrivals_are_in_the_feed_in_order(bob, channel, gateway) -> None:
    channel.hand_over(gateway, [outgoing(bob.pk, text) for text in ("one", "two")])
    channel.hand_over(gateway, [outgoing(bob.pk, "three")])
    notices = Notice.objects.order_by("receipts__place").values_list("content", "receipts__place")
    assert list(notices) == [("one", 1), ("two", 2), ("three", 3)]
    assert Inbox.objects.get(user=bob, entity="notice").version == 3


def test_through_the_outbox_to_the_person_once(bob, as_bob) -> None:
    person = Contact.objects.create(name="Bob", user=bob)
    occasion = {
        "source": "test", "cause": uuid.uuid4(), "slot_key": "1", "contact": person.pk,
        "address": str(bob.pk), "text": "Welcome", "channel": "notice",
    }  # fmt: skip
    for _ in range(2):
        delivery, _ = operations.queue(**occasion)
    gateway = Gateway.objects.get_or_create(name="notice", defaults={"channel": "notice"})[0]
    for _ in range(2):
        dispatcher.dispatch(gateway.name)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.gateway) == (Delivery.State.DELIVERED, "notice")
    assert delivery.delivered_at is not None
    [item] = as_bob.get("/notices/").json()
    assert item["content"] == "Welcome"


def test_an_opted_out_person_gets_nothing(bob, as_bob) -> None:
    person = Contact.objects.create(name="Bob", user=bob)
    delivery, _ = operations.queue(
        source="test", cause=uuid.uuid4(), slot_key="1", contact=person.pk,
        address=str(bob.pk), text="Welcome", channel="notice",
    )  # fmt: skip
    Contact.objects.filter(pk=person.pk).update(opted_out_at=timezone.now() - timedelta(seconds=1))
    Gateway.objects.get_or_create(name="notice", defaults={"channel": "notice"})
    dispatcher.dispatch("notice")
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.CANCELLED
    assert as_bob.get("/notices/").json() == []

"""News of deliveries: forward only, whatever the order it comes in; cancelling, expiring, sending again."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from outbox import operations
from outbox.dispatcher import dispatch
from outbox.models import Delivery, DeliveryCount
from outbox.operations import Failure

State = Delivery.State


def sent(key, at):
    return operations.record_sent(times={key: at})


def delivered(key, at):
    return operations.record_delivered(times={key: at})


def failed(key, at):
    return operations.record_failed(failures={key: Failure(at, "no_route", "No route.")})


def test_each_state_has_its_time(queue, channel) -> None:
    delivery = queue()
    dispatch("sms")
    at = timezone.now()
    assert sent(delivery.pk, at) == [delivery.pk]
    assert delivered(delivery.pk, at + timedelta(seconds=5)) == [delivery.pk]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.sent_at) == (State.DELIVERED, at)
    assert delivery.delivered_at == at + timedelta(seconds=5)


def test_a_failure_says_why(queue, channel) -> None:
    delivery = queue()
    at = timezone.now()
    failed(delivery.pk, at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason, delivery.detail, delivery.ended_at) == (
        "failed", "no_route", "No route.", at,
    )  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations([sent, delivered, sent, delivered])))
def test_in_whatever_order_news_comes_a_delivered_message_stays_delivered(queue, channel, order) -> None:
    delivery = queue()
    dispatch("sms")
    for record in order:
        record(delivery.pk, timezone.now())
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
    assert DeliveryCount.objects.filter(state=State.DELIVERED).count() == 1


@pytest.mark.parametrize(
    ("first", "later", "stays"),
    [(delivered, failed, "delivered"), (failed, sent, "failed"), (failed, delivered, "failed")],
)
def test_an_end_is_final(queue, channel, first, later, stays) -> None:
    delivery = queue()
    dispatch("sms")
    first(delivery.pk, timezone.now())
    delivery.refresh_from_db()
    before = Delivery.objects.values().get(pk=delivery.pk)
    assert later(delivery.pk, timezone.now()) == []
    assert Delivery.objects.values().get(pk=delivery.pk) == before
    assert before["state"] == stays


def test_news_of_an_unknown_delivery_changes_nothing(db, channel) -> None:
    assert sent(uuid.uuid4(), timezone.now()) == []


def test_news_that_comes_before_the_hand_over_was_recorded_counts_and_ends_the_claim(queue, channel) -> None:
    """smsd is quick: the file may be sent before the worker has committed, or after it died."""
    delivery = queue()
    Delivery.objects.update(state=State.CLAIMED, claim=uuid.uuid4(), lease_until=timezone.now(), attempts=1)
    sent(delivery.pk, timezone.now())
    assert dispatch("sms", now=timezone.now() + timedelta(hours=1)).total == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.claim) == (State.SENT, None)


def test_news_of_many_costs_two_statements(queue, channel, django_assert_num_queries) -> None:
    ids = [queue().pk for _ in range(30)]
    with django_assert_num_queries(2):
        assert len(operations.record_sent(times=dict.fromkeys(ids, timezone.now()))) == 30


def test_long_details_are_cut(queue, channel) -> None:
    delivery = queue()
    operations.record_failed(failures={delivery.pk: Failure(timezone.now(), "x", "y" * 1000)})
    delivery.refresh_from_db()
    assert delivery.detail == "y" * 300


def test_cancelling_by_cause_contact_and_id(queue, channel, mary, john) -> None:
    by_cause, by_contact, by_id, other = queue(), queue(contact=mary), queue(), queue(contact=john)
    operations.cancel(cause_ids=[by_cause.cause], reason="paused")
    operations.cancel(contact_ids=[mary.pk], reason="left")
    operations.cancel(ids=[by_id.pk], reason="changed_mind", detail="By Alice.")
    assert dict(Delivery.objects.values_list("pk", "reason")) == {
        by_cause.pk: "paused", by_contact.pk: "left", by_id.pk: "changed_mind", other.pk: "",
    }  # fmt: skip


def test_cancelling_takes_the_source_into_account(queue, channel) -> None:
    cause = uuid.uuid4()
    queue(cause=cause, source="one")
    kept = queue(cause=cause, source="two")
    assert len(operations.cancel(cause_ids=[cause], source="one", reason="paused")) == 1
    kept.refresh_from_db()
    assert kept.state == State.QUEUED


def test_cancelling_everything_by_mistake_is_not_possible(db, channel) -> None:
    with pytest.raises(TypeError):
        operations.cancel(reason="oops", source="one")


def test_what_is_out_cannot_be_cancelled(queue, channel) -> None:
    delivery = queue()
    dispatch("sms")
    assert operations.cancel(ids=[delivery.pk], reason="too late") == []


def test_expired_ones_are_ended_even_where_no_gateway_looks(queue, channel) -> None:
    now = timezone.now()
    over, on_time = queue(expires_at=now), queue(expires_at=now + timedelta(seconds=1))
    assert operations.expire_due(now=now) == 1
    over.refresh_from_db()
    on_time.refresh_from_db()
    assert (over.state, over.ended_at, on_time.state) == (State.EXPIRED, now, State.QUEUED)


def test_sending_again_makes_a_delivery_of_its_own(queue, channel) -> None:
    first = queue(slot_key="2026-11-21T08:00Z", text="once more")
    failed(first.pk, timezone.now())
    [again] = operations.send_again(ids=[first.pk])
    assert again.pk != first.pk
    assert (again.cause, again.slot_key, again.text, again.state) == (
        first.cause, "2026-11-21T08:00Z~1", "once more", State.QUEUED,
    )  # fmt: skip


def test_clicking_twice_sends_again_once(queue, channel) -> None:
    first = queue()
    failed(first.pk, timezone.now())
    assert len(operations.send_again(ids=[first.pk])) == 1
    assert operations.send_again(ids=[first.pk]) == []


def test_a_repeat_that_failed_can_be_repeated_in_turn(queue, channel) -> None:
    current = queue(slot_key="k")
    for number in (1, 2, 3):
        failed(current.pk, timezone.now())
        [current] = operations.send_again(ids=[current.pk])
        assert current.slot_key == f"k~{number}"


@pytest.mark.parametrize("state", [State.QUEUED, State.HANDED, State.SENT, State.DELIVERED, State.SKIPPED])
def test_only_what_ended_short_is_sent_again(queue, channel, state) -> None:
    delivery = queue()
    Delivery.objects.update(state=state)
    assert operations.send_again(ids=[delivery.pk]) == []


def test_sending_again_to_somebody_who_has_opted_out_since_is_skipped(queue, channel, mary) -> None:
    first = queue(contact=mary)
    failed(first.pk, timezone.now())
    mary.addresses.update(opted_out_at=timezone.now())
    [again] = operations.send_again(ids=[first.pk])
    assert again.state == State.SKIPPED

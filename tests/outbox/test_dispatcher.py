"""Dispatching: what is due goes out, most urgent first, and what must not go out does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outbox import operations
from outbox.channels import HandOver, Refusal
from outbox.dispatcher import dispatch
from outbox.models import Delivery, DeliveryCount, Gateway
from tests.outbox.conftest import occasion

State = Delivery.State
Priority = Delivery.Priority


def texts(channel) -> list[str]:
    return [one.text for one in channel.handed]


def test_what_is_queued_is_handed_over_with_all_the_channel_needs(queue, channel) -> None:
    expires = timezone.now() + timedelta(hours=1)
    queue(text="hello", options={"flash": True}, expires_at=expires, priority=Priority.HIGH)
    assert dispatch("sms").handed == 1
    [one] = channel.handed
    assert (one.address, one.text, one.options) == ("+27820001001", "hello", {"flash": True})
    assert (one.priority, one.attempts, one.expires_at) == (3, 1, expires)


def test_a_handed_over_delivery_knows_when_and_holds_no_claim(queue, channel) -> None:
    delivery = queue()
    dispatch("sms")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.claim, delivery.lease_until) == (
        "handed",
        1,
        None,
        None,
    )
    assert delivery.created_at <= delivery.claimed_at <= delivery.handed_at


def test_nothing_is_handed_over_twice(queue, channel) -> None:
    queue()
    dispatch("sms")
    assert dispatch("sms").total == 0
    assert len(channel.handed) == 1


def test_urgent_ones_go_first_then_those_due_longest(queue, channel) -> None:
    now = timezone.now()
    queue(text="bulk", priority=Priority.BULK, not_before=now - timedelta(hours=1))
    queue(text="late", not_before=now - timedelta(minutes=1))
    queue(text="early", not_before=now - timedelta(minutes=2))
    queue(text="reply", priority=Priority.REPLY)
    dispatch("sms")
    assert texts(channel) == ["reply", "early", "late", "bulk"]


def test_a_reply_goes_out_in_one_round_past_a_heap_of_bulk(queue, channel, settings) -> None:
    settings.OUTBOX_BATCH = 10
    rows = [
        Delivery(source="bulk", cause=queue().pk, slot_key=str(n), text="bulk", priority=Priority.BULK)
        for n in range(200)
    ]
    Delivery.objects.bulk_create(rows)
    channel.space = 0
    queue(text="reply", priority=Priority.REPLY)
    channel.space = 10
    dispatch("sms", budget=0)
    assert texts(channel)[0] == "reply"


def test_nothing_goes_out_before_its_time(queue, channel) -> None:
    now = timezone.now()
    queue(not_before=now + timedelta(seconds=60))
    assert dispatch("sms", now=now + timedelta(seconds=59)).total == 0
    assert dispatch("sms", now=now + timedelta(seconds=60)).handed == 1


def test_nothing_goes_out_after_its_expiry(queue, channel) -> None:
    delivery = queue(expires_at=timezone.now() + timedelta(seconds=10))
    did = dispatch("sms", now=timezone.now() + timedelta(seconds=10))
    delivery.refresh_from_db()
    assert (did.expired, delivery.state, delivery.reason, channel.handed) == (1, "expired", "expired", [])


def test_each_gateway_gets_its_own(queue, channel) -> None:
    queue(text="there", gateway="other")
    assert dispatch("sms").total == 0
    assert dispatch("other").handed == 1


def test_an_unknown_gateway_is_an_error(db, channel) -> None:
    with pytest.raises(LookupError):
        dispatch("nowhere")


def test_a_paused_gateway_is_left_alone(queue, channel) -> None:
    queue()
    Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", "paused": True})
    assert dispatch("sms").total == 0
    Gateway.objects.update(paused=False)
    assert dispatch("sms").handed == 1


def test_no_more_is_handed_over_than_the_gateway_has_room_for(queue, channel) -> None:
    for _ in range(5):
        queue()
    channel.space = 2
    dispatch("sms", budget=0)
    assert (len(channel.handed), Delivery.objects.filter(state=State.QUEUED).count()) == (2, 3)


def test_a_full_gateway_leaves_everything_queued_and_uncounted(queue, channel) -> None:
    delivery = queue()
    channel.space = 0
    dispatch("sms")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 0)


def test_what_a_channel_delivers_at_once_is_delivered(queue, channel) -> None:
    channel.at_once = True
    delivery = queue()
    assert dispatch("sms").delivered == 1
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
    assert delivery.handed_at == delivery.delivered_at


def test_a_refused_delivery_fails_with_the_channels_reason_and_the_others_go(queue, channel) -> None:
    bad, good = queue(address="+27820001666"), queue()
    channel.refusals["+27820001666"] = Refusal("bad_number", "No such number.")
    did = dispatch("sms")
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (did.failed, did.handed) == (1, 1)
    assert (bad.state, bad.reason, bad.detail) == ("failed", "bad_number", "No such number.")
    assert bad.ended_at
    assert bad.handed_at is None
    assert good.state == State.HANDED


def test_a_passing_refusal_is_tried_again_ever_later_and_fails_in_the_end(queue, channel, settings) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 3
    delivery = queue(address="+27820001666")
    channel.refusals["+27820001666"] = Refusal("busy", "Not now.", retryable=True)
    waits = []
    now = timezone.now()
    for _ in range(2):
        assert dispatch("sms", now=now).returned == 1
        delivery.refresh_from_db()
        assert (delivery.state, delivery.reason, delivery.handed_at) == (State.QUEUED, "busy", None)
        waits.append((delivery.not_before - now).total_seconds())
        now = delivery.not_before
    assert dispatch("sms", now=now).failed == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason, delivery.attempts) == (State.FAILED, "busy", 3)
    assert waits == [30, 120]


def test_someone_who_opts_out_after_queueing_is_not_written_to(queue, channel, mary) -> None:
    delivery = queue(contact=mary)
    # Past the signal, as when the opt-out's transaction could not see this delivery yet.
    mary.addresses.update(opted_out_at=timezone.now())
    assert dispatch("sms").cancelled == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason, channel.handed) == (State.CANCELLED, "opted_out", [])


def test_the_confirmation_of_an_opt_out_goes_out_despite_it(queue, channel, mary) -> None:
    mary.addresses.update(opted_out_at=timezone.now())
    queue(contact=mary, text="Good bye", despite_opt_out=True)
    assert dispatch("sms").handed == 1


def test_one_cancelled_between_claim_and_hand_over_is_left_out(queue, channel) -> None:
    first, second = queue(priority=Priority.HIGH), queue()
    channel.space = 1
    channel.meanwhile = lambda _: operations.cancel(ids=[second.pk], reason="changed_mind")
    dispatch("sms")
    assert [one.id for one in channel.handed] == [first.pk]


def test_hand_overs_are_counted(queue, channel) -> None:
    queue()
    queue()
    dispatch("sms")
    [count] = DeliveryCount.objects.filter(state=State.HANDED)
    assert (count.channel, count.gateway, count.count) == ("sms", "sms", 2)


def test_a_round_costs_the_same_for_two_deliveries_and_for_two_hundred(queue, channel) -> None:
    costs = []
    for count in (1, 2, 200):
        operations.queue_many(rows=[operations.NewDelivery(**occasion()) for _ in range(count)])
        with CaptureQueriesContext(connection) as asked:
            assert dispatch("sms", budget=0).handed == count
        costs.append(len(asked))
    # The first one also makes the gateway's row, where there was none.
    assert costs[1] == costs[2] <= 12


def test_a_channel_that_loses_track_of_a_delivery_has_handed_over_nothing(
    queue, channel, monkeypatch
) -> None:
    delivery = queue()
    monkeypatch.setattr(type(channel), "hand_over", lambda self, gateway, batch: HandOver())
    assert dispatch("sms").total == 0
    delivery.refresh_from_db()
    assert delivery.state == State.CLAIMED

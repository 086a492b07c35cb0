"""Workers die: what they had claimed is retaken, in groups small enough to find the message that kills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from outbox import claims, gateways, operations
from outbox.channels import Outgoing
from outbox.clock import Clock
from outbox.dispatcher import Dispatched, dispatch
from outbox.handover import hand_over
from outbox.models import Delivery, Gateway

State = Delivery.State
KILLER = "+27820000666"


class Death(BaseException):
    """What a SIGKILL looks like from inside: nothing below the task gets to handle it."""


@pytest.fixture
def lease(settings) -> timedelta:
    settings.OUTBOX_LEASE_SECONDS = 60
    return timedelta(seconds=60)


def dying_dispatch(channel, *, now: datetime) -> None:
    """A worker claims, and dies while it hands over."""

    def die(batch: Sequence[Outgoing]) -> None:
        raise Death

    channel.meanwhile = die
    with pytest.raises(Death):
        dispatch("sms", now=now)
    channel.meanwhile = lambda batch: None


def test_a_dead_workers_claim_is_left_alone_while_its_lease_runs(queue, channel, lease) -> None:
    now = timezone.now()
    queue(not_before=now)
    dying_dispatch(channel, now=now)
    assert dispatch("sms", now=now + lease - timedelta(seconds=1)).total == 0


def test_a_dead_workers_claim_is_retaken_when_its_lease_is_over(queue, channel, lease) -> None:
    now = timezone.now()
    delivery = queue(not_before=now)
    dying_dispatch(channel, now=now)
    assert dispatch("sms", now=now + lease).handed == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.HANDED, 2)
    # So the channel looks whether it is out already.
    assert channel.handed[-1].attempts == 2


def test_who_comes_back_after_the_claim_was_retaken_hands_nothing_over(queue, channel, lease) -> None:
    now = timezone.now()
    queue(not_before=now)
    gateway = Gateway.objects.get_or_create(name="sms", channel="sms")[0]
    slow = claims.take(gateway, limit=10, now=now)
    dispatch("sms", now=now + lease)
    assert len(channel.handed) == 1
    assert hand_over(gateway, channel, slow, Clock(now + lease)).total == 0
    assert len(channel.handed) == 1


def test_what_was_written_anew_between_claim_and_hand_over_goes_out_with_the_next_round(
    queue, channel, lease
) -> None:
    now = timezone.now()
    delivery = queue(text="hello", not_before=now)
    gateway = gateways.named("sms")
    claim = claims.take(gateway, limit=10, now=now)
    Delivery.objects.filter(pk=delivery.pk).update(address="+27820001009")
    hand_over(gateway, channel, claim, Clock(now))
    dispatch("sms", now=now)
    assert [one.address for one in channel.handed] == ["+27820001009"]


def run_until_quiet(channel, now: datetime, step: timedelta) -> tuple[Dispatched, int]:
    """Dispatch as beat and a restarted worker would: again and again, each death one step of time later."""
    total, deaths = Dispatched(), 0
    for _ in range(200):
        try:
            did = dispatch("sms", now=now)
        except Death:
            deaths += 1
            now += step
            continue
        total += did
        if not Delivery.objects.filter(state__in=[State.QUEUED, State.CLAIMED]).exists():
            break
        now += step
    return total, deaths


def kills(batch: Sequence[Outgoing]) -> None:
    if any(one.address == KILLER for one in batch):
        raise Death


def breaks(batch: Sequence[Outgoing]) -> None:
    if any(one.address == KILLER for one in batch):
        raise RuntimeError("poison")


@pytest.mark.parametrize("poison", [kills, breaks], ids=["kills the worker", "raises"])
@pytest.mark.parametrize("attempts", [2, 3, 5])
def test_a_poison_message_fails_in_the_end_and_takes_nobody_with_it(
    queue, channel, lease, settings, poison: Callable, attempts: int
) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = attempts
    settings.OUTBOX_BATCH = 60
    now = timezone.now()
    for n in range(59):
        queue(address=f"+2782000{n:04}", not_before=now)
    killer = queue(address=KILLER, not_before=now)
    channel.meanwhile = poison
    _, deaths = run_until_quiet(channel, now, timedelta(hours=1))
    killer.refresh_from_db()
    assert (killer.state, killer.reason) == (State.FAILED, "attempts_exhausted")
    assert killer.attempts <= attempts + 1
    assert deaths <= attempts + 1
    assert Delivery.objects.filter(state=State.HANDED).count() == 59
    assert len({one.id for one in channel.handed}) == 59


def test_the_retaken_come_after_new_ones_so_that_poison_stops_nobody(queue, channel, lease) -> None:
    now = timezone.now()
    queue(address=KILLER, not_before=now)
    dying_dispatch(channel, now=now)
    fresh = queue(not_before=now)
    channel.meanwhile = kills
    with pytest.raises(Death):
        dispatch("sms", now=now + lease)
    fresh.refresh_from_db()
    assert fresh.state == State.HANDED


def test_what_was_retaken_and_has_expired_meanwhile_does_not_go_out(queue, channel, lease) -> None:
    now = timezone.now()
    delivery = queue(not_before=now, expires_at=now + timedelta(seconds=30))
    dying_dispatch(channel, now=now)
    assert dispatch("sms", now=now + lease).expired == 1
    delivery.refresh_from_db()
    assert (delivery.state, channel.handed) == (State.EXPIRED, [])


@pytest.mark.parametrize("stop", ["cancel", "expire"])
def test_news_that_an_interrupted_hand_over_had_worked_counts_after_all(queue, channel, lease, stop) -> None:
    now = timezone.now()
    delivery = queue(not_before=now, expires_at=now + timedelta(seconds=30))
    dying_dispatch(channel, now=now)
    if stop == "cancel":
        operations.cancel(ids=[delivery.pk], reason="changed_mind")
    else:
        dispatch("sms", now=now + lease)
    assert operations.record_sent(times={delivery.pk: now}) == [delivery.pk]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.sent_at, delivery.ended_at) == (State.SENT, now, None)


def test_what_was_never_tried_and_cancelled_stays_cancelled(queue, channel) -> None:
    delivery = queue()
    operations.cancel(ids=[delivery.pk], reason="changed_mind")
    assert operations.record_sent(times={delivery.pk: timezone.now()}) == []


def test_a_gateway_without_trouble_for_its_deliveries_but_an_error_shows_no_texts_in_the_log(
    queue, channel, caplog
) -> None:
    def raise_quoting(batch: Sequence[Outgoing]) -> None:
        raise ValueError(f"cannot send {batch[0].text} to {batch[0].address}")

    queue(text="a private word", address="+27820001001")
    channel.meanwhile = raise_quoting
    dispatch("sms")
    assert "ValueError" in caplog.text
    assert "private" not in caplog.text
    assert "+2782" not in caplog.text

"""A delivery whose quiet hours have begun waits, wherever it is on its way."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from outbox import claims
from outbox.dispatcher import dispatch
from outbox.models import Delivery

HOUR = timedelta(hours=1)


def close(delivery: Delivery, at) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(closes_at=at)


def test_it_is_not_taken_once_its_hours_are_over(queue, channel) -> None:
    over, open_still = queue(), queue()
    now = timezone.now()
    close(over, now)
    close(open_still, now + HOUR)
    dispatch("sms", now=now, budget=0)
    assert [one.id for one in channel.handed] == [open_still.pk]
    over.refresh_from_db()
    assert (over.state, over.attempts) == ("queued", 0)


def test_it_goes_out_when_it_is_opened_again(queue, channel) -> None:
    now = timezone.now()
    delivery = queue()
    close(delivery, now)
    close(delivery, now + 12 * HOUR)
    dispatch("sms", now=now + HOUR, budget=0)
    assert [one.id for one in channel.handed] == [delivery.pk]


def test_its_hours_may_end_between_claim_and_hand_over(queue, channel, monkeypatch) -> None:
    delivery = queue()
    now = timezone.now()
    close(delivery, now + HOUR)
    take = claims.take

    def take_and_dawdle(*args, **kwargs):
        found = take(*args, **kwargs)
        close(delivery, now - HOUR)
        return found

    monkeypatch.setattr(claims, "take", take_and_dawdle)
    dispatch("sms", now=now, budget=0)
    delivery.refresh_from_db()
    assert channel.handed == []
    assert (delivery.state, delivery.attempts) == ("queued", 0)

"""A gateway's rate: no more than so many in any sixty seconds, however many workers there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from outbox import operations
from outbox.channels import Refusal
from outbox.dispatcher import dispatch
from outbox.models import Delivery, Gateway
from tests.outbox.conftest import occasion, together

State = Delivery.State


def fill(count: int, **given) -> None:
    operations.queue_many(rows=[operations.NewDelivery(**(occasion() | given)) for _ in range(count)])


def limit(per_minute: int) -> None:
    Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", "rate_per_minute": per_minute})


def test_the_rate_holds_within_any_sixty_seconds(db, channel) -> None:
    limit(10)
    now = timezone.now() + timedelta(seconds=1)
    fill(7)
    assert dispatch("sms", now=now).handed == 7
    fill(20)
    assert dispatch("sms", now=now + timedelta(seconds=30)).handed == 3
    assert dispatch("sms", now=now + timedelta(seconds=59)).handed == 0
    assert dispatch("sms", now=now + timedelta(seconds=60)).handed == 7
    assert dispatch("sms", now=now + timedelta(seconds=90)).handed == 3


def test_what_the_rate_holds_back_stays_queued_and_uncounted(db, channel) -> None:
    limit(1)
    fill(2)
    dispatch("sms")
    waiting = Delivery.objects.get(state=State.QUEUED)
    assert waiting.attempts == 0


def test_refused_deliveries_do_not_use_up_the_rate(db, channel) -> None:
    limit(2)
    fill(2, address="+27820001666")
    channel.refusals["+27820001666"] = Refusal("bad_number")
    fill(2)
    now = timezone.now()
    dispatch("sms", now=now)
    assert dispatch("sms", now=now).handed + len(channel.handed) >= 2
    assert len(channel.handed) == 2


@pytest.mark.postgres
def test_two_workers_at_once_keep_one_rate(transactional_db, channel, settings) -> None:
    settings.OUTBOX_BATCH = 7
    limit(25)
    fill(100)
    together(*[lambda: dispatch("sms")] * 4)
    assert len(channel.handed) == 25
    assert len({one.id for one in channel.handed}) == 25
    assert Delivery.objects.filter(state=State.QUEUED, attempts=0).count() == 75

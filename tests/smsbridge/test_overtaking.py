"""Replies before bulk: with twenty thousand messages queued and the spool full of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from outbox.dispatcher import dispatch
from outbox.models import Delivery, Gateway
from smsbridge.channel import SmsChannel
from smsbridge.collector import collect
from smsbridge.spool.folders import Spool
from tests.outbox.test_claims_at_size import fill
from tests.smsbridge.conftest import person

pytestmark = pytest.mark.postgres
BULK, WATER = 20_000, 100


@pytest.fixture
def full(gateway: Gateway, spool: Spool) -> Gateway:
    """A gateway with bulk for days, and as much of it at the modem as may wait there."""
    gateway.high_water = WATER
    gateway.save()
    fill(BULK, priority=Delivery.Priority.BULK, not_before=timezone.now() - timedelta(hours=1))
    dispatch("sms")
    assert len(spool_files(spool)) == WATER
    return gateway


def spool_files(spool: Spool) -> dict[str, str]:
    return {file.name: file.read_text() for file in Path(spool.path("outgoing")).iterdir()}


def waiting(**which: object) -> int:
    return Delivery.objects.filter(state="queued", **which).count()


def test_the_answer_to_a_stop_is_at_the_modem_after_one_round(full, spool, smsd) -> None:
    person("+27820009999")
    smsd.received("STOP", sender="27820009999")
    collect(full)
    reply = Delivery.objects.get(source="inbound")

    dispatch("sms", budget=0)

    reply.refresh_from_db()
    assert reply.state == "handed"
    assert "Priority: high" in spool_files(spool)[str(reply.pk)]
    assert waiting() == BULK - WATER


def test_the_room_kept_for_replies_is_small(full, spool) -> None:
    fill(50, priority=Delivery.Priority.REPLY, not_before=timezone.now() - timedelta(minutes=1))

    dispatch("sms")

    assert len(spool_files(spool)) == WATER + WATER // 10
    assert waiting(priority=Delivery.Priority.REPLY) == 50 - WATER // 10
    assert SmsChannel().room(full) == 0


def test_within_a_rate_the_reply_goes_first_as_soon_as_one_may_go(gateway, spool, smsd) -> None:
    gateway.rate_per_minute = 30
    gateway.save()
    fill(BULK, priority=Delivery.Priority.BULK, not_before=timezone.now() - timedelta(hours=1))
    now = timezone.now() + timedelta(seconds=1)
    assert dispatch("sms", now=now).handed == 30
    person("+27820009999")
    smsd.received("STOP", sender="27820009999")
    collect(gateway)

    assert dispatch("sms", now=now + timedelta(seconds=59)).handed == 0
    dispatch("sms", now=now + timedelta(seconds=61), budget=0)

    reply = Delivery.objects.get(source="inbound")
    assert reply.state == "handed"
    later = Delivery.objects.filter(state="handed", handed_at__gte=now + timedelta(seconds=60))
    assert later.count() == 30

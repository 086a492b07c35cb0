"""A gateway's own hours: outside them it is given replies only."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from outbox import claims, express, gateways, operations
from outbox.clock import Clock
from outbox.dispatcher import dispatch
from outbox.models import Delivery, Gateway
from tests.outbox.conftest import occasion

pytestmark = pytest.mark.django_db
State, Priority = Delivery.State, Delivery.Priority
NIGHT = datetime(2026, 7, 1, 20, 30, tzinfo=UTC)  # half past ten in the evening in Johannesburg
MORNING = datetime(2026, 7, 2, 6, 0, tzinfo=UTC)  # eight o'clock there


@pytest.fixture
def by_day(channel) -> Gateway:
    """Open from eight to eight in Johannesburg."""
    hours = {"not_before": time(8), "not_after": time(19, 59), "timezone": "Africa/Johannesburg"}
    return Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", **hours})[0]


def wait(**given) -> Delivery:
    return operations.queue(**occasion() | {"not_before": NIGHT - timedelta(hours=1)} | given)[0]


def state(delivery: Delivery) -> tuple[str, int]:
    delivery.refresh_from_db()
    return delivery.state, delivery.attempts


@pytest.mark.parametrize(
    ("first", "last", "moment", "until"),
    [
        (None, None, NIGHT, None),
        (time(8), time(19, 59), NIGHT, MORNING),
        (time(8), time(19, 59), MORNING, None),
        (time(8), time(19, 59), MORNING - timedelta(seconds=1), MORNING),
        (time(8), time(19, 59), datetime(2026, 7, 1, 17, 59, 59, tzinfo=UTC), None),
        (time(8), time(19, 59), datetime(2026, 7, 1, 18, 0, tzinfo=UTC), MORNING),
        (time(22), time(5), NIGHT, None),
        (time(8), None, datetime(2026, 7, 1, 22, 0, tzinfo=UTC), MORNING),
        (None, time(19, 59), NIGHT, datetime(2026, 7, 1, 22, 0, tzinfo=UTC)),
    ],
)
def test_hours_are_those_of_the_gateway_s_zone(first, last, moment, until) -> None:
    gateway = Gateway(name="sms", not_before=first, not_after=last, timezone="Africa/Johannesburg")
    assert gateways.closed_until(gateway, moment) == until


def test_what_is_due_at_night_waits_for_the_morning(by_day, channel) -> None:
    programme = wait(priority=Priority.NORMAL)
    urgent = wait(priority=Priority.HIGH)
    assert dispatch("sms", now=NIGHT).total == 0
    assert dispatch("sms", now=MORNING - timedelta(seconds=1)).total == 0
    assert [state(programme), state(urgent)] == [("queued", 0)] * 2
    dispatch("sms", now=MORNING)
    assert {one.id for one in channel.handed} == {programme.pk, urgent.pk}


def test_replies_go_out_at_any_time(by_day, channel) -> None:
    wait()
    reply = wait(priority=Priority.REPLY)
    dispatch("sms", now=NIGHT)
    assert [one.id for one in channel.handed] == [reply.pk]


def test_the_hours_may_end_between_claim_and_hand_over(by_day, channel, monkeypatch) -> None:
    late = datetime(2026, 7, 1, 17, 59, 59, tzinfo=UTC)
    delivery, reply = wait(not_before=late), wait(not_before=late, priority=Priority.REPLY)
    taken, take = [], claims.take

    def take_and_dawdle(*args, **kwargs):
        taken.append(take(*args, **kwargs))
        return taken[-1]

    monkeypatch.setattr(claims, "take", take_and_dawdle)
    monkeypatch.setattr(Clock, "now", lambda self: NIGHT if taken else late)
    dispatch("sms", budget=0)
    assert len(taken[0].ids) == 2
    assert [one.id for one in channel.handed] == [reply.pk]
    assert state(delivery) == ("queued", 0)


def test_nothing_goes_out_within_the_request_that_wishes_for_it(by_day, channel, monkeypatch) -> None:
    monkeypatch.setattr(Clock, "now", lambda self: NIGHT)
    lane = express.open_lane("sms")
    [(row, _)] = operations.queue_many(rows=[operations.NewDelivery(**occasion())], claimant=lane)
    assert lane.hand_over().total == 0
    assert state(row) == ("queued", 0)


def test_other_gateways_keep_their_own_hours(by_day, channel, settings) -> None:
    delivery = wait(gateway="other")
    dispatch("other", now=NIGHT)
    assert [one.id for one in channel.handed] == [delivery.pk]


def test_a_pause_holds_until_somebody_lets_it_go_on(channel) -> None:
    delivery = wait()
    gateways.named("sms")
    assert (gateways.pause(["sms"]), gateways.pause(["sms"])) == (1, 0)
    dispatch("sms", now=MORNING)
    assert state(delivery) == ("queued", 0)
    gateways.resume(["sms"])
    dispatch("sms", now=MORNING)
    assert [one.id for one in channel.handed] == [delivery.pk]

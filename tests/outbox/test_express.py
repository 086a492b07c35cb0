"""Handing over within the request: what its lane takes, what stays queued, what becomes of the rest."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outbox import counts, operations
from outbox.channels import GatewayUnavailable
from outbox.dispatcher import dispatch
from outbox.express import Lane, open_lane
from outbox.models import Delivery, Gateway
from outbox.operations import NewDelivery
from tests.outbox.conftest import occasion

State = Delivery.State

pytestmark = pytest.mark.django_db


def wished(lane: Lane, count: int = 1, **given) -> list[Delivery]:
    """New deliveries in the lane, as they are stored before it hands over."""
    with transaction.atomic():
        rows = [NewDelivery(**(occasion() | given)) for _ in range(count)]
        made = [row for row, _ in operations.queue_many(rows=rows, claimant=lane)]
    return list(Delivery.objects.filter(pk__in=[row.pk for row in made]).order_by("pk"))


def states(rows: list[Delivery]) -> list[str]:
    return list(
        Delivery.objects.filter(pk__in=[r.pk for r in rows]).order_by("pk").values_list("state", flat=True)
    )


def test_what_a_lane_takes_is_claimed_from_the_start_and_handed_over_by_it(channel) -> None:
    lane = open_lane("sms")
    [before] = wished(lane)
    assert (before.state, before.attempts, before.claim) == (State.CLAIMED, 1, before.pk)
    assert before.lease_until > timezone.now()
    assert lane.hand_over().handed == 1
    [after] = Delivery.objects.all()
    assert (after.state, after.attempts, after.claim, after.lease_until) == (State.HANDED, 1, None, None)
    assert after.claimed_at <= after.handed_at
    assert [one.id for one in channel.handed] == [before.pk]


def test_a_lane_counts_what_it_takes_as_queued_and_handed(channel) -> None:
    lane = open_lane("sms")
    wished(lane, 3)
    lane.hand_over()
    assert {(entry.state, total) for entry, total in counts.totals().items()} == {
        ("queued", 3), ("handed", 3),
    }  # fmt: skip


def test_a_worker_finishes_what_a_lane_left_when_its_lease_is_over(channel, settings) -> None:
    wished(open_lane("sms"), 2)  # and the process dies
    assert dispatch("sms").total == 0
    later = timezone.now() + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS + 1)
    assert dispatch("sms", now=later).handed == 2
    # The channel is told to look whether they are out already.
    assert {one.attempts for one in channel.handed} == {2}


@pytest.mark.parametrize(
    "given",
    [
        {"not_before": timezone.now() + timedelta(days=1)},
        {"gateway": "other"},
        {"text": "unsendable"},
    ],
    ids=["later", "another gateway", "never"],
)
def test_a_lane_takes_only_what_can_go_now(channel, given) -> None:
    lane = open_lane("sms")
    [row] = wished(lane, **given)
    assert row.claim is None
    assert lane.hand_over().total == 0
    assert channel.handed == []


@pytest.mark.postgres
def test_what_was_wished_for_now_goes_though_this_host_is_ahead_of_the_database(channel, monkeypatch) -> None:
    lane = open_lane("sms")
    ahead = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr("outbox.operations.queueing.timezone.now", lambda: ahead)
    assert wished(lane)[0].state == State.CLAIMED
    assert wished(open_lane("sms"), not_before=ahead - timedelta(hours=1))[0].state == State.QUEUED


def test_what_there_is_no_room_for_stays_queued(channel) -> None:
    channel.space = 2
    lane = open_lane("sms")
    rows = wished(lane, 5)
    assert lane.hand_over().handed == 2
    assert sorted(states(rows)) == ["handed"] * 2 + ["queued"] * 3


def test_a_gateway_with_a_rate_takes_no_more_than_that(channel) -> None:
    Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", "rate_per_minute": 3})
    for expected in (2, 1, 0):
        lane = open_lane("sms")
        wished(lane, 2)
        assert lane.hand_over().handed == expected


@pytest.mark.parametrize("trouble", ["paused", "full", "ill"])
def test_a_gateway_that_takes_nothing_leaves_all_queued_and_uncounted(channel, trouble) -> None:
    Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", "paused": trouble == "paused"})
    channel.space = 0 if trouble == "full" else 100
    channel.unavailable = "disk_full" if trouble == "ill" else ""
    lane = open_lane("sms")
    [row] = wished(lane)
    assert (row.state, row.attempts) == (State.QUEUED, 0)
    assert lane.hand_over().total == 0
    assert Gateway.objects.get(name="sms").trouble == ("Handing over: disk_full" if trouble == "ill" else "")


def test_a_gateway_that_falls_ill_meanwhile_gives_back_uncounted(channel) -> None:
    def fall_ill(batch) -> None:
        raise GatewayUnavailable("disk_full: No space left")

    channel.meanwhile = fall_ill
    lane = open_lane("sms")
    [row] = wished(lane)
    assert lane.hand_over().total == 0
    row.refresh_from_db()
    assert (row.state, row.attempts, row.claim) == (State.QUEUED, 0, None)
    assert Gateway.objects.get(name="sms").trouble.startswith("Handing over: disk_full")


def test_a_channel_that_stumbles_leaves_the_claim_to_rest(channel) -> None:
    def stumble(batch) -> None:
        raise RuntimeError("oops")

    channel.meanwhile = stumble
    lane = open_lane("sms")
    [row] = wished(lane)
    assert lane.hand_over().total == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.CLAIMED, 1)
    channel.meanwhile = lambda batch: None
    assert dispatch("sms", now=row.lease_until).handed == 1


def test_an_occasion_that_is_there_already_goes_out_once(channel) -> None:
    same = {"cause": uuid.uuid4()}
    for expected in (1, 0):
        lane = open_lane("sms")
        wished(lane, **same)
        assert lane.hand_over().handed == expected
    assert len(channel.handed) == 1


def test_an_opt_out_between_wish_and_hand_over_wins(channel, mary) -> None:
    lane = open_lane("sms")
    [row] = wished(lane, contact=mary)
    mary.addresses.update(opted_out_at=timezone.now())
    assert lane.hand_over().cancelled == 1
    row.refresh_from_db()
    assert (row.state, row.reason, channel.handed) == (State.CANCELLED, "opted_out", [])


def test_a_lane_costs_the_same_for_one_and_for_two_hundred(channel) -> None:
    costs = []
    for count in (1, 1, 200):
        with CaptureQueriesContext(connection) as asked:
            lane = open_lane("sms")
            wished(lane, count)
            assert lane.hand_over().handed == count
        costs.append(len(asked))
    # The first one also makes the gateway's row.
    assert costs[1] == costs[2]


@pytest.mark.postgres
def test_only_the_commit_that_follows_the_hand_over_does_not_wait_for_the_disk(channel) -> None:
    asked = []

    def ask(batch=None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            asked.append(cursor.fetchone()[0])

    channel.meanwhile = ask
    lane = open_lane("sms")
    wished(lane)
    lane.hand_over()
    assert asked == ["off"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_next_transaction_waits_for_the_disk_again(channel) -> None:
    lane = open_lane("sms")
    wished(lane)
    lane.hand_over()
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone()[0] == "on"

"""Bringing subscriptions to where they should be, without sending anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from stagebased.errors import UnknownSubscription
from stagebased.models import Subscription
from stagebased.operations.forward import fast_forward
from tests.stagebased.conftest import DAY, HOUR, MORNING, deliveries, texts, tick, utc

pytestmark = pytest.mark.django_db


def forward(subscription: Subscription, now: datetime) -> Subscription:
    return fast_forward(subscription_id=subscription.pk, now=now)


def test_fast_forward_moves_by_the_slots_since_the_beginning(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, created_at=MORNING - HOUR)
    assert forward(mary, MORNING + DAY).next_sequence_number == 3
    assert deliveries(mary) == []
    tick(MORNING + 2 * DAY)
    assert texts(mary) == ["Nearly there"]


def test_fast_forward_begins_where_the_subscription_began(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, initial_sequence_number=2, created_at=MORNING - HOUR)
    assert forward(mary, MORNING).next_sequence_number == 3


def test_nobody_is_moved_back(subscribe, pregnancy) -> None:
    ahead = subscribe(pregnancy, next_sequence_number=3, created_at=MORNING - HOUR)
    assert forward(ahead, MORNING).next_sequence_number == 3


def test_fast_forward_goes_on_through_the_sets_that_follow(subscribe, make_set) -> None:
    child = make_set("child", {1: "Walk", 2: "Talk"})
    baby = make_set("baby", {1: "Vaccinate"}, next_set=child)
    mary = subscribe(make_set("pregnancy", {1: "a", 2: "b"}, next_set=baby), created_at=MORNING - HOUR)
    now_on = forward(mary, MORNING + 3 * DAY)
    assert (now_on.messageset, now_on.next_sequence_number, now_on.active) == (child, 2, True)
    chain = Subscription.objects.order_by("created_at").values_list("messageset__short_name", "completed")
    assert list(chain) == [("pregnancy", True), ("baby", True), ("child", False)]
    assert now_on.created_at == MORNING + 2 * DAY


def test_fast_forward_to_the_very_end_completes(subscribe, pregnancy) -> None:
    mary = forward(subscribe(pregnancy, created_at=MORNING - HOUR), MORNING + timedelta(days=99))
    assert (mary.completed, mary.active, mary.process_status, mary.next_sequence_number) == (
        True,
        False,
        2,
        3,
    )
    assert forward(mary, utc(2030, 1, 1)).pk == mary.pk


def test_who_was_stopped_stays_stopped_in_the_next_set(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    mary = subscribe(
        make_set("pregnancy", {1: "a"}, next_set=baby),
        created_at=MORNING - HOUR,
        active=False,
        stopped="opt_out",
    )
    after = forward(mary, MORNING)
    assert (after.messageset, after.active, after.stopped) == (baby, False, "opt_out")


def test_an_unknown_subscription_is_refused(db) -> None:
    with pytest.raises(UnknownSubscription):
        fast_forward(subscription_id=uuid4())

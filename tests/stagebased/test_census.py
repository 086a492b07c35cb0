"""How many people are at each stage: counted by the clock, read from a few rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stagebased import census, dashboard
from stagebased.models import StageCount
from tests.stagebased.conftest import MINUTE, MORNING

pytestmark = pytest.mark.django_db


def test_running_subscriptions_are_counted_by_set_and_stage(pregnancy, subscribe):
    for position in (1, 1, 3):
        subscribe(pregnancy, next_sequence_number=position)
    subscribe(pregnancy, active=False)
    subscribe(pregnancy, completed=True, active=False)
    assert census.take(now=MORNING)
    assert list(StageCount.objects.order_by("position").values_list("position", "count")) == [(1, 2), (3, 1)]
    [shown] = dashboard.subscriptions()["sets"]
    assert (shown["set"], shown["total"]) == (pregnancy, 3)
    assert [bar["count"] for bar in shown["bars"]] == [2, 0, 1]
    assert dashboard.subscriptions()["counted_at"] == MORNING


def test_two_clocks_count_once_and_the_next_time_counts_anew(pregnancy, subscribe):
    first = subscribe(pregnancy)
    assert census.take(now=MORNING)
    assert not census.take(now=MORNING + MINUTE)
    first.active = False
    first.save()
    assert census.take(now=MORNING + 5 * MINUTE)
    assert not StageCount.objects.exists()


def test_reading_the_figures_reads_no_subscription(pregnancy, subscribe):
    subscribe(pregnancy)
    census.take(now=MORNING)
    with CaptureQueriesContext(connection) as captured:
        dashboard.subscriptions()
    assert not any("stagebased_subscription" in query["sql"] for query in captured)


def test_a_long_set_is_drawn_in_as_many_columns_as_there_is_room():
    drawn = dashboard.bars({1: 3, 2: 4, 200: 1})
    assert len(drawn) == 40
    assert (drawn[0]["stages"], drawn[0]["count"], drawn[0]["percent"]) == ("1–5", 7, 100)
    assert drawn[-1]["stages"] == "196–200"

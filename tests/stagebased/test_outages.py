"""After an outage: what is caught up, how it is spread, and that quiet hours hold all the same."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from outbox.channels import channel
from outbox.dispatcher import dispatch
from outbox.models import Delivery, Gateway
from stagebased import quiet
from stagebased.models import MessageSet, Schedule
from stagebased.slots import record_due_slots
from tests.outbox.fakes import FakeChannel
from tests.stagebased.conftest import (
    DAY,
    HOUR,
    MINUTE,
    MORNING,
    again,
    deliveries,
    outcomes,
    person,
    slots,
    texts,
    tick,
)

pytestmark = pytest.mark.django_db
FIVE = {number: f"Message {number}" for number in range(1, 6)}


@pytest.fixture
def hourly(daily) -> Schedule:
    Schedule.objects.update(hour="*", planned_until=MORNING - 4 * HOUR)
    daily.refresh_from_db()
    return daily


@pytest.fixture
def patient(settings) -> None:
    """Slots are caught up for half a day."""
    settings.PLANNER_GRACE_MINUTES = 12 * 60


def test_latest_is_one_message_however_long_it_was(subscribe, make_set, hourly, patient) -> None:
    mary = subscribe(make_set("latest", FIVE))
    tick(MORNING + MINUTE)
    assert texts(mary) == ["Message 1"]
    assert slots() == [*((f"10 0{hour}:00", "missed") for hour in (5, 6, 7)), ("10 08:00", "done")]


def test_spaced_is_one_message_for_each_slot_some_time_apart(subscribe, make_set, hourly, patient) -> None:
    mary = subscribe(make_set("spaced", FIVE, catch_up="spaced", spacing=30 * MINUTE))
    tick(MORNING + MINUTE)
    found = [(one.text, one.not_before - MORNING - MINUTE) for one in deliveries(mary)]
    assert found == [(f"Message {n + 1}", n * 30 * MINUTE) for n in range(4)]
    assert again(mary).next_sequence_number == 5
    tick(MORNING + HOUR)
    assert texts(mary)[-1] == "Message 5"


def test_spaced_holds_within_the_grace_only(subscribe, make_set, hourly, settings) -> None:
    settings.PLANNER_GRACE_MINUTES = 90
    mary = subscribe(make_set("spaced", FIVE, catch_up="spaced"))
    tick(MORNING + MINUTE)
    assert texts(mary) == ["Message 1", "Message 2"]


def test_skip_sends_nothing_and_says_so(subscribe, make_set, hourly, patient) -> None:
    mary = subscribe(make_set("skip", FIVE, catch_up="skip"))
    tick(MORNING + 20 * MINUTE)
    assert outcomes(mary) == [("skipped", "missed_slot")]
    tick(MORNING + HOUR + 5 * MINUTE)
    assert texts(mary) == ["Message 1"]


def test_sets_of_one_schedule_each_keep_their_own_rule(subscribe, make_set, hourly, patient) -> None:
    one = {rule: subscribe(make_set(rule, FIVE, catch_up=rule)) for rule in ("latest", "spaced", "skip")}
    tick(MORNING + 20 * MINUTE)
    assert {rule: len(texts(it)) for rule, it in one.items()} == {"latest": 1, "spaced": 4, "skip": 0}
    [latest] = deliveries(one["latest"])
    assert latest.not_before == MORNING + 20 * MINUTE


def test_spaced_messages_keep_quiet_hours(subscribe, make_set, hourly, patient) -> None:
    office = {"not_before": time(8), "not_after": time(9)}
    mary = subscribe(make_set("spaced", FIVE, catch_up="spaced", **office))
    tick(MORNING)
    waits = [one.not_before - MORNING for one in deliveries(mary)]
    assert waits == [0 * HOUR, HOUR, DAY, DAY]


def test_a_slot_that_was_under_way_is_finished_for_those_who_catch_up_all(
    subscribe, make_set, hourly, patient
) -> None:
    spaced, latest = (
        subscribe(make_set("spaced", FIVE, catch_up="spaced")),
        subscribe(make_set("latest", FIVE)),
    )
    Schedule.objects.update(planned_until=MORNING - MINUTE)
    record_due_slots(MORNING)
    tick(MORNING + HOUR)
    assert (len(texts(spaced)), len(texts(latest))) == (2, 1)


# --- Spreading a peak ------------------------------------------------------------------------


def test_a_slot_s_messages_are_spread_evenly_over_the_time_chosen(subscribe, make_set) -> None:
    spread = make_set("spread", FIVE, spread=HOUR)
    people = [subscribe(spread) for _ in range(200)]
    tick(MORNING)
    waits = sorted(one.not_before - MORNING for one in Delivery.objects.all())
    assert timedelta(0) <= waits[0] < 5 * MINUTE
    assert 55 * MINUTE < waits[-1] < HOUR
    assert 20 * MINUTE < waits[100] < 40 * MINUTE
    first = {one.cause: one.not_before for one in Delivery.objects.all()}
    tick(MORNING + DAY)
    second = Delivery.objects.filter(slot_key="2026-06-11T08:00Z")
    assert len(people) == len(second)
    assert all(one.not_before - first[one.cause] == DAY for one in second)


def test_the_spread_ends_with_the_hours(subscribe, make_set) -> None:
    spread = make_set("spread", FIVE, spread=6 * HOUR, not_before=time(7), not_after=time(9))
    for _ in range(60):
        subscribe(spread)
    tick(MORNING)
    waits = sorted(Delivery.objects.values_list("not_before", flat=True))
    assert waits[0] >= MORNING
    assert waits[-1] <= MORNING + HOUR + MINUTE
    assert waits[-1] > MORNING + 50 * MINUTE


# --- Quiet hours after the queue has stood still ---------------------------------------------


@pytest.fixture
def gateway(settings, db) -> FakeChannel:
    settings.OUTBOX_CHANNELS = {"sms": "tests.outbox.fakes.FakeChannel"}
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    fake = channel("sms")
    assert isinstance(fake, FakeChannel)
    fake.reset()
    return fake


@pytest.fixture
def office(make_set) -> MessageSet:
    return make_set("office", FIVE, not_before=time(8), not_after=time(17))


def test_what_still_waits_in_the_evening_goes_out_in_the_morning(subscribe, office, gateway) -> None:
    here, there = subscribe(office), subscribe(office, contact=person("+64210", timezone="Pacific/Auckland"))
    gateway.unavailable = "out of order"
    tick(MORNING)
    evening = MORNING + 10 * HOUR
    gateway.unavailable = ""
    assert dispatch("sms", now=evening, budget=0).handed == 0

    quiet.reopen(evening)
    [mine], [theirs] = deliveries(here), deliveries(there)
    assert (mine.not_before, mine.closes_at) == (MORNING + DAY, MORNING + DAY + 9 * HOUR + MINUTE)
    # Eight in Auckland is twenty o'clock UTC; that one was never open yet.
    assert theirs.not_before == MORNING + 12 * HOUR

    assert dispatch("sms", now=MORNING + 12 * HOUR, budget=0).handed == 1
    assert dispatch("sms", now=MORNING + DAY, budget=0).handed == 1


def test_changed_hours_count_when_it_is_opened_again(subscribe, office) -> None:
    mary = subscribe(office)
    tick(MORNING)
    MessageSet.objects.update(not_before=None, not_after=None)
    quiet.reopen(MORNING + 10 * HOUR)
    [found] = deliveries(mary)
    assert (found.not_before, found.closes_at) == (MORNING + 10 * HOUR, None)


def test_opening_again_costs_the_same_for_one_and_for_thirty(
    subscribe, office, settings, django_assert_num_queries
) -> None:
    for _ in range(30):
        subscribe(office)
    tick(MORNING)
    with django_assert_num_queries(9):
        assert quiet.reopen(MORNING + 10 * HOUR) == 30
    assert quiet.reopen(MORNING + 10 * HOUR) == 0


def test_an_old_message_is_not_kept_for_ever(subscribe, office, gateway) -> None:
    mary = subscribe(office)
    tick(MORNING)
    quiet.reopen(MORNING + 10 * HOUR)
    assert deliveries(mary)[0].expires_at == MORNING + 2 * DAY

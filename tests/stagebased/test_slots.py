"""Each slot is found once, whatever the clock, the planner and the network do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from stagebased import planner
from stagebased.models import DueSlot, Schedule
from stagebased.slots import record_due_slots, zones_in_use
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
    utc,
)

pytestmark = pytest.mark.django_db


def test_a_slot_is_recorded_in_its_minute(daily) -> None:
    record_due_slots(MORNING - MINUTE)
    assert slots() == []
    record_due_slots(MORNING)
    assert slots() == [("10 08:00", "planning")]


def test_looking_again_finds_nothing_new(daily) -> None:
    for _ in range(3):
        record_due_slots(MORNING)
    assert slots() == [("10 08:00", "planning")]


def test_a_clock_that_goes_back_repeats_nothing(daily) -> None:
    record_due_slots(MORNING + HOUR)
    record_due_slots(MORNING - 2 * HOUR)
    record_due_slots(MORNING + HOUR)
    assert slots() == [("10 08:00", "planning")]
    assert again(daily).planned_until == MORNING + HOUR


def test_after_an_outage_only_the_latest_slot_is_caught_up(daily) -> None:
    record_due_slots(MORNING + 2 * DAY + HOUR)
    assert slots() == [("10 08:00", "missed"), ("11 08:00", "missed"), ("12 08:00", "planning")]


def test_beyond_the_grace_a_slot_is_missed_and_said_so(daily, settings) -> None:
    record_due_slots(MORNING + timedelta(minutes=settings.PLANNER_GRACE_MINUTES + 1))
    assert slots() == [("10 08:00", "missed")]
    assert DueSlot.objects.get().finished_at is not None


def test_a_set_with_a_longer_grace_keeps_the_slot_open_for_itself(subscribe, make_set, pregnancy) -> None:
    patient = subscribe(make_set("news", {1: "Hello"}, grace=timedelta(hours=12)))
    strict = subscribe(pregnancy)
    tick(MORNING + 6 * HOUR)
    assert texts(patient) == ["Hello"]
    assert outcomes(strict) == [("skipped", "missed_slot")]
    assert again(strict).next_sequence_number == 1


def test_a_set_with_a_shorter_grace_says_so_itself(subscribe, make_set) -> None:
    mary = subscribe(make_set("alarm", {1: "Now"}, grace=timedelta(minutes=10)))
    tick(MORNING + 11 * MINUTE)
    assert outcomes(mary) == [("skipped", "missed_slot")]
    tick(MORNING + DAY + 10 * MINUTE)
    assert texts(mary) == ["Now"]


def test_an_unfinished_slot_gives_way_to_the_next(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    record_due_slots(MORNING)
    tick(MORNING + DAY)
    assert slots() == [("10 08:00", "missed"), ("11 08:00", "done")]
    assert texts(mary) == ["Welcome"]


def test_a_very_long_standstill_does_not_fill_the_table(daily) -> None:
    Schedule.objects.update(minute="*", hour="*", planned_until=MORNING - 400 * DAY)
    record_due_slots(MORNING)
    assert DueSlot.objects.count() == 7 * 24 * 60
    assert DueSlot.objects.filter(state="planning").count() == 1


def test_a_schedule_whose_fields_mean_nothing_holds_up_nobody(daily, caplog) -> None:
    broken = Schedule.objects.create(minute="banana", planned_until=MORNING - HOUR)
    record_due_slots(MORNING)
    assert slots() == [("10 08:00", "planning")]
    assert f"schedule {broken.pk}" in caplog.text


def test_an_unknown_zone_counts_as_utc_with_a_warning(daily, caplog) -> None:
    Schedule.objects.update(timezone="Mars/Olympus")
    record_due_slots(MORNING)
    assert slots() == [("10 08:00", "planning")]
    assert "Mars/Olympus" in caplog.text


def test_a_schedule_is_read_in_its_own_zone(daily) -> None:
    Schedule.objects.update(timezone="Africa/Johannesburg")
    record_due_slots(MORNING - 2 * HOUR + MINUTE)
    assert slots() == []
    Schedule.objects.update(planned_until=MORNING - DAY)
    record_due_slots(MORNING)
    assert slots() == [("10 06:00", "planning")]


@pytest.mark.fault("F8")
def test_each_change_of_the_clocks_gives_one_slot_a_day(daily) -> None:
    Schedule.objects.update(
        minute="30", hour="2", timezone="Europe/Paris", planned_until=utc(2026, 3, 27, 12)
    )
    for day in range(28, 32):
        record_due_slots(utc(2026, 3, day, 12))
    assert [time for time, _ in slots()] == ["28 01:30", "29 01:00", "30 00:30", "31 00:30"]
    DueSlot.objects.all().delete()
    Schedule.objects.update(planned_until=utc(2026, 10, 23, 12))
    for day in range(24, 27):
        record_due_slots(utc(2026, 10, day, 12))
    assert [time for time, _ in slots()] == ["24 00:30", "25 00:30", "26 01:30"]


# --- In each person's own zone --------------------------------------------------------


@pytest.fixture
def at_home(daily) -> Schedule:
    """Due at eight where each person lives; UTC where that is not known."""
    daily.in_contact_timezone, daily.planned_until = True, MORNING - DAY
    daily.save()
    return daily


@pytest.mark.fault("F8")
def test_everybody_gets_it_at_eight_at_home(subscribe, pregnancy, at_home) -> None:
    zones = ["", "Africa/Johannesburg", "America/New_York"]
    nobody_s, south, west = (
        subscribe(pregnancy, created_at=MORNING - 3 * DAY, contact=person(f"+2782000030{n}", timezone=zone))
        for n, zone in enumerate(zones)
    )
    for hour in range(24):
        tick(MORNING - 10 * HOUR + hour * HOUR)
    due = {one: [delivery.slot_key for delivery in deliveries(one)] for one in (nobody_s, south, west)}
    assert due == {
        nobody_s: ["2026-06-10T08:00Z"],
        south: ["2026-06-10T06:00Z"],
        west: ["2026-06-10T12:00Z"],
    }


def test_the_schedule_s_own_zone_is_also_that_of_people_whose_zone_is_unknown(
    subscribe, pregnancy, at_home
) -> None:
    Schedule.objects.update(timezone="Africa/Johannesburg")
    same, unknown = (
        subscribe(pregnancy, contact=person(f"+2782000040{n}", timezone=zone))
        for n, zone in enumerate(["Africa/Johannesburg", ""])
    )
    tick(MORNING - 2 * HOUR)
    assert texts(same) == texts(unknown) == ["Welcome"]


def test_a_zone_that_means_nothing_is_read_as_the_schedule_s(subscribe, pregnancy, at_home) -> None:
    mary = subscribe(pregnancy, contact=person("+27820000500", timezone="Mars/Olympus"))
    tick(MORNING)
    assert texts(mary) == ["Welcome"]


def test_the_zones_in_use_are_found_without_reading_everybody(db) -> None:
    for zone in ["Asia/Tokyo", "", "Africa/Lagos", "Asia/Tokyo", "Africa/Lagos"]:
        person(timezone=zone)
    assert zones_in_use() == ["Africa/Lagos", "Asia/Tokyo"]
    Contact.objects.update(timezone="")
    assert zones_in_use() == []


def test_looking_costs_the_same_for_one_schedule_and_for_forty(daily, at_home) -> None:
    def statements(now) -> int:
        with CaptureQueriesContext(connection) as captured:
            record_due_slots(now)
        return len(captured)

    few = statements(MORNING)
    for minute in range(40):
        Schedule.objects.create(minute=str(minute), hour="7", planned_until=MORNING)
    assert statements(MORNING + DAY) == few


def test_two_schedules_are_planned_apart(subscribe, pregnancy, daily) -> None:
    evening = Schedule.objects.create(minute="0", hour="20", planned_until=MORNING - HOUR)
    mary, jane = subscribe(pregnancy), subscribe(pregnancy, schedule=evening)
    tick(MORNING)
    assert (texts(mary), texts(jane)) == (["Welcome"], [])
    tick(MORNING + 12 * HOUR)
    assert (texts(mary), texts(jane)) == (["Welcome"], ["Welcome"])


def test_the_planner_stops_when_its_time_is_up(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    record_due_slots(MORNING)
    assert planner.plan(MORNING, seconds=0).batches == 0
    assert planner.plan(MORNING).written.queued == 1
    assert texts(mary) == ["Welcome"]

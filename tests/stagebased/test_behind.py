"""Who is behind: fewer messages than slots since the subscription began."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contacts.operations import opt_in, opt_out
from stagebased.behind import Behind, Place, find
from stagebased.models import Schedule, Subscription
from stagebased.operations.audit import NOBODY
from stagebased.operations.forward import fast_forward
from stagebased.operations.stopping import pause, resume
from stagebased.operations.subscribe import subscribe as begin
from stagebased.operations.switch import switch_position, switch_schedule
from stagebased.operations.which import Which
from tests.stagebased.conftest import DAY, HOUR, MINUTE, MORNING, again, person, tick

pytestmark = pytest.mark.django_db


def behind(now) -> dict[object, tuple[int, Place]]:
    return {one.subscription_id: (one.messages, one.expected) for one in find(now)}


def test_who_missed_two_slots_is_two_behind(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, created_at=MORNING - HOUR)
    assert behind(MORNING + DAY + HOUR) == {mary.pk: (2, Place(pregnancy.pk, 3))}


def test_who_got_everything_is_not(subscribe, pregnancy) -> None:
    subscribe(pregnancy, created_at=MORNING - HOUR)
    tick(MORNING)
    tick(MORNING + DAY)
    assert behind(MORNING + DAY + HOUR) == {}


def test_a_slot_that_may_still_be_under_way_does_not_count(subscribe, pregnancy) -> None:
    subscribe(pregnancy, created_at=MORNING - HOUR)
    assert behind(MORNING + 5 * MINUTE) == {}
    assert len(behind(MORNING + 15 * MINUTE)) == 1


def test_the_slot_at_the_very_moment_of_joining_does_not_count(subscribe, pregnancy) -> None:
    subscribe(pregnancy, created_at=MORNING)
    assert behind(MORNING + HOUR) == {}


def test_a_start_in_the_middle_and_gaps_are_no_lag(subscribe, make_set) -> None:
    gap = make_set("gap", {2: "a", 5: "b", 9: "c"})
    mary = subscribe(gap, initial_sequence_number=3, next_sequence_number=9, created_at=MORNING - HOUR)
    assert behind(MORNING + HOUR) == {}
    assert behind(MORNING + DAY + HOUR) == {mary.pk: (1, Place(gap.pk, 9))}


def test_it_counts_on_into_the_sets_that_follow(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "x", 2: "y"})
    mary = subscribe(make_set("pregnancy", {1: "a", 2: "b"}, next_set=baby), created_at=MORNING - HOUR)
    assert behind(MORNING + 2 * DAY + HOUR) == {mary.pk: (3, Place(baby.pk, 2))}
    assert behind(MORNING + 90 * DAY) == {mary.pk: (4, Place(baby.pk, 2))}


@pytest.mark.parametrize("fields", [{"active": False}, {"completed": True}, {"process_status": 1}])
def test_who_does_not_run_is_not_behind(subscribe, pregnancy, fields) -> None:
    subscribe(pregnancy, created_at=MORNING - HOUR, **fields)
    assert behind(MORNING + DAY) == {}


def test_everybody_s_own_zone_counts_where_the_schedule_says_so(subscribe, pregnancy, daily) -> None:
    Schedule.objects.update(in_contact_timezone=True)
    here = subscribe(pregnancy, created_at=MORNING - HOUR)
    there = subscribe(pregnancy, contact=person("+1", timezone="America/New_York"), created_at=MORNING - HOUR)
    assert behind(MORNING + HOUR).keys() == {here.pk}
    assert behind(MORNING + 5 * HOUR).keys() == {here.pk, there.pk}


def test_it_agrees_with_fast_forward(subscribe, pregnancy) -> None:
    now = MORNING + 2 * DAY + HOUR
    for minutes in (0, 59, 60, 61, 24 * 60, 48 * 60):
        subscribe(pregnancy, created_at=MORNING - HOUR + timedelta(minutes=minutes))
    found: dict[object, Behind] = {one.subscription_id: one for one in find(now)}
    assert len(found) == 6
    for mary in Subscription.objects.all():
        fast_forward(which=Which(subscription_ids=[mary.pk]), author=NOBODY, now=now)
        assert again(mary).next_sequence_number == found[mary.pk].expected.sequence_number
    assert behind(now) == {}


# --- What is not held against anybody -----------------------------------------------------


def only(subscription: Subscription) -> Which:
    return Which(subscription_ids=[subscription.pk])


def test_the_slots_of_a_pause_do_not_count(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, created_at=MORNING - HOUR)
    pause(which=only(mary), author=NOBODY, now=MORNING - HOUR)
    resume(which=only(mary), author=NOBODY, now=MORNING + DAY + HOUR)
    assert behind(MORNING + DAY + 2 * HOUR) == {}
    assert behind(MORNING + 2 * DAY + HOUR) == {mary.pk: (1, Place(pregnancy.pk, 2))}


def test_neither_do_those_of_an_opt_out(subscribe, pregnancy, time_machine) -> None:
    mary = subscribe(pregnancy, created_at=MORNING - HOUR)
    opt_out(kind="stopall", source="sms", contact_ids=[mary.contact_id])
    time_machine.move_to(MORNING + DAY + HOUR, tick=False)
    opt_in(source="sms", contact_ids=[mary.contact_id])
    assert again(mary).active
    assert behind(MORNING + DAY + 2 * HOUR) == {}


def test_nor_those_before_it_came_to_its_schedule_or_its_place(subscribe, pregnancy) -> None:
    hourly = Schedule.objects.create(minute="0", planned_until=MORNING)
    mary, jane = (subscribe(pregnancy, created_at=MORNING - HOUR) for _ in range(2))
    now = MORNING + DAY + HOUR
    switch_schedule(which=only(mary), schedule_id=hourly.pk, author=NOBODY, now=now)
    switch_position(which=only(jane), position=2, author=NOBODY, now=now)
    assert behind(now + 30 * MINUTE) == {}
    assert behind(now + HOUR + 30 * MINUTE) == {mary.pk: (1, Place(pregnancy.pk, 2))}
    assert behind(now + DAY) == {mary.pk: (3, Place(pregnancy.pk, 3)), jane.pk: (1, Place(pregnancy.pk, 3))}


def test_nor_what_a_hub_writes_over(subscribe, pregnancy, as_alice, time_machine) -> None:
    mary = subscribe(pregnancy, created_at=MORNING - HOUR)
    now = MORNING + DAY + HOUR
    time_machine.move_to(now, tick=False)
    url = f"/api/v1/subscriptions/{mary.pk}/"
    as_alice.patch(url, {"metadata": {}})
    as_alice.put(url, as_alice.get(url).json())
    assert behind(now).keys() == {mary.pk}
    as_alice.patch(url, {"next_sequence_number": 2})
    assert behind(now) == {}


def test_who_waits_for_a_date_is_not_behind(make_set, time_machine) -> None:
    dated = make_set("dated", {1: "a", 2: "b", 3: "c"}, starts_after=0)
    time_machine.move_to(MORNING - HOUR, tick=False)
    fields = {"messageset_id": dated.pk, "schedule_id": dated.default_schedule_id, "lang": "eng_ZA"}
    mary = begin(fields={**fields, "contact_id": person("+1").pk, "anchor_date": (MORNING + 5 * DAY).date()})
    assert behind(MORNING + 4 * DAY) == {}
    assert behind(MORNING + 5 * DAY + HOUR) == {mary.pk: (1, Place(dated.pk, 2))}


def test_the_statements_grow_with_sets_and_not_with_people(
    subscribe, pregnancy, django_assert_num_queries
) -> None:
    for _ in range(20):
        subscribe(pregnancy, created_at=MORNING - HOUR)
    with django_assert_num_queries(7):
        assert len(list(find(MORNING + HOUR))) == 20

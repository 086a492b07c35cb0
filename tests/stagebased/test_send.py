"""Sending by hand: one subscription's next or latest message, or a whole schedule."""

from __future__ import annotations

from datetime import time, timedelta
from uuid import uuid4

import pytest

from stagebased.errors import NotSendable, Refused, UnknownSchedule, UnknownSubscription
from stagebased.models import DueSlot, MessageSet, Schedule, Subscription, Welcome
from stagebased.operations import subscribe as operations
from stagebased.operations.send import greet, resend, send_now, send_schedule
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
SECOND = timedelta(seconds=1)


# --- The next message at once ------------------------------------------------------------


def test_the_next_message_goes_at_once_and_the_position_moves(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    send_now(subscription_id=mary.pk, now=MORNING - 5 * HOUR)
    [found] = deliveries(mary)
    assert (found.text, found.state, found.not_before) == ("Welcome", "queued", MORNING - 5 * HOUR)
    assert again(mary).next_sequence_number == 2


def test_it_does_not_take_the_place_of_the_due_slot(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    send_now(subscription_id=mary.pk, now=MORNING - HOUR)
    tick(MORNING)
    assert texts(mary) == ["Welcome", "Eat well"]


def test_asking_twice_sends_two_different_messages(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    send_now(subscription_id=mary.pk, now=MORNING)
    send_now(subscription_id=mary.pk, now=MORNING + SECOND)
    assert texts(mary) == ["Welcome", "Eat well"]


def test_after_being_set_back_the_same_message_may_go_again(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    send_now(subscription_id=mary.pk, now=MORNING)
    Subscription.objects.update(next_sequence_number=1)
    send_now(subscription_id=mary.pk, now=MORNING + SECOND)
    assert texts(mary) == ["Welcome", "Welcome"]


def test_the_last_message_completes_and_the_next_set_begins(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    mary = subscribe(make_set("pregnancy", {1: "Hello"}, next_set=baby))
    send_now(subscription_id=mary.pk, now=MORNING)
    assert again(mary).completed
    assert Subscription.objects.get(continues=mary).messageset == baby


def test_what_cannot_be_sent_is_recorded_with_its_reason(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, contact=person())
    assert send_now(subscription_id=mary.pk, now=MORNING).reason == "no_address"
    assert outcomes(mary) == [("failed", "no_address")]
    assert again(mary).next_sequence_number == 1


def test_quiet_hours_hold_it_too(subscribe, make_set) -> None:
    mary = subscribe(make_set("office", {1: "Hello"}, not_before=time(9)))
    send_now(subscription_id=mary.pk, now=MORNING)
    assert deliveries(mary)[0].not_before == MORNING + HOUR


STOPPED = {
    "completed": ({"completed": True, "active": False}, "completed"),
    "inactive": ({"active": False}, "not active"),
    "not ready": ({"process_status": 1}, "not ready"),
}


@pytest.mark.parametrize(("fields", "reason"), STOPPED.values(), ids=STOPPED.keys())
def test_one_that_is_not_running_is_refused_with_the_reason(subscribe, pregnancy, fields, reason) -> None:
    mary = subscribe(pregnancy, **fields)
    with pytest.raises(NotSendable, match=reason):
        send_now(subscription_id=mary.pk, now=MORNING)
    assert deliveries(mary) == []


@pytest.mark.parametrize("operation", [send_now, resend])
def test_an_unknown_subscription_is_refused(db, operation) -> None:
    with pytest.raises(UnknownSubscription):
        operation(subscription_id=uuid4())


# --- The latest message again ------------------------------------------------------------


def test_again_is_the_message_that_came_last_and_nobody_moves(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=3)
    resend(subscription_id=mary.pk, now=MORNING)
    resend(subscription_id=mary.pk, now=MORNING + SECOND)
    assert texts(mary) == ["Eat well", "Eat well"]
    assert again(mary).next_sequence_number == 3
    assert again(mary).last_slot_at is None


def test_at_the_beginning_it_is_the_first_message(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    resend(subscription_id=mary.pk, now=MORNING)
    assert texts(mary) == ["Welcome"]


def test_after_the_end_it_is_the_last_message(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=3)
    tick(MORNING)
    resend(subscription_id=mary.pk, now=MORNING + HOUR)
    assert texts(mary) == ["Nearly there", "Nearly there"]
    again(mary)
    assert (mary.completed, mary.active, mary.process_status) == (True, False, 2)
    assert not Subscription.objects.filter(continues=mary).exists()


def test_a_stopped_one_is_not_sent_to_again(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, active=False, stopped="opt_out")
    with pytest.raises(NotSendable):
        resend(subscription_id=mary.pk, now=MORNING)


def test_a_resend_just_before_the_slot_delays_nothing(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=2)
    resend(subscription_id=mary.pk, now=MORNING - SECOND)
    tick(MORNING)
    assert texts(mary) == ["Welcome", "Eat well"]


# --- A whole schedule ----------------------------------------------------------------------


def call(schedule: Schedule, now) -> None:
    send_schedule(schedule_id=schedule.pk, now=now)
    tick(now)


def test_an_outside_clock_may_call_as_often_as_it_likes(subscribe, pregnancy, daily) -> None:
    mary = subscribe(pregnancy)
    for seconds in range(4):
        call(daily, MORNING + seconds * SECOND)
    assert texts(mary) == ["Welcome"]
    call(daily, MORNING + DAY)
    assert texts(mary) == ["Welcome", "Eat well"]


def test_after_the_planner_s_own_slot_a_call_sends_nothing_more(subscribe, pregnancy, daily) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    call(daily, MORNING + 5 * MINUTE)
    assert texts(mary) == ["Welcome"]


def test_a_call_also_counts_for_those_who_joined_since_the_slot(subscribe, pregnancy, daily) -> None:
    early = subscribe(pregnancy)
    tick(MORNING)
    late = subscribe(pregnancy, created_at=MORNING + HOUR)
    call(daily, MORNING + 2 * HOUR)
    call(daily, MORNING + 3 * HOUR)
    assert (texts(early), texts(late)) == (["Welcome"], ["Welcome"])


def test_a_call_is_for_now_however_old_the_slot(subscribe, pregnancy, daily) -> None:
    Schedule.objects.update(day_of_week="1", planned_until=MORNING)
    mary = subscribe(pregnancy)
    call(daily, MORNING)
    assert slots() == [("08 08:00", "done")]
    assert texts(mary) == ["Welcome"]


def test_one_that_ends_in_a_call_does_not_begin_the_next_set_in_it(subscribe, make_set, daily) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    mary = subscribe(make_set("pregnancy", {1: "Hello"}, next_set=baby))
    call(daily, MORNING + MINUTE)
    call(daily, MORNING + 2 * MINUTE)
    assert texts(Subscription.objects.get(continues=mary)) == []


def test_a_call_in_people_s_zones_counts_each_zone_s_latest_slot(subscribe, pregnancy, daily) -> None:
    Schedule.objects.update(in_contact_timezone=True, planned_until=MORNING + HOUR)
    here = subscribe(pregnancy)
    there = subscribe(pregnancy, contact=person("+27820000600", timezone="America/New_York"))
    call(daily, MORNING + HOUR)
    assert [one.slot_key for one in deliveries(here)] == ["2026-06-10T08:00Z"]
    assert [one.slot_key for one in deliveries(there)] == ["2026-06-09T12:00Z"]


def test_an_unknown_schedule_or_one_that_means_nothing_is_refused(daily) -> None:
    with pytest.raises(UnknownSchedule):
        send_schedule(schedule_id=daily.pk + 1)
    Schedule.objects.update(hour="banana")
    with pytest.raises(Refused) as caught:
        send_schedule(schedule_id=daily.pk)
    assert caught.value.errors.keys() == {"hour"}
    assert not DueSlot.objects.exists()


# --- The welcome ----------------------------------------------------------------------------


@pytest.fixture
def welcoming(pregnancy) -> MessageSet:
    Welcome.objects.create(messageset=pregnancy, lang="eng_ZA", text_content="Thank you for joining")
    return pregnancy


def test_who_joins_gets_the_welcome_at_once_and_the_first_message_at_the_slot(welcoming, daily) -> None:
    contact = person("+27820000801")
    fields = {
        "contact_id": contact.pk,
        "messageset_id": welcoming.pk,
        "schedule_id": daily.pk,
        "lang": "eng_ZA",
    }
    mary = operations.subscribe(fields=fields | {"created_at": MORNING - HOUR})
    assert texts(mary) == ["Thank you for joining"]
    assert again(mary).next_sequence_number == 1
    tick(MORNING)
    assert sorted(texts(mary)) == ["Thank you for joining", "Welcome"]


def test_a_hub_s_registration_is_welcomed_once(welcoming, daily) -> None:
    fields = {"contact_id": uuid4(), "messageset_id": welcoming.pk, "schedule_id": daily.pk, "lang": "eng_ZA"}
    for _ in range(2):
        operations.subscribe_for_hub(request_id="r1", fields=fields, msisdn="+27820000802")
    assert texts(Subscription.objects.get()) == ["Thank you for joining"]


def test_a_welcome_is_sent_once_however_often_it_is_asked_for(subscribe, welcoming) -> None:
    mary = subscribe(welcoming)
    assert [greet(subscription_ids=[mary.pk], now=MORNING) for _ in range(3)] == [1, 0, 0]


def test_a_welcome_nobody_can_get_is_recorded(subscribe, welcoming) -> None:
    nobody, elsewhere = subscribe(welcoming, contact=person()), subscribe(welcoming, lang="zul_ZA")
    greet(subscription_ids=[nobody.pk, elsewhere.pk], now=MORNING)
    assert outcomes(nobody) == [("failed", "no_address")]
    assert outcomes(elsewhere) == [("failed", "no_message")]
    assert deliveries(elsewhere)[0].detail == "The welcome of pregnancy is missing in zul_ZA."


def test_one_who_does_not_run_or_whose_set_has_none_is_not_welcomed(subscribe, welcoming, make_set) -> None:
    asleep, plain = subscribe(welcoming, active=False), subscribe(make_set("plain", {1: "Hello"}))
    assert greet(subscription_ids=[asleep.pk, plain.pk]) == 0


def test_a_welcome_falls_back_like_a_message(subscribe, welcoming) -> None:
    MessageSet.objects.update(fall_back=True, default_language="eng_ZA")
    mary = subscribe(welcoming, lang="zul_ZA")
    greet(subscription_ids=[mary.pk])
    assert texts(mary) == ["Thank you for joining"]


@pytest.mark.parametrize("send", [resend, lambda **given: greet(subscription_ids=[given["subscription_id"]])])
def test_what_is_to_go_before_the_next_message_waits_for_it(subscribe, welcoming, send) -> None:
    mary = subscribe(welcoming, metadata={"prepend_next_delivery": "New number!"})
    send(subscription_id=mary.pk)
    assert again(mary).metadata == {"prepend_next_delivery": "New number!"}

"""Opting out stops subscriptions, opting in lets them go on where they were."""

from __future__ import annotations

import pytest

from contacts.models import Address
from contacts.operations import opt_in, opt_out
from outbox.models import Delivery
from stagebased.models import Subscription
from tests.stagebased.conftest import DAY, MORNING, again, outcomes, person, texts, tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def mary(subscribe, pregnancy) -> Subscription:
    """On the pregnancy set, with one number, at the second message."""
    subscription = subscribe(pregnancy)
    tick(MORNING)
    return again(subscription)


def number(subscription: Subscription) -> tuple[str, str]:
    return ("msisdn", Address.objects.filter(contact=subscription.contact_id).earliest("pk").value)


def stop(subscription: Subscription) -> None:
    opt_out(kind="stop", source="sms", address=number(subscription))


def state(subscription: Subscription) -> tuple[bool, str]:
    again(subscription)
    return subscription.active, subscription.stopped


def test_stop_ends_the_subscription_and_what_is_queued(mary) -> None:
    stop(mary)
    assert state(mary) == (False, "opt_out")
    assert outcomes(mary) == [("cancelled", "opted_out")]
    tick(MORNING + DAY)
    assert outcomes(mary) == [("cancelled", "opted_out")]


def test_start_goes_on_where_it_was(mary) -> None:
    stop(mary)
    tick(MORNING + DAY)
    opt_in(source="sms", address=number(mary))
    assert state(mary) == (True, "")
    tick(MORNING + 2 * DAY)
    assert texts(mary) == ["Eat well"]


def test_with_a_second_number_messages_go_on_there(mary) -> None:
    stopped = number(mary)
    Address.objects.create(contact=mary.contact, value="+27820000999")
    opt_out(kind="stop", source="sms", address=stopped)
    assert state(mary) == (True, "")
    tick(MORNING + DAY)
    assert Delivery.objects.get(cause=mary.pk, state="queued").address == "+27820000999"


def test_stop_all_stops_all_numbers_and_all_sets(mary, subscribe, make_set) -> None:
    Address.objects.create(contact=mary.contact, value="+27820000999")
    other = subscribe(make_set("news", {1: "News"}), contact=mary.contact)
    opt_out(kind="stopall", source="api", contact_ids=[mary.contact_id])
    assert state(mary) == state(other) == (False, "opt_out")


def test_one_programme_ends_and_the_others_go_on(mary, subscribe, make_set) -> None:
    news = subscribe(make_set("news", {1: "News"}), contact=mary.contact)
    opt_out(kind="unsubscribe", source="sms", contact_ids=[mary.contact_id], programme="pregnancy")
    assert (state(mary), state(news)) == ((False, "opt_out"), (True, ""))
    assert outcomes(mary) == [("cancelled", "opted_out")]
    tick(MORNING + DAY)
    assert texts(news) == ["News"]


def test_a_programme_is_its_first_set_and_those_that_follow(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    make_set("birth", {1: "Hello"}, next_set=baby)
    jane = subscribe(baby)
    opt_out(kind="unsubscribe", source="sms", contact_ids=[jane.contact_id], programme="birth")
    assert state(jane) == (False, "opt_out")


def test_leaving_a_programme_also_stops_the_last_message_of_a_set_that_has_ended(subscribe, make_set) -> None:
    birth = make_set("birth", {1: "Hello"}, next_set=make_set("baby", {1: "Vaccinate"}))
    jane, mary = subscribe(birth), subscribe(birth)
    tick(MORNING)
    opt_out(kind="unsubscribe", source="sms", contact_ids=[jane.contact_id], programme="birth")
    opt_out(kind="unsubscribe", source="sms", contact_ids=[mary.contact_id], programme="baby")
    assert outcomes(jane) == [("cancelled", "opted_out")]
    # What she left is the set after it.
    assert outcomes(mary) == [("queued", "")]


def test_a_programme_left_beforehand_does_not_begin_by_itself(subscribe, make_set) -> None:
    """Somebody expecting wants nothing about the baby: the set before goes on, the next does not begin."""
    toddler = make_set("toddler", {1: "Read"})
    baby = make_set("baby", {1: "Vaccinate"}, next_set=toddler)
    jane = subscribe(make_set("birth", {1: "Hello"}, next_set=baby))
    opt_out(kind="unsubscribe", source="sms", contact_ids=[jane.contact_id], programme="baby")
    tick(MORNING)
    assert texts(jane) == ["Hello"]
    after = Subscription.objects.get(continues=jane)
    assert (after.messageset, state(after)) == (baby, (False, "opt_out"))
    tick(MORNING + DAY)
    assert outcomes(after) == []
    opt_in(source="sms", contact_ids=[jane.contact_id], programme="baby")
    tick(MORNING + 2 * DAY)
    assert (state(after), texts(after)) == ((False, ""), ["Vaccinate"])


def test_an_opt_out_that_was_taken_back_holds_nothing(subscribe, make_set) -> None:
    jane = subscribe(make_set("birth", {1: "Hello"}, next_set=make_set("baby", {1: "Vaccinate"})))
    opt_out(kind="unsubscribe", source="sms", contact_ids=[jane.contact_id], programme="baby")
    opt_in(source="sms", contact_ids=[jane.contact_id], programme="baby")
    tick(MORNING)
    assert state(Subscription.objects.get(continues=jane)) == (True, "")


def test_starting_again_does_not_restart_a_programme_left_for_itself(mary, subscribe, make_set) -> None:
    news = subscribe(make_set("news", {1: "News"}), contact=mary.contact)
    opt_out(kind="unsubscribe", source="sms", contact_ids=[mary.contact_id], programme="news")
    stop(mary)
    opt_in(source="sms", contact_ids=[mary.contact_id])
    assert (state(mary), state(news)) == ((True, ""), (False, "opt_out"))
    opt_in(source="sms", contact_ids=[mary.contact_id], programme="news")
    assert state(news) == (True, "")


def test_coming_back_to_a_programme_does_not_undo_a_stop(mary) -> None:
    opt_out(kind="unsubscribe", source="sms", contact_ids=[mary.contact_id], programme="pregnancy")
    stop(mary)
    opt_in(source="sms", contact_ids=[mary.contact_id], programme="pregnancy")
    assert state(mary) == (False, "opt_out")


@pytest.mark.parametrize("fields", [{"active": False, "stopped": "paused"}, {"active": False}])
def test_what_staff_stopped_stays_stopped(subscribe, pregnancy, fields) -> None:
    mary = subscribe(pregnancy, **fields)
    stop(mary)
    opt_in(source="sms", contact_ids=[mary.contact_id])
    assert again(mary).active is False


def test_a_completed_one_stays_completed(subscribe, make_set) -> None:
    mary = subscribe(make_set("short", {1: "Hello"}))
    tick(MORNING)
    stop(mary)
    opt_in(source="sms", contact_ids=[mary.contact_id])
    again(mary)
    assert (mary.completed, mary.active, mary.stopped) == (True, False, "")


def test_who_is_reached_through_somebody_stops_with_them(subscribe, pregnancy) -> None:
    mother = person("+27820000111")
    child = subscribe(pregnancy, contact=person(communicate_through=mother))
    opt_out(kind="stopall", source="api", contact_ids=[mother.pk])
    assert state(child) == (False, "opt_out")
    opt_in(source="api", contact_ids=[mother.pk])
    assert state(child) == (True, "")


def test_being_forgotten_stops_everything_and_blanks_what_the_hub_told(mary) -> None:
    Subscription.objects.update(metadata={"msisdn": "+27820000001"})
    opt_out(kind="forget", source="api", contact_ids=[mary.contact_id])
    assert state(mary) == (False, "opt_out")
    assert mary.metadata is None


def test_the_cost_does_not_grow_with_other_people(
    mary, subscribe, pregnancy, django_assert_max_num_queries
) -> None:
    for _ in range(5):
        subscribe(pregnancy)
    with django_assert_max_num_queries(25):
        stop(mary)

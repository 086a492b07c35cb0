"""Stopping after too many messages in a row that did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from contacts.models import Address
from contacts.operations import add_address, replace_addresses
from contacts.operations.addresses import AddressRecord
from outbox import operations as outbox
from outbox.models import Delivery
from outbox.operations import Failure
from outbox.signals import deliveries_changed
from stagebased import tasks
from stagebased.models import Change, MessageSet, Subscription
from stagebased.operations.audit import NOBODY
from stagebased.operations.failures import stop_after_failures
from stagebased.operations.stopping import resume
from stagebased.operations.which import Which
from stagebased.receivers import stop_after_failures as hear
from tests.stagebased.conftest import DAY, HOUR, MORNING, again, deliveries, person, tick

pytestmark = pytest.mark.django_db
TEN = {number: f"Message {number}" for number in range(1, 11)}


@pytest.fixture
def strict(make_set) -> MessageSet:
    """Gives up after three."""
    return make_set("strict", TEN, stop_after_failures=3)


@pytest.fixture
def mary(subscribe, strict) -> Subscription:
    return subscribe(strict)


@pytest.fixture
def day(django_capture_on_commit_callbacks) -> Callable[..., None]:
    """Plan a day's slot and let its messages fare as said, in order of the subscriptions."""

    def day(number: int, *fates: str) -> None:
        tick(MORNING + number * DAY)
        new = Delivery.objects.filter(state="queued", created_at=MORNING + number * DAY)
        for row, fate in zip(new.order_by("cause"), fates, strict=True):
            with django_capture_on_commit_callbacks(execute=True):
                happen(row, fate, MORNING + number * DAY + HOUR)

    return day


def happen(row: Delivery, fate: str, at) -> None:
    Delivery.objects.filter(pk=row.pk, state="queued").update(state="handed", claimed_at=at, handed_at=at)
    if fate == "failed":
        outbox.record_failed(failures={row.pk: Failure(at, "cms_error", "CMS ERROR: 500")})
    elif fate == "sent":
        outbox.record_sent(times={row.pk: at})
    elif fate == "delivered":
        outbox.record_delivered(times={row.pk: at})


def state(subscription: Subscription) -> tuple[bool, str]:
    again(subscription)
    return subscription.active, subscription.stopped


def test_the_third_failure_in_a_row_stops_it(mary, day) -> None:
    day(0, "failed")
    day(1, "failed")
    assert state(mary) == (True, "")
    day(2, "failed")
    assert state(mary) == (False, "failures")
    tick(MORNING + 3 * DAY)
    assert len(deliveries(mary)) == 3


@pytest.mark.parametrize("fate", ["delivered", "sent"])
def test_one_that_gets_through_begins_the_count_anew(mary, day, fate) -> None:
    for number, one in enumerate(["failed", "failed", fate, "failed", "failed"]):
        day(number, one)
    assert state(mary) == (True, "")
    day(5, "failed")
    assert state(mary) == (False, "failures")


def test_a_report_that_takes_back_what_was_sent_counts(mary, day, django_capture_on_commit_callbacks) -> None:
    for number, fate in enumerate(["failed", "sent", "failed"]):
        day(number, fate)
    assert state(mary) == (True, "")
    with django_capture_on_commit_callbacks(execute=True):
        outbox.record_failed(failures={deliveries(mary)[1].pk: Failure(MORNING + 3 * DAY, "report")})
    assert state(mary) == (False, "failures")


def test_what_is_still_under_way_neither_counts_nor_breaks_the_row(mary, day) -> None:
    for number, fate in enumerate(["failed", "failed", "handed"]):
        day(number, fate)
    assert state(mary) == (True, "")
    day(3, "failed")
    assert state(mary) == (False, "failures")


def test_slots_without_a_message_are_not_the_telephone_s_fault(subscribe, strict) -> None:
    nobody, foreigner = subscribe(strict, contact=person()), subscribe(strict, lang="zul_ZA")
    for number in range(5):
        tick(MORNING + number * DAY)
    assert stop_after_failures(now=MORNING + 5 * DAY, since=MORNING) == []
    assert state(nobody) == state(foreigner) == (True, "")


def test_a_set_without_the_rule_never_gives_up(subscribe, pregnancy, strict, day) -> None:
    mary = subscribe(pregnancy)
    for number in range(3):
        day(number, "failed")
    assert (again(mary).completed, mary.stopped) == (True, "")


def test_each_set_has_its_own_patience(subscribe, make_set, day) -> None:
    one, two = (subscribe(make_set(f"set {n}", TEN, stop_after_failures=n)) for n in (1, 2))
    day(0, "failed", "failed")
    assert (state(one), state(two)) == ((False, "failures"), (True, ""))


def test_others_go_on(mary, subscribe, strict, day) -> None:
    jane = subscribe(strict)
    first, second = sorted([mary, jane], key=lambda one: one.pk)
    for number in range(3):
        day(number, "failed", "delivered")
    assert (state(first), state(second)) == ((False, "failures"), (True, ""))


def test_what_waits_is_cancelled_and_the_reason_on_record(mary, day) -> None:
    day(0, "failed")
    day(1, "failed")
    tick(MORNING + 2 * DAY)
    waiting = deliveries(mary)[-1]
    MessageSet.objects.update(stop_after_failures=2)
    stop_after_failures(now=MORNING + 2 * DAY, since=MORNING)

    assert again(waiting).state == "cancelled"
    row = Change.objects.get()
    assert (row.kind, row.source, row.created_by) == ("stop", "planner", None)
    assert row.after == {"stopped": "failures", "failures": 2}


def test_news_that_nobody_heard_is_found_before_the_next_slot(mary, day, time_machine) -> None:
    deliveries_changed.disconnect(dispatch_uid="stagebased.stop_after_failures")
    try:
        for number in range(3):
            day(number, "failed")
    finally:
        deliveries_changed.connect(hear, dispatch_uid="stagebased.stop_after_failures")
    assert state(mary) == (True, "")
    time_machine.move_to(MORNING + 3 * DAY, tick=False)
    tasks.plan()
    assert state(mary) == (False, "failures")
    assert len(deliveries(mary)) == 3


# --- Going on ---------------------------------------------------------------------------------


@pytest.fixture
def given_up(mary, day) -> Subscription:
    for number in range(3):
        day(number, "failed")
    return again(mary)


def test_staff_let_it_go_on_and_the_count_begins_anew(given_up, day) -> None:
    now = MORNING + 2 * DAY + 2 * HOUR
    assert resume(which=Which(contact_id=given_up.contact_id), author=NOBODY, now=now) == [given_up]
    day(3, "failed")
    day(4, "failed")
    assert state(given_up) == (True, "")
    day(5, "failed")
    assert state(given_up) == (False, "failures")


def test_a_new_number_lets_it_go_on_by_itself(given_up) -> None:
    add_address(contact_id=given_up.contact_id, kind="msisdn", value="+27820000901", is_default=True)
    assert state(given_up) == (True, "")
    tick(MORNING + 3 * DAY)
    assert deliveries(given_up)[-1].address == "+27820000901"
    assert list(Change.objects.values_list("kind", "source")) == [("resume", "contacts"), ("stop", "planner")]


def test_so_does_one_that_is_taken_into_use_again(given_up) -> None:
    address = Address.objects.get(contact=given_up.contact)
    as_it_is = AddressRecord("msisdn", address.value, inactive=True)
    replace_addresses(contact_id=given_up.contact_id, records=[as_it_is])
    assert state(given_up) == (False, "failures")
    replace_addresses(contact_id=given_up.contact_id, records=[AddressRecord("msisdn", address.value)])
    assert state(given_up) == (True, "")


def test_and_one_of_the_person_they_are_reached_through(given_up) -> None:
    other = person()
    given_up.contact.communicate_through = other
    given_up.contact.save()
    add_address(contact_id=other.pk, kind="msisdn", value="+27820000901")
    assert state(given_up) == (True, "")


def test_a_pause_is_not_ended_by_a_new_number(mary) -> None:
    Subscription.objects.update(active=False, stopped="paused")
    add_address(contact_id=mary.contact_id, kind="msisdn", value="+27820000901")
    assert state(mary) == (False, "paused")


# --- Cost -------------------------------------------------------------------------------------


def test_many_are_stopped_at_the_price_of_one(subscribe, strict, django_assert_max_num_queries) -> None:
    for _ in range(30):
        subscribe(strict)
    MessageSet.objects.update(stop_after_failures=1)
    tick(MORNING)
    Delivery.objects.update(state="failed", claimed_at=MORNING, ended_at=MORNING)
    with django_assert_max_num_queries(12):
        found = stop_after_failures(now=MORNING + HOUR, since=MORNING - timedelta(minutes=1))
    assert len(found) == 30


def test_without_a_rule_news_costs_one_statement(subscribe, pregnancy, django_assert_num_queries) -> None:
    subscribe(pregnancy)
    tick(MORNING)
    with django_assert_num_queries(1):
        assert stop_after_failures(now=MORNING, delivery_ids=[uuid4()]) == []

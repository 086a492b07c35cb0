"""Those who are behind, kept as rows and brought up to date; how many are due on a day."""

from __future__ import annotations

from datetime import date

import pytest

from outbox.models import Delivery
from stagebased import tasks
from stagebased.models import BehindSubscription, Change, MessageSet, Schedule, SendEstimate, Subscription
from stagebased.operations import catching_up
from stagebased.operations.audit import Author
from stagebased.operations.catching_up import CaughtUp
from stagebased.operations.estimates import estimate
from tests.stagebased.conftest import DAY, HOUR, MORNING, again, person, texts, utc

pytestmark = pytest.mark.django_db
STAFF = Author(source="admin", reason="after the outage")
NOW = MORNING + DAY + HOUR


@pytest.fixture
def mary(subscribe, pregnancy) -> Subscription:
    """Two behind."""
    return subscribe(pregnancy, created_at=MORNING - HOUR)


@pytest.fixture
def found(mary) -> BehindSubscription:
    assert catching_up.find(now=NOW) == 1
    return BehindSubscription.objects.get()


def test_what_was_found_is_kept(found, mary, pregnancy) -> None:
    assert (found.subscription, found.messages_behind, found.created_at) == (mary, 2, NOW)
    assert (found.current_messageset, found.current_sequence_number) == (pregnancy, 1)
    assert (found.expected_messageset, found.expected_sequence_number) == (pregnancy, 3)


def test_each_look_replaces_the_one_before(found, mary) -> None:
    Subscription.objects.update(next_sequence_number=2)
    catching_up.find(now=NOW + HOUR)
    assert BehindSubscription.objects.get().messages_behind == 1
    Subscription.objects.update(active=False)
    assert catching_up.find(now=NOW + HOUR) == 0
    assert not BehindSubscription.objects.exists()


def test_the_clock_looks_too(mary, time_machine) -> None:
    time_machine.move_to(NOW, tick=False)
    tasks.find_behind()
    assert BehindSubscription.objects.count() == 1


def test_they_are_brought_where_they_should_be_without_a_message(found, mary, alice) -> None:
    done = catching_up.fast_forward_all(author=Author("api", alice, "outage"), now=NOW)
    assert done == CaughtUp(done=1)
    assert again(mary).next_sequence_number == 3
    assert not Delivery.objects.exists()
    assert Change.objects.get().created_by == alice
    assert catching_up.find(now=NOW) == 0


def test_each_gets_one_message_for_each_look(found, mary) -> None:
    assert catching_up.send_one_to_each(now=NOW) == CaughtUp(done=1)
    assert catching_up.send_one_to_each(now=NOW) == CaughtUp()
    assert (texts(mary), again(mary).next_sequence_number) == (["Welcome"], 2)
    assert catching_up.find(now=NOW) == 1
    catching_up.send_one_to_each(now=NOW + HOUR)
    assert texts(mary) == ["Welcome", "Eat well"]


def test_who_was_stopped_or_cannot_be_reached_is_told_apart(found, mary, subscribe, pregnancy) -> None:
    subscribe(pregnancy, created_at=MORNING - HOUR, contact=person())
    catching_up.find(now=NOW)
    Subscription.objects.filter(pk=mary.pk).update(active=False, stopped="paused")
    assert catching_up.send_one_to_each(now=NOW) == CaughtUp(refused=2)
    assert texts(mary) == []


def test_some_at_a_time(subscribe, pregnancy, monkeypatch) -> None:
    for _ in range(5):
        subscribe(pregnancy, created_at=MORNING - HOUR)
    catching_up.find(now=NOW)
    monkeypatch.setattr(catching_up, "BITE", 2)
    assert catching_up.fast_forward_all(author=STAFF, now=NOW, most=3) == CaughtUp(done=3, left=2)
    assert catching_up.fast_forward_all(author=STAFF, now=NOW, most=3) == CaughtUp(done=2)


def test_two_at_once_send_one(found, mary) -> None:
    keys = [mary.pk]
    assert catching_up._take(keys) == keys
    assert catching_up._take(keys) == []


# --- How many are due --------------------------------------------------------------------------


def estimates() -> dict[str, tuple[int, int]]:
    rows = SendEstimate.objects.select_related("messageset")
    return {row.messageset.short_name: (row.subscriptions, row.identities) for row in rows}


def test_an_estimate_counts_subscriptions_and_people_of_each_set(subscribe, pregnancy, make_set) -> None:
    mary = subscribe(pregnancy)
    subscribe(pregnancy, contact=mary.contact)
    subscribe(pregnancy)
    subscribe(make_set("news", {1: "News"}))
    subscribe(pregnancy, active=False)
    subscribe(pregnancy, process_status=-1)
    assert estimate(now=MORNING) == 2
    assert estimates() == {"pregnancy": (3, 2), "news": (1, 1)}
    assert {row.date for row in SendEstimate.objects.all()} == {date(2026, 6, 10)}


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ({"day_of_week": "1-3"}, True),
        ({"day_of_week": "mon-fri"}, True),
        ({"day_of_week": "6-1"}, False),
        ({"day_of_week": "7"}, False),
        ({"day_of_month": "8-12"}, True),
        ({"day_of_month": "1-9,11-31"}, False),
        ({"day_of_month": "*/5"}, False),
        ({"day_of_month": "1", "day_of_week": "3"}, True),
        ({"hour": "0", "minute": "0"}, True),
        ({"hour": "23", "minute": "59"}, True),
        ({"hour": "1", "timezone": "Asia/Tokyo", "day_of_week": "3"}, False),
        ({"hour": "1", "timezone": "Asia/Tokyo", "day_of_week": "4"}, True),
    ],
)
def test_ranges_names_and_zones_are_understood(subscribe, pregnancy, cron, due) -> None:
    """The day is Wednesday, the tenth of June, in UTC."""
    subscribe(pregnancy)
    Schedule.objects.update(**cron)
    estimate(now=MORNING)
    assert estimates() == ({"pregnancy": (1, 1)} if due else {})


def test_schedules_in_people_s_own_zones(subscribe, pregnancy) -> None:
    Schedule.objects.update(hour="23", day_of_week="3", in_contact_timezone=True)
    subscribe(pregnancy)
    subscribe(pregnancy, contact=person("+1", timezone="Asia/Tokyo"))
    # Eleven at night in New York is already Thursday in UTC.
    subscribe(pregnancy, contact=person("+2", timezone="America/New_York"))
    estimate(now=MORNING)
    assert estimates() == {"pregnancy": (2, 2)}
    estimate(now=MORNING + DAY)
    assert SendEstimate.objects.get(date=date(2026, 6, 11)).subscriptions == 1


def test_done_again_on_the_same_day_it_replaces_the_numbers(subscribe, pregnancy, make_set) -> None:
    mary = subscribe(pregnancy)
    subscribe(make_set("news", {1: "News"}))
    estimate(now=MORNING)
    MessageSet.objects.filter(short_name="news").get().subscriptions.all().delete()
    subscribe(pregnancy, contact=mary.contact)
    estimate(now=MORNING + HOUR)
    assert estimates() == {"pregnancy": (2, 1)}
    estimate(now=MORNING + DAY)
    assert SendEstimate.objects.count() == 2


def test_who_waits_for_a_date_is_not_due_before(subscribe, pregnancy) -> None:
    subscribe(pregnancy, last_slot_at=MORNING + 5 * DAY)
    estimate(now=MORNING)
    assert estimates() == {}
    estimate(now=utc(2026, 6, 16))
    assert estimates() == {"pregnancy": (1, 1)}


def test_a_schedule_that_means_nothing_is_passed_over(subscribe, pregnancy) -> None:
    subscribe(pregnancy)
    Schedule.objects.update(hour="banana")
    assert estimate(now=MORNING) == 0

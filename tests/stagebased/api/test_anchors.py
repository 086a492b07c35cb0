"""Subscriptions that follow a due date or a birth, through the API."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from outbox.models import Delivery
from stagebased.models import Change, Message, MessageSet, Subscription
from tests.stagebased.conftest import DAY, HOUR, utc

#: A Wednesday; the schedule's slots are on Mondays and Wednesdays at eight.
NOW = utc(2026, 6, 10, 7)
#: The set begins 245 days before the date: on Monday, the first of June.
DUE = date(2026, 6, 1) + timedelta(days=245)


@pytest.fixture(autouse=True)
def today(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def dated(prebirth) -> MessageSet:
    prebirth.starts_after = -245
    prebirth.save()
    Message.objects.bulk_create(
        Message(messageset=prebirth, sequence_number=n, lang="eng_ZA", text_content=f"Message {n}")
        for n in range(1, 41)
    )
    return prebirth


@pytest.fixture
def mary(as_alice, dated, wish) -> str:
    """The URL of a subscription that follows a date; three slots are over."""
    return as_alice.post("/api/v1/subscriptions/", {**wish, "anchor_date": DUE.isoformat()}).json()["url"]


def test_a_date_says_where_somebody_begins(as_alice, mary) -> None:
    found = as_alice.get(mary).json()
    assert (found["anchor_date"], found["next_sequence_number"], found["initial_sequence_number"]) == (
        "2027-02-01",
        4,
        4,
    )


def test_a_hub_s_webhook_may_bring_a_date(as_alice, dated, request_body) -> None:
    request_body["data"]["anchor_date"] = DUE.isoformat()
    for _ in range(2):
        assert as_alice.post("/api/v1/subscriptions/request", request_body).json() == {"accepted": True}
    assert Subscription.objects.values_list("next_sequence_number", "anchor_date").get() == (4, DUE)


def test_a_date_that_is_over_is_refused_in_the_webhook_s_own_form(as_alice, dated, request_body) -> None:
    request_body["data"]["anchor_date"] = "2020-01-01"
    answer = as_alice.post("/api/v1/subscriptions/request", request_body)
    assert answer.status_code == 400
    assert answer.json() == {"accepted": False, "anchor_date": ["The programme is over for this date."]}


def test_a_corrected_date_moves_it_on_record(as_alice, alice, mary) -> None:
    answer = as_alice.patch(mary, {"anchor_date": (DUE - timedelta(days=14)).isoformat()})

    assert (answer.status_code, answer.json()["next_sequence_number"]) == (200, 8)
    row = Change.objects.get()
    assert (row.kind, row.created_by, row.source) == ("date", alice, "api")


def test_the_whole_record_sent_back_changes_nothing(as_alice, mary) -> None:
    before = as_alice.get(mary).json()
    after = as_alice.put(mary, before).json()
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}
    assert not Change.objects.exists()


def test_a_record_that_has_ended_can_be_sent_back_too(as_alice, mary) -> None:
    Subscription.objects.update(active=False, completed=True)
    assert as_alice.put(mary, as_alice.get(mary).json()).status_code == 200
    assert as_alice.patch(mary, {"anchor_date": "2027-03-01"}).status_code == 400


def test_without_its_date_it_goes_on_by_itself(as_alice, mary) -> None:
    answer = as_alice.patch(mary, {"anchor_date": None})
    assert (answer.json()["anchor_date"], answer.json()["next_sequence_number"]) == (None, 4)
    assert Subscription.objects.get().anchor_set is None
    assert Change.objects.get().after["anchor_date"] is None


def test_one_that_went_by_itself_may_follow_a_date_from_now_on(as_alice, dated, make_subscription) -> None:
    url = f"/api/v1/subscriptions/{make_subscription().pk}/"
    answer = as_alice.patch(url, {"anchor_date": DUE.isoformat()})
    assert (answer.json()["anchor_date"], answer.json()["next_sequence_number"]) == ("2027-02-01", 4)


def test_on_another_set_the_old_date_says_nothing(as_alice, mary, schedule) -> None:
    other = MessageSet.objects.create(short_name="other", default_schedule=schedule)
    found = as_alice.patch(mary, {"messageset": other.pk, "next_sequence_number": 2}).json()
    assert (found["messageset"], found["anchor_date"], found["next_sequence_number"]) == (other.pk, None, 2)


def test_switched_on_again_it_is_where_the_date_is_by_then(as_alice, mary, time_machine) -> None:
    as_alice.patch(mary, {"active": False})
    time_machine.move_to(NOW + 14 * DAY, tick=False)
    assert as_alice.patch(mary, {"active": True}).json()["next_sequence_number"] == 8
    assert not Delivery.objects.exists()


def test_a_chain_that_was_led_elsewhere_is_no_error(as_alice, mary, dated, schedule, time_machine) -> None:
    other = MessageSet.objects.create(short_name="other", default_schedule=schedule)
    Subscription.objects.update(messageset=other)
    as_alice.patch(mary, {"active": False})
    time_machine.move_to(NOW + HOUR, tick=False)
    assert as_alice.patch(mary, {"active": True}).json()["next_sequence_number"] == 4
    assert as_alice.patch(mary, {"anchor_date": "2027-03-01"}).status_code == 400

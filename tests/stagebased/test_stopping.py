"""Pausing subscriptions, for a while or until somebody resumes them."""

from __future__ import annotations

import pytest

from contacts.operations import opt_in, opt_out
from stagebased import tasks
from stagebased.errors import Refused
from stagebased.models import Change, Subscription
from stagebased.operations.audit import Author
from stagebased.operations.stopping import pause, resume, resume_due
from stagebased.operations.which import Which
from tests.stagebased.conftest import DAY, HOUR, MINUTE, MORNING, again, outcomes, texts, tick

pytestmark = pytest.mark.django_db
STAFF = Author(source="admin", reason="travelling")


@pytest.fixture
def mary(subscribe, pregnancy) -> Subscription:
    return subscribe(pregnancy)


def state(subscription: Subscription) -> tuple[bool, str]:
    again(subscription)
    return subscription.active, subscription.stopped


def test_a_pause_cancels_what_waits_and_lasts_until_it_is_lifted(mary) -> None:
    tick(MORNING)
    assert len(pause(which=Which(subscription_ids=[mary.pk]), author=STAFF, now=MORNING)) == 1
    assert outcomes(mary) == [("cancelled", "subscription_stopped")]
    tick(MORNING + DAY)
    assert len(resume(which=Which(subscription_ids=[mary.pk]), author=STAFF)) == 1
    tick(MORNING + 2 * DAY)
    assert texts(mary) == ["Eat well"]


def test_a_pause_also_stops_the_last_message_of_a_set_that_has_ended(subscribe, make_set) -> None:
    first = subscribe(make_set("first", {1: "Nearly there"}, next_set=make_set("second", {1: "Hello"})))
    tick(MORNING)
    assert len(pause(which=Which(contact_id=first.contact_id), author=STAFF, now=MORNING)) == 1
    assert outcomes(first) == [("cancelled", "subscription_stopped")]


def test_a_pause_with_an_end_ends_by_itself(mary, time_machine) -> None:
    pause(
        which=Which(subscription_ids=[mary.pk]), author=STAFF, until=MORNING + DAY - HOUR, now=MORNING - HOUR
    )
    for moment in (MORNING, MORNING + DAY - 2 * HOUR):
        time_machine.move_to(moment, tick=False)
        tasks.plan()
    assert (state(mary), outcomes(mary)) == ((False, "paused"), [])
    for moment in (MORNING + DAY - HOUR, MORNING + DAY):
        time_machine.move_to(moment, tick=False)
        tasks.plan()
    assert (state(mary), texts(mary)) == ((True, ""), ["Welcome"])
    assert mary.paused_until is None


def test_a_pause_can_be_made_longer(mary) -> None:
    pause(which=Which(subscription_ids=[mary.pk]), author=STAFF, until=MORNING + HOUR, now=MORNING)
    pause(which=Which(subscription_ids=[mary.pk]), author=STAFF, until=MORNING + DAY, now=MORNING + MINUTE)
    assert resume_due(now=MORNING + 2 * HOUR) == 0
    assert resume_due(now=MORNING + DAY) == 1


def test_an_end_that_has_passed_is_refused(mary) -> None:
    with pytest.raises(Refused) as caught:
        pause(which=Which(subscription_ids=[mary.pk]), author=STAFF, until=MORNING, now=MORNING)
    assert "until" in caught.value.errors
    assert state(mary) == (True, "")


def test_an_opt_out_during_a_pause_leaves_it_to_staff_to_resume(mary) -> None:
    pause(which=Which(subscription_ids=[mary.pk]), author=STAFF)
    opt_out(kind="stopall", source="sms", contact_ids=[mary.contact_id])
    opt_in(source="sms", contact_ids=[mary.contact_id])
    assert state(mary) == (False, "paused")


@pytest.mark.parametrize("word", [{"kind": "stopall"}, {"kind": "unsubscribe", "programme": "pregnancy"}])
def test_a_pause_ends_in_silence_for_who_has_opted_out_meanwhile(mary, word) -> None:
    pause(which=Which(subscription_ids=[mary.pk]), author=STAFF, until=MORNING + DAY, now=MORNING)
    opt_out(source="sms", contact_ids=[mary.contact_id], **word)
    assert resume_due(now=MORNING + DAY) == 0
    assert state(mary) == (False, "opt_out")
    assert mary.paused_until is None
    programme = {"programme": word["programme"]} if "programme" in word else {}
    opt_in(source="sms", contact_ids=[mary.contact_id], **programme)
    assert state(mary) == (True, "")


@pytest.mark.parametrize(
    "fields", [{"active": False, "stopped": "opt_out"}, {"completed": True, "active": False}]
)
def test_what_does_not_run_is_neither_paused_nor_resumed(subscribe, pregnancy, fields) -> None:
    jane = subscribe(pregnancy, **fields)
    assert pause(which=Which(subscription_ids=[jane.pk]), author=STAFF) == []
    assert resume(which=Which(subscription_ids=[jane.pk]), author=STAFF) == []
    assert not Change.objects.exists()


def test_who_paused_and_resumed_is_on_record(mary, alice) -> None:
    pause(
        which=Which(subscription_ids=[mary.pk]),
        author=Author("admin", alice, "travelling"),
        until=MORNING + DAY,
        now=MORNING,
    )
    resume_due(now=MORNING + DAY)
    resumed, paused = Change.objects.all()
    assert (paused.kind, paused.created_by, paused.reason) == ("pause", alice, "travelling")
    assert paused.after == {"until": "2026-06-11T08:00:00+00:00"}
    assert (resumed.kind, resumed.source, resumed.created_by) == ("resume", "planner", None)
    assert again(mary).updated_by is None


def test_pausing_many_costs_as_much_as_pausing_one(
    subscribe, pregnancy, django_assert_max_num_queries
) -> None:
    people = [subscribe(pregnancy).pk for _ in range(30)]
    tick(MORNING)
    with django_assert_max_num_queries(12):
        assert len(pause(which=Which(subscription_ids=people), author=STAFF)) == 30

"""Bringing subscriptions to where they should be, without sending anything."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from contacts.operations import opt_out
from stagebased.errors import Refused
from stagebased.models import Change, Schedule, Subscription
from stagebased.operations.audit import Author
from stagebased.operations.forward import _Calendars, fast_forward, rewind
from stagebased.operations.which import Which
from stagebased.simulation import Path, walk
from stagebased.steps import Programme, Start, pass_by
from tests.stagebased.conftest import DAY, HOUR, MORNING, deliveries, texts, tick, utc

pytestmark = pytest.mark.django_db
STAFF = Author(source="admin", reason="after the outage")


def forward(subscription: Subscription, now: datetime) -> Subscription:
    which = Which(subscription_ids=[subscription.pk])
    return next(iter(fast_forward(which=which, author=STAFF, now=now)), subscription)


def test_fast_forward_moves_by_the_slots_since_the_beginning(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, created_at=MORNING - HOUR)
    assert forward(mary, MORNING + DAY).next_sequence_number == 3
    assert deliveries(mary) == []
    tick(MORNING + 2 * DAY)
    assert texts(mary) == ["Nearly there"]


def test_fast_forward_begins_where_the_subscription_began(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, initial_sequence_number=2, created_at=MORNING - HOUR)
    assert forward(mary, MORNING).next_sequence_number == 3


def test_nobody_is_moved_back(subscribe, pregnancy) -> None:
    ahead = subscribe(pregnancy, next_sequence_number=3, created_at=MORNING - HOUR)
    assert forward(ahead, MORNING).next_sequence_number == 3


def test_fast_forward_goes_on_through_the_sets_that_follow(subscribe, make_set) -> None:
    child = make_set("child", {1: "Walk", 2: "Talk"})
    baby = make_set("baby", {1: "Vaccinate"}, next_set=child)
    mary = subscribe(make_set("pregnancy", {1: "a", 2: "b"}, next_set=baby), created_at=MORNING - HOUR)
    now_on = forward(mary, MORNING + 3 * DAY)
    assert (now_on.messageset, now_on.next_sequence_number, now_on.active) == (child, 2, True)
    chain = Subscription.objects.order_by("created_at").values_list("messageset__short_name", "completed")
    assert list(chain) == [("pregnancy", True), ("baby", True), ("child", False)]
    assert now_on.created_at == MORNING + 2 * DAY


def test_fast_forward_to_the_very_end_completes(subscribe, pregnancy) -> None:
    mary = forward(subscribe(pregnancy, created_at=MORNING - HOUR), MORNING + timedelta(days=99))
    assert (mary.completed, mary.active, mary.process_status, mary.next_sequence_number) == (
        True,
        False,
        2,
        3,
    )
    assert forward(mary, utc(2030, 1, 1)).pk == mary.pk


def test_who_was_stopped_stays_stopped_in_the_next_set(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    mary = subscribe(
        make_set("pregnancy", {1: "a"}, next_set=baby),
        created_at=MORNING - HOUR,
        active=False,
        stopped="opt_out",
    )
    after = forward(mary, MORNING)
    assert (after.messageset, after.active, after.stopped) == (baby, False, "opt_out")


def test_a_programme_that_was_left_does_not_begin(subscribe, make_set) -> None:
    mary = subscribe(
        make_set("birth", {1: "a"}, next_set=make_set("baby", {1: "b", 2: "c"})), created_at=MORNING - HOUR
    )
    opt_out(kind="unsubscribe", source="sms", contact_ids=[mary.contact_id], programme="baby")
    now_on = forward(mary, MORNING + DAY)
    assert (now_on.continues, now_on.active, now_on.stopped) == (mary, False, "opt_out")


def test_who_is_where_they_should_be_is_left_alone(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, created_at=MORNING)
    assert fast_forward(which=Which(subscription_ids=[mary.pk]), author=STAFF, now=MORNING + HOUR) == []
    assert not Change.objects.exists()


def test_being_moved_is_on_record(subscribe, make_set, alice) -> None:
    baby = make_set("baby", {1: "Vaccinate", 2: "Play"})
    mary = subscribe(make_set("pregnancy", {1: "a"}, next_set=baby), created_at=MORNING - HOUR)
    author = Author("api", alice, "after the outage")
    [after] = fast_forward(which=Which(contact_id=mary.contact_id), author=author, now=MORNING + DAY)
    row = Change.objects.get()
    assert (row.kind, row.created_by, row.reason) == ("position", alice, "after the outage")
    assert (row.subscription, row.successor) == (mary, after)
    assert (row.before["messageset"], row.after["messageset"]) == (mary.messageset_id, baby.pk)


def test_what_waits_for_one_that_has_ended_is_cancelled(subscribe, make_set) -> None:
    mary = subscribe(make_set("two", {1: "a", 2: "b"}), created_at=MORNING - HOUR)
    tick(MORNING)
    forward(mary, MORNING + 9 * DAY)
    assert [one.state for one in deliveries(mary)] == ["cancelled"]


def test_those_that_follow_a_date_go_where_it_is(subscribe, make_set) -> None:
    dated = make_set("dated", {n: f"Message {n}" for n in range(1, 9)}, starts_after=0)
    anchor = (MORNING - DAY).date()
    mary = subscribe(dated, anchor_date=anchor, anchor_set=dated, created_at=MORNING - HOUR)
    assert forward(mary, MORNING + 2 * DAY + HOUR).next_sequence_number == 5
    assert Change.objects.get().kind == "position"


def test_many_are_moved_at_the_price_of_one(subscribe, pregnancy, django_assert_max_num_queries) -> None:
    people = [subscribe(pregnancy, created_at=MORNING - HOUR).pk for _ in range(30)]
    with django_assert_max_num_queries(20):
        moved = fast_forward(which=Which(subscription_ids=people), author=STAFF, now=MORNING + HOUR)
    assert len(moved) == 30


@settings(max_examples=150, deadline=None)
@given(
    sets=st.lists(st.lists(st.integers(1, 12), max_size=5, unique=True), min_size=1, max_size=4),
    position=st.integers(1, 14),
    hours=st.integers(0, 24 * 20),
)
def test_counting_gives_what_walking_slot_by_slot_gives(sets, position, hours) -> None:
    """The planner's rule, applied slot by slot, against the short cut."""
    schedule = Schedule(pk=1, minute="0", hour="8", planned_until=MORNING)
    programmes = {
        key: Programme(
            id=key,
            short_name=str(key),
            messages={number: {} for number in numbers},
            follow_up=Start(key + 1, 1, min(sets[key], default=1)) if key < len(sets) else None,
        )
        for key, numbers in enumerate(sets, 1)
    }
    path, now = Path(list(programmes), programmes, {1: schedule}), MORNING + hours * HOUR
    mary = Subscription(
        messageset_id=1, schedule_id=1, initial_sequence_number=position, created_at=MORNING - HOUR,
        contact=Contact(),
    )  # fmt: skip
    calendars = _Calendars(mary.created_at, now)
    calendars._paths[1, 1] = path
    *_, last = calendars.stations(mary)

    at, ended = Start(1, 1, position), False
    for send in walk(path, at, mary.created_at, "", pass_by):
        if send.due_at > now or ended:
            break
        ended = send.step.completes and send.step.follow_up is None
        at = (
            send.step.follow_up
            if send.step.completes and not ended
            else at._replace(messageset_id=send.programme.id, position=send.step.position)
        )
    assert (last.messageset_id, last.position, last.ended_at is not None) == (
        at.messageset_id, at.position, ended,
    )  # fmt: skip


# --- Back --------------------------------------------------------------------------------------


def back(subscription: Subscription, messages: int) -> list[Subscription]:
    which = Which(subscription_ids=[subscription.pk])
    return rewind(which=which, messages=messages, author=STAFF, now=MORNING + HOUR)


def test_going_back_repeats_messages(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=3)
    assert [one.next_sequence_number for one in back(mary, 1)] == [2]
    tick(MORNING + DAY)
    tick(MORNING + 2 * DAY)
    assert texts(mary) == ["Eat well", "Nearly there"]
    row = Change.objects.get()
    assert (row.kind, row.before["next_sequence_number"], row.after["next_sequence_number"]) == (
        "position", 3, 2,
    )  # fmt: skip


def test_numbers_that_are_missing_do_not_count(subscribe, make_set) -> None:
    mary = subscribe(make_set("gaps", {2: "a", 5: "b", 9: "c"}), next_sequence_number=9)
    assert back(mary, 2)[0].next_sequence_number == 2


def test_nobody_goes_back_beyond_the_first_message(subscribe, pregnancy) -> None:
    mary, new = subscribe(pregnancy, next_sequence_number=3), subscribe(pregnancy)
    assert back(mary, 50)[0].next_sequence_number == 1
    assert back(new, 1) == []
    with pytest.raises(Refused):
        back(mary, 0)


def test_an_empty_set_and_one_that_has_ended_have_no_way_back(subscribe, make_set, pregnancy) -> None:
    assert back(subscribe(make_set("empty", {}), next_sequence_number=4), 1) == []
    assert back(subscribe(pregnancy, active=False, completed=True, next_sequence_number=3), 1) == []

"""Stages in the middle of a set that people are on: nobody jumps, nobody hears one twice."""

from __future__ import annotations

from random import Random

import pytest

from audit.acting import Actor, acting
from audit.models import Entry
from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import Draft, Message, MessageSet, Subscription
from stagebased.operations.content import (
    Place,
    insert_stage,
    move_stage,
    publish,
    remove_stage,
    save_draft,
)
from stagebased.operations.send import resend
from stagebased.operations.subscribe import change_subscription
from tests.stagebased.conftest import DAY, MORNING, again, deliveries, texts, tick

pytestmark = pytest.mark.django_db
ENG = "eng_ZA"


@pytest.fixture
def alphabet(make_set) -> MessageSet:
    return make_set("alphabet", dict(enumerate("ABCDE", start=1)))


def said(messageset: MessageSet) -> str:
    """The set's texts in their order; the numbers have to be 1, 2, 3, …"""
    rows = list(messageset.messages.filter(lang=ENG).values_list("sequence_number", "text_content"))
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    return "".join(text for _, text in rows)


def run(days: range) -> None:
    for day in days:
        tick(MORNING + day * DAY)


def test_an_insertion_shifts_what_follows(alphabet) -> None:
    edition = insert_stage(message_set_id=alphabet.pk, at=2, texts={ENG: "x"})
    assert said(alphabet) == "AxBCDE"
    assert again(alphabet).edition == edition


def test_at_the_beginning_and_at_the_end(alphabet) -> None:
    insert_stage(message_set_id=alphabet.pk, at=1, texts={ENG: "x"})
    insert_stage(message_set_id=alphabet.pk, at=7, texts={ENG: "y"})
    assert said(alphabet) == "xABCDEy"


def test_all_languages_and_drafts_move_together(alphabet) -> None:
    Message.objects.create(messageset=alphabet, sequence_number=3, lang="zul_ZA", text_content="c")
    for number in (0, 2, 3, 6):
        save_draft(message_set_id=alphabet.pk, place=Place(number, ENG), text_content=f"draft {number}")
    insert_stage(message_set_id=alphabet.pk, at=3)
    assert alphabet.messages.get(lang="zul_ZA").sequence_number == 4
    moved = Draft.objects.order_by("sequence_number").values_list("sequence_number", "text_content")
    assert list(moved) == [(0, "draft 0"), (2, "draft 2"), (4, "draft 3"), (7, "draft 6")]
    publish(message_set_id=alphabet.pk)
    assert alphabet.messages.get(sequence_number=4, lang=ENG).text_content == "draft 3"


def test_everybody_hears_all_that_lies_ahead_and_nothing_twice(alphabet, subscribe) -> None:
    people = [subscribe(alphabet, next_sequence_number=number) for number in range(1, 6)]
    run(range(2))
    insert_stage(message_set_id=alphabet.pk, at=3, texts={ENG: "x"})
    run(range(2, 8))
    heard = ["".join(texts(one)) for one in people]
    assert heard == ["ABxCDE", "BCDE", "CDE", "DE", "E"]
    assert all(again(one).completed for one in people)


def test_who_waits_at_the_very_place_hears_the_new_one_next(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=3)
    insert_stage(message_set_id=alphabet.pk, at=3, texts={ENG: "x"})
    run(range(2))
    assert texts(mary) == ["x", "C"]


def test_room_without_a_text_is_passed_over_until_it_is_published(alphabet, subscribe) -> None:
    early, late = subscribe(alphabet), subscribe(alphabet)
    insert_stage(message_set_id=alphabet.pk, at=2)
    save_draft(message_set_id=alphabet.pk, place=Place(2, ENG), text_content="x")
    run(range(2))
    Subscription.objects.filter(pk=late.pk).update(next_sequence_number=1, last_slot_at=None)
    publish(message_set_id=alphabet.pk)
    run(range(2, 4))
    assert "".join(texts(early)) == "ABCD"
    assert "".join(texts(late)) == "ABAx"


def test_where_somebody_began_moves_along(alphabet, subscribe) -> None:
    waiting = subscribe(alphabet, initial_sequence_number=3, next_sequence_number=3)
    running = subscribe(alphabet, initial_sequence_number=3, next_sequence_number=5)
    before = subscribe(alphabet, initial_sequence_number=2, next_sequence_number=5)
    insert_stage(message_set_id=alphabet.pk, at=3)
    at = [
        (again(one).initial_sequence_number, one.next_sequence_number) for one in (waiting, running, before)
    ]
    assert at == [(3, 3), (4, 6), (2, 6)]


def test_a_completed_one_still_repeats_what_came_last(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=5)
    run(range(1))
    for at in (1, 6):
        insert_stage(message_set_id=alphabet.pk, at=at, texts={ENG: "x"})
    resend(subscription_id=mary.pk, now=MORNING + DAY)
    insert_stage(message_set_id=alphabet.pk, at=8, texts={ENG: "y"})
    resend(subscription_id=mary.pk, now=MORNING + 2 * DAY)
    assert texts(mary) == ["E", "E", "E"]


def test_people_on_other_sets_stay_where_they_are(alphabet, pregnancy, subscribe) -> None:
    mary = subscribe(pregnancy, next_sequence_number=3)
    insert_stage(message_set_id=alphabet.pk, at=1)
    assert again(mary).next_sequence_number == 3
    assert pregnancy.messages.count() == 3


# --- removing -------------------------------------------------------------------------


def test_a_removal_closes_the_gap(alphabet, subscribe) -> None:
    people = [subscribe(alphabet, next_sequence_number=number) for number in range(1, 6)]
    save_draft(message_set_id=alphabet.pk, place=Place(3, ENG), text_content="goes too")
    run(range(1))
    remove_stage(message_set_id=alphabet.pk, number=3)
    run(range(1, 6))
    assert said(alphabet) == "ABDE"
    assert ["".join(texts(one)) for one in people] == ["ABDE", "BDE", "CDE", "DE", "E"]
    assert not Draft.objects.exists()


def test_who_was_only_to_hear_the_removed_last_one_is_done(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=5)
    remove_stage(message_set_id=alphabet.pk, number=5)
    run(range(1))
    assert again(mary).completed
    assert [(one.state, one.reason) for one in deliveries(mary)] == [("skipped", "past_end")]


def test_a_completed_one_repeats_the_one_before_the_removed(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=5)
    run(range(1))
    remove_stage(message_set_id=alphabet.pk, number=5)
    resend(subscription_id=mary.pk, now=MORNING + DAY)
    assert texts(mary) == ["E", "D"]


def test_a_place_for_which_nothing_was_written_yet_is_closed_again(alphabet, subscribe) -> None:
    people = [subscribe(alphabet, next_sequence_number=number) for number in range(1, 6)]
    insert_stage(message_set_id=alphabet.pk, at=3)
    remove_stage(message_set_id=alphabet.pk, number=3)
    run(range(5))
    assert said(alphabet) == "ABCDE"
    assert ["".join(texts(one)) for one in people] == ["ABCDE", "BCDE", "CDE", "DE", "E"]


# --- moving ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "to", "after"), [(2, 4, "ACDBE"), (4, 2, "ADBCE"), (1, 5, "BCDEA"), (3, 3, "ABCDE")]
)
def test_a_stage_is_moved_where_nobody_stands_between(alphabet, subscribe, number, to, after) -> None:
    beyond, before = subscribe(alphabet, next_sequence_number=max(number, to) + 1), subscribe(alphabet)
    move_stage(message_set_id=alphabet.pk, number=number, to=to)
    assert said(alphabet) == after
    run(range(6))
    assert "".join(texts(before)) == after
    assert "".join(texts(beyond)) == after[max(number, to) :]


@pytest.mark.parametrize(
    ("number", "to", "heard"),
    [
        (2, 4, ["ACDBE", "ACDBE", "ABCDE", "ABCDE", "ABCDE"]),
        (4, 2, ["ADBCE", "ADBCE", "ABDCE", "ABCDE", "ABCDE"]),
        (1, 5, ["BCDEA", "ABCDE", "ABCDE", "ABCDE", "ABCDE"]),
        (5, 1, ["EABCD", "AEBCD", "ABECD", "ABCED", "ABCDE"]),
    ],
)
def test_who_stands_between_hears_it_once_all_the_same(alphabet, subscribe, number, to, heard) -> None:
    """Somebody for each number of messages heard before the move, all from the beginning."""
    people = [subscribe(alphabet, next_sequence_number=position) for position in range(1, 6)]
    move_stage(message_set_id=alphabet.pk, number=number, to=to)
    run(range(7))
    found = ["ABCDE"[: position - 1] + "".join(texts(one)) for position, one in enumerate(people, start=1)]
    assert found == heard
    assert all(again(one).completed and not one.detour for one in people)


def test_who_began_behind_its_old_place_hears_it_at_its_new_one(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, initial_sequence_number=3, next_sequence_number=4)
    move_stage(message_set_id=alphabet.pk, number=2, to=4)
    run(range(4))
    assert "".join(texts(mary)) == "DBE"


@pytest.mark.parametrize(
    "moves", [((2, 4), (4, 2)), ((4, 2), (2, 4)), ((1, 5), (5, 1)), ((2, 5), (5, 3), (3, 2))]
)
def test_a_stage_that_is_moved_back_is_as_if_it_never_had_been(alphabet, subscribe, moves) -> None:
    people = [subscribe(alphabet, next_sequence_number=position) for position in range(1, 6)]
    for number, to in moves:
        move_stage(message_set_id=alphabet.pk, number=number, to=to)
    assert said(alphabet) == "ABCDE"
    run(range(6))
    assert ["".join(texts(one)) for one in people] == ["ABCDE", "BCDE", "CDE", "DE", "E"]


def test_what_is_owed_waits_until_it_can_be_sent(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=3, lang="zul_ZA")
    Message.objects.create(messageset=alphabet, sequence_number=3, lang="zul_ZA", text_content="c")
    move_stage(message_set_id=alphabet.pk, number=5, to=1)
    run(range(1))
    assert [(one.reason, one.detail) for one in deliveries(mary)] == [
        ("no_message", "Message 1 of alphabet is missing in zul_ZA.")
    ]
    Message.objects.create(messageset=alphabet, sequence_number=1, lang="zul_ZA", text_content="e")
    run(range(1, 3))
    assert texts(mary) == ["e", "c"]


def test_a_position_set_by_hand_ends_the_detour(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=4)
    move_stage(message_set_id=alphabet.pk, number=1, to=5)
    change_subscription(subscription_id=mary.pk, fields={"next_sequence_number": 5})
    run(range(1))
    assert texts(mary) == ["A"]


def test_a_stage_without_a_text_is_moved_past_anybody(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=3)
    save_draft(message_set_id=alphabet.pk, place=Place(6, ENG), text_content="x")
    move_stage(message_set_id=alphabet.pk, number=6, to=1)
    assert (again(mary).next_sequence_number, mary.detour) == (4, None)


def test_a_removed_stage_is_owed_to_nobody(alphabet, subscribe) -> None:
    mary = subscribe(alphabet, next_sequence_number=3)
    move_stage(message_set_id=alphabet.pk, number=5, to=1)
    remove_stage(message_set_id=alphabet.pk, number=1)
    run(range(2))
    assert "".join(texts(mary)) == "CD"
    assert again(mary).completed


# --- what is refused ------------------------------------------------------------------


REFUSED = {
    "before the first": (insert_stage, {"at": 0}),
    "far beyond the end": (insert_stage, {"at": 7}),
    "a text that cannot be sent": (insert_stage, {"at": 2, "texts": {ENG: "x" * 5000}}),
    "an empty text": (insert_stage, {"at": 2, "texts": {ENG: ""}}),
    "removing nothing": (remove_stage, {"number": 6}),
    "removing the welcome": (remove_stage, {"number": 0}),
    "moving nothing": (move_stage, {"number": 9, "to": 1}),
    "moving to nowhere": (move_stage, {"number": 1, "to": 9}),
}


@pytest.mark.parametrize(("operation", "arguments"), REFUSED.values(), ids=REFUSED.keys())
def test_what_makes_no_sense_changes_nothing(alphabet, operation, arguments) -> None:
    with pytest.raises(Refused):
        operation(message_set_id=alphabet.pk, **arguments)
    assert said(alphabet) == "ABCDE"
    assert again(alphabet).edition == 0


def test_an_unknown_set_is_an_error(db) -> None:
    with pytest.raises(UnknownMessageSet):
        insert_stage(message_set_id=77, at=1)


def test_numbers_too_large_to_be_shifted_are_refused(make_set) -> None:
    huge = make_set("huge", {2**31 - 1: "x"})
    with pytest.raises(Refused, match="too large"):
        insert_stage(message_set_id=huge.pk, at=1)


def test_it_costs_the_same_for_many_stages_and_people(
    make_set, subscribe, django_assert_max_num_queries
) -> None:
    long = make_set("long", {number: f"Text {number}" for number in range(1, 200)})
    for _ in range(30):
        subscribe(long, next_sequence_number=50)
    with django_assert_max_num_queries(20):
        insert_stage(message_set_id=long.pk, at=10, texts={ENG: "x"})
    assert Subscription.objects.filter(next_sequence_number=51).count() == 30


def test_people_s_positions_leave_one_entry_in_the_log(alphabet, subscribe) -> None:
    for _ in range(3):
        subscribe(alphabet, next_sequence_number=4)
    with acting(Actor("admin", 7, "olga")):
        insert_stage(message_set_id=alphabet.pk, at=2)
    assert not Entry.objects.filter(model="stagebased.subscription").exists()
    entry = Entry.objects.get(model="stagebased.messageset")
    assert (entry.actor, entry.after) == ("olga", {"what": "stage inserted", "at": 2, "subscriptions": 3})


# --- whatever is done, in whatever order ----------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_nobody_ever_jumps_or_hears_one_twice(alphabet, subscribe, seed: int) -> None:
    """Days of sending, changes in between: what stays is heard once by all who had it ahead."""
    dice, fresh = Random(seed), iter("abcdefghijklmnopqrstuvwxyz")
    people = {start: subscribe(alphabet, next_sequence_number=start) for start in range(1, 6)}
    stages, removed = list("ABCDE"), set()
    for day in range(14):
        at = dice.randint(1, len(stages))
        match dice.choice(["insert", "remove", "move", "nothing"]):
            case "move":
                to = dice.randint(1, len(stages))
                stages.insert(to - 1, stages.pop(at - 1))
                move_stage(message_set_id=alphabet.pk, number=at, to=to)
            case "insert":
                stages.insert(at - 1, next(fresh))
                insert_stage(message_set_id=alphabet.pk, at=at, texts={ENG: stages[at - 1]})
            case "remove" if len(stages) > 1:
                removed.add(stages.pop(at - 1))
                remove_stage(message_set_id=alphabet.pk, number=at)
        tick(MORNING + day * DAY)
    assert said(alphabet) == "".join(stages)
    for start, one in people.items():
        heard = texts(one)
        assert len(set(heard)) == len(heard)
        if again(one).completed:
            assert set("ABCDE"[start - 1 :]) - removed <= set(heard)

"""Moving somebody to something else: one call, all or nothing, on record."""

from __future__ import annotations

from uuid import uuid4

import pytest

from contacts.models import Contact
from contacts.operations import opt_in, opt_out
from stagebased.errors import Refused
from stagebased.models import Change, MessageSet, Schedule, Subscription, Welcome
from stagebased.operations.audit import Author
from stagebased.operations.send import send_now
from stagebased.operations.stopping import pause
from stagebased.operations.switch import (
    Which,
    baby_born,
    loss,
    switch_channel,
    switch_language,
    switch_position,
    switch_schedule,
    switch_set,
    target,
)
from tests.stagebased.conftest import DAY, HOUR, MORNING, again, outcomes, texts, tick, write

pytestmark = pytest.mark.django_db
STAFF = Author(source="admin", reason="asked by phone")


@pytest.fixture
def mary(subscribe, pregnancy) -> Subscription:
    """On the pregnancy set; this morning's message waits at the gateway."""
    subscription = subscribe(pregnancy)
    tick(MORNING)
    return again(subscription)


@pytest.fixture
def news(mary, subscribe, make_set) -> Subscription:
    """The same person on a second set."""
    return subscribe(make_set("news", {1: "News", 2: "More news"}), contact=mary.contact)


@pytest.fixture
def baby(make_set) -> MessageSet:
    made = make_set("baby", {1: "Vaccinate", 2: "Play", 3: "Walk"}, starts_after=0)
    Welcome.objects.create(messageset=made, lang="eng_ZA", text_content="Congratulations")
    return made


def person_of(subscription: Subscription) -> Which:
    return Which(contact_id=subscription.contact_id)


def only(subscription: Subscription) -> Which:
    return Which(subscription_ids=[subscription.pk])


def state(subscription: Subscription) -> tuple[bool, str]:
    again(subscription)
    return subscription.active, subscription.stopped


def test_another_set_begins_and_the_old_one_ends_with_all_that_waits(mary, baby) -> None:
    [after] = switch_set(
        which=only(mary), to=target(short_name="baby", position=2), author=STAFF, now=MORNING
    )
    assert state(mary) == (False, "switched")
    assert outcomes(mary) == [("cancelled", "subscription_stopped")]
    assert (after.messageset, after.next_sequence_number, after.initial_sequence_number) == (baby, 2, 2)
    assert texts(after) == ["Congratulations"]
    tick(MORNING + DAY)
    assert texts(after) == ["Congratulations", "Play"]


def test_all_of_a_person_s_subscriptions_become_one(mary, news, baby) -> None:
    made = switch_set(which=person_of(mary), to=target(short_name="baby"), author=STAFF)
    assert len(made) == 1
    assert state(mary) == state(news) == (False, "switched")


def test_who_is_there_already_goes_on_as_before(mary, news, subscribe, baby) -> None:
    there = subscribe(baby, contact=mary.contact, next_sequence_number=3)
    assert switch_set(which=person_of(mary), to=target(short_name="baby"), author=STAFF) == []
    assert (state(mary), state(news), state(there)) == ((False, "switched"), (False, "switched"), (True, ""))
    assert there.next_sequence_number == 3


def test_other_people_are_left_alone(mary, subscribe, pregnancy, baby) -> None:
    jane = subscribe(pregnancy)
    switch_set(which=person_of(mary), to=target(short_name="baby"), author=STAFF)
    assert state(jane) == (True, "")


def test_a_birth_counts_the_new_set_from_its_date(mary, baby) -> None:
    born = (MORNING - DAY).date()
    [after] = baby_born(
        which=person_of(mary),
        to=target(short_name="baby", anchor_date=born),
        author=STAFF,
        now=MORNING + HOUR,
    )
    assert (after.messageset, after.anchor_date) == (baby, born)
    # The slot of the day of birth and this morning's are over.
    assert after.next_sequence_number == 3


def test_a_birth_after_the_end_of_the_pregnancy_s_set_begins_the_baby_s(subscribe, make_set, baby) -> None:
    ended = subscribe(make_set("only", {1: "Nearly there"}), lang="eng_ZA")
    tick(MORNING)
    to = target(short_name="baby", anchor_date=MORNING.date())
    [after] = baby_born(which=person_of(ended), to=to, author=STAFF, now=MORNING + HOUR)
    assert (after.messageset, after.lang, state(after)) == (baby, "eng_ZA", (True, ""))
    again(ended)
    assert (ended.completed, ended.active, ended.stopped) == (True, False, "")
    row = Change.objects.get()
    assert (row.kind, row.subscription, row.successor) == ("birth", ended, after)
    assert baby_born(which=person_of(ended), to=to, author=STAFF, now=MORNING + HOUR) == []


def test_a_set_that_has_ended_does_not_begin_again_by_the_same_news(subscribe, make_set) -> None:
    ended = subscribe(make_set("loss_miscarriage", {1: "We are sorry"}))
    tick(MORNING)
    assert loss(which=person_of(ended), to=target(short_name="loss_miscarriage"), author=STAFF) == []


def test_who_was_stopped_for_good_gets_no_news_of_a_birth(jane, baby) -> None:
    """Of a set that ended before a loss nothing goes on."""
    loss(which=person_of(jane), to=None, author=STAFF)
    assert baby_born(which=person_of(jane), to=target(short_name="baby"), author=STAFF) == []


def test_another_set_is_for_whom_one_still_runs(subscribe, make_set, baby) -> None:
    ended = subscribe(make_set("only", {1: "Nearly there"}))
    tick(MORNING)
    assert switch_set(which=person_of(ended), to=target(short_name="baby"), author=STAFF) == []


def test_a_birth_too_long_ago_changes_nothing(mary, baby) -> None:
    long_ago = (MORNING - 900 * DAY).date()
    with pytest.raises(Refused):
        baby_born(which=person_of(mary), to=target(short_name="baby", anchor_date=long_ago), author=STAFF)
    assert state(mary) == (True, "")
    assert outcomes(mary) == [("queued", "")]
    assert not Change.objects.exists()


def test_a_loss_stops_everything_at_once(mary, news) -> None:
    assert loss(which=person_of(mary), to=None, author=STAFF) == []
    assert state(mary) == state(news) == (False, "loss")
    assert outcomes(mary) == [("cancelled", "subscription_stopped")]
    tick(MORNING + DAY)
    assert outcomes(news) == []


@pytest.fixture
def jane(make_set, subscribe) -> Subscription:
    """Has just come to the end of the first set, whose last message waits; the second set runs."""
    first = subscribe(make_set("first", {1: "Nearly there"}, next_set=make_set("second", {1: "Hello"})))
    tick(MORNING)
    assert (again(first).completed, texts(first)) == (True, ["Nearly there"])
    return first


def test_a_loss_also_stops_the_last_message_of_a_set_that_has_ended(jane) -> None:
    loss(which=person_of(jane), to=None, author=STAFF)
    assert outcomes(jane) == [("cancelled", "subscription_stopped")]


def test_a_loss_after_the_end_of_all_sets_stops_the_last_message(make_set, subscribe) -> None:
    ended = subscribe(make_set("only", {1: "Nearly there"}))
    tick(MORNING)
    assert loss(which=person_of(ended), to=None, author=STAFF) == []
    assert outcomes(ended) == [("cancelled", "subscription_stopped")]


def test_stopping_one_programme_stops_the_last_message_of_its_set_before_and_no_other(
    jane, make_set, subscribe
) -> None:
    news = subscribe(make_set("news", {1: "News"}), contact=jane.contact)
    send_now(subscription_id=news.pk, now=MORNING)
    loss(which=only(Subscription.objects.get(continues=jane)), to=None, author=STAFF)
    assert outcomes(jane) == [("cancelled", "subscription_stopped")]
    assert (again(news).completed, texts(news)) == (True, ["News"])


def test_a_loss_may_begin_another_set(mary, news, make_set) -> None:
    support = make_set("loss_miscarriage", {1: "We are sorry"})
    [after] = loss(which=person_of(mary), to=target(short_name="loss_miscarriage"), author=STAFF)
    assert (after.messageset, state(after)) == (support, (True, ""))


def test_after_a_loss_coming_back_does_not_bring_the_pregnancy_back(mary, make_set) -> None:
    make_set("loss_miscarriage", {1: "We are sorry"})
    opt_out(kind="stopall", source="sms", contact_ids=[mary.contact_id])
    [after] = loss(which=person_of(mary), to=target(short_name="loss_miscarriage"), author=STAFF)
    assert state(after) == (False, "opt_out")
    opt_in(source="sms", contact_ids=[mary.contact_id])
    assert (state(mary), state(after)) == ((False, "loss"), (True, ""))


def test_a_pause_goes_along_to_another_set_but_not_past_a_birth(mary, news, baby, make_set) -> None:
    other = make_set("other", {1: "Hello"})
    until = MORNING + 5 * DAY
    pause(which=Which(subscription_ids=[mary.pk, news.pk]), author=STAFF, until=until, now=MORNING)
    [moved] = switch_set(which=only(mary), to=target(short_name="other"), author=STAFF)
    [born] = baby_born(which=only(news), to=target(short_name="baby"), author=STAFF)
    assert (moved.messageset, moved.active, moved.paused_until) == (other, False, until)
    assert (born.active, born.paused_until) == (True, None)


def test_a_language_changes_for_everything_and_for_the_person(mary, news) -> None:
    write(mary.messageset, 2, {"zul_ZA": "Yidla"})
    assert len(switch_language(which=person_of(mary), lang="zul_ZA", author=STAFF)) == 2
    assert again(news).lang == "zul_ZA"
    assert again(mary.contact).language == "zul_ZA"
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome", "Yidla"]


@pytest.mark.parametrize("which", [person_of, only])
def test_a_language_is_preferred_also_where_programmes_speak_it_already(mary, which) -> None:
    Contact.objects.filter(pk=mary.contact_id).update(language="zul_ZA")
    assert switch_language(which=which(mary), lang="eng_ZA", author=STAFF) == []
    assert again(mary.contact).language == "eng_ZA"


def test_a_schedule_changes_the_time(mary) -> None:
    evening = Schedule.objects.create(minute="0", hour="20", planned_until=MORNING)
    switch_schedule(which=only(mary), schedule_id=evening.pk, author=STAFF)
    tick(MORNING + 12 * HOUR)
    assert texts(mary) == ["Welcome", "Eat well"]
    with pytest.raises(Refused):
        switch_schedule(which=only(mary), schedule_id=evening.pk + 1, author=STAFF)


def test_a_position_may_be_set_forward_and_back(mary) -> None:
    switch_position(which=only(mary), position=3, author=STAFF)
    assert again(mary).next_sequence_number == 3
    switch_position(which=only(mary), position=1, author=STAFF)
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome", "Welcome"]
    with pytest.raises(Refused):
        switch_position(which=only(mary), position=0, author=STAFF)


def test_a_channel_changes_to_the_counterpart_at_the_same_place(mary, make_set, voice) -> None:
    voiced = make_set("voice_pregnancy", {}, channel="voice")
    [after] = switch_channel(which=person_of(mary), channel="voice", author=STAFF)
    assert (after.messageset, after.next_sequence_number, after.schedule) == (voiced, 2, mary.schedule)
    assert state(mary) == (False, "switched")
    [back] = switch_channel(which=person_of(mary), channel="sms", author=STAFF)
    assert back.messageset == mary.messageset


def test_without_a_counterpart_for_each_nothing_changes(mary, news, make_set, voice) -> None:
    make_set("voice_pregnancy", {}, channel="voice")
    with pytest.raises(Refused, match="news"):
        switch_channel(which=person_of(mary), channel="voice", author=STAFF)
    assert state(mary) == state(news) == (True, "")
    assert Subscription.objects.count() == 2


def test_a_counterpart_in_preparation_is_none_yet(mary, make_set, voice) -> None:
    make_set("voice_pregnancy", {}, channel="voice", state="draft")
    with pytest.raises(Refused, match="pregnancy"):
        switch_channel(which=person_of(mary), channel="voice", author=STAFF)
    assert state(mary) == (True, "")


def test_a_slot_in_hand_is_not_sent_twice_over_two_channels(mary, make_set, voice, daily) -> None:
    make_set("voice_pregnancy", {}, channel="voice")
    [after] = switch_channel(which=person_of(mary), channel="voice", author=STAFF)
    assert after.last_slot_at == MORNING


def test_each_change_is_on_record_with_its_author(mary, alice, baby) -> None:
    author = Author("api", alice, "moved")
    [after] = switch_set(which=only(mary), to=target(short_name="baby"), author=author)
    row = Change.objects.get()
    assert (row.kind, row.created_by, row.reason, row.source) == ("set", alice, "moved", "api")
    assert (row.subscription, row.successor, row.contact) == (mary, after, mary.contact)
    assert (row.before["messageset"], row.after["messageset"]) == (mary.messageset_id, baby.pk)
    assert (after.created_by, again(mary).updated_by) == (alice, alice)


def test_nobody_meant_is_nobody_moved(baby) -> None:
    nobody = Which(contact_id=uuid4())
    assert switch_set(which=nobody, to=target(short_name="baby"), author=STAFF) == []
    assert loss(which=nobody, to=None, author=STAFF) == []


@pytest.mark.parametrize(
    "wish",
    [
        {"short_name": "nothing"},
        {"short_name": "baby", "schedule_id": 999},
        {"short_name": "baby", "position": 0},
    ],
)
def test_a_target_that_does_not_exist_is_refused(baby, wish) -> None:
    with pytest.raises(Refused):
        target(**wish)


def test_many_cost_as_much_as_one(subscribe, pregnancy, make_set, django_assert_max_num_queries) -> None:
    make_set("other", {1: "Hello"})
    people = [subscribe(pregnancy).pk for _ in range(30)]
    with django_assert_max_num_queries(16):
        made = switch_set(which=Which(subscription_ids=people), to=target(short_name="other"), author=STAFF)
    assert len(made) == 30

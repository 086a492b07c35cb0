"""Sets on which nobody may run more than once: by whatever way somebody comes to them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from contacts.operations import opt_in, opt_out
from stagebased.errors import Refused
from stagebased.models import Change, MessageSet, Subscription
from stagebased.operations import subscribe as subscribing
from stagebased.operations.audit import Author
from stagebased.operations.content import save_message_set
from stagebased.operations.forward import fast_forward
from stagebased.operations.stopping import pause, resume, resume_due
from stagebased.operations.switch import switch_channel, switch_set, target
from stagebased.operations.which import Which
from tests.outbox.conftest import together
from tests.stagebased.conftest import DAY, MORNING, again, person, texts, tick

pytestmark = pytest.mark.django_db
STAFF = Author("admin")


@pytest.fixture
def alone(make_set) -> MessageSet:
    return make_set("alone", {1: "One", 2: "Two"}, one_active=True)


@pytest.fixture
def on(alone, daily):
    """Puts a contact on the set as an API client does."""

    def put(contact, **fields) -> Subscription:
        usual = {"messageset_id": alone.pk, "schedule_id": daily.pk, "lang": "eng_ZA"}
        return subscribing.subscribe(fields={"contact_id": contact.pk, **usual, **fields})

    return put


def running(contact) -> list[int]:
    return list(
        Subscription.objects.filter(contact=contact, active=True, completed=False).values_list(
            "messageset", flat=True
        )
    )


def test_a_second_one_is_refused_by_name_of_the_first(on) -> None:
    mary = person("+27820001001")
    first = on(mary)
    with pytest.raises(Refused) as refused:
        on(mary)
    assert str(first.pk) in refused.value.errors["messageset"][0]
    assert running(mary) == [first.messageset_id]
    on(person("+27820001002"))


def test_the_webhook_and_the_api_say_so(as_alice, alone, daily) -> None:
    body = {"identity": str(uuid4()), "messageset": alone.pk, "schedule": daily.pk, "lang": "eng_ZA"}
    assert as_alice.post("/api/v1/subscriptions/", body).status_code == 201
    again_ = as_alice.post("/api/v1/subscriptions/", body)
    hub = as_alice.post("/api/v1/subscriptions/request", {"data": {"id": "1", **body}})
    assert (again_.status_code, list(again_.json())) == (400, ["messageset"])
    assert (hub.status_code, hub.json()["accepted"], "messageset" in hub.json()) == (400, False, True)
    assert Subscription.objects.count() == 1


def test_the_same_webhook_again_is_still_accepted(as_alice, alone, daily) -> None:
    body = {
        "identity": str(uuid4()),
        "messageset": alone.pk,
        "schedule": daily.pk,
        "lang": "eng_ZA",
        "id": "7",
    }
    for _ in range(2):
        assert as_alice.post("/api/v1/subscriptions/request", {"data": body}).status_code == 201


def test_after_the_end_or_a_stop_there_is_room_again(on, alone) -> None:
    mary = person("+27820001001")
    on(mary, completed=True)
    on(mary, active=False)
    first = on(mary)
    subscribing.change_subscription(subscription_id=first.pk, fields={"active": False})
    on(mary)
    assert running(mary) == [alone.pk]


def test_a_change_cannot_make_a_second_one_run(on, make_set, daily) -> None:
    mary, other = person("+27820001001"), make_set("other", {1: "x"})
    first = on(mary)
    stopped = on(mary, active=False)
    elsewhere = on(mary, messageset_id=other.pk)
    for key, fields in (
        (stopped.pk, {"active": True}),
        (elsewhere.pk, {"messageset_id": first.messageset_id}),
    ):
        with pytest.raises(Refused):
            subscribing.change_subscription(subscription_id=key, fields=fields)
    assert sorted(running(mary)) == sorted([first.messageset_id, other.pk])


def test_leaving_such_a_set_lifts_the_rule(on, make_set, alone) -> None:
    mary, other = person("+27820001001"), make_set("other", {1: "x"})
    first = on(mary)
    subscribing.change_subscription(subscription_id=first.pk, fields={"messageset_id": other.pk})
    on(mary)
    on(mary, messageset_id=other.pk)
    assert sorted(running(mary)) == sorted([alone.pk, other.pk, other.pk])


def test_who_rolls_over_into_it_and_is_there_already_goes_on_there(subscribe, make_set, alone) -> None:
    before = make_set("before", {1: "Last"}, next_set=alone)
    mary = person("+27820001001")
    there = subscribe(alone, contact=mary, exclusive=True)
    ending, other = subscribe(before, contact=mary), subscribe(before)
    tick(MORNING)
    assert again(ending).completed
    assert not Subscription.objects.filter(continues=ending).exists()
    assert Subscription.objects.get(continues=other).exclusive
    assert texts(there) == ["One"]


def test_a_set_that_follows_itself_goes_round(make_set, subscribe) -> None:
    round_ = make_set("round", {1: "A"}, one_active=True, repeats=True)
    MessageSet.objects.filter(pk=round_.pk).update(next_set=round_)
    first = subscribe(round_, exclusive=True)
    for day in range(3):
        tick(MORNING + day * DAY)
    assert Subscription.objects.count() == 4
    assert running(first.contact) == [round_.pk]
    latest = Which(subscription_ids=[Subscription.objects.get(completed=False).pk])
    [forward] = fast_forward(which=latest, author=STAFF, now=MORNING + 9 * DAY)
    assert running(first.contact) == [round_.pk]
    assert forward.active


def test_fast_forward_gives_way_too(subscribe, make_set, alone) -> None:
    before = make_set("before", {1: "Last"}, next_set=alone)
    mary = person("+27820001001")
    subscribe(alone, contact=mary, exclusive=True)
    ending = subscribe(before, contact=mary)
    which = Which(subscription_ids=[ending.pk])
    assert fast_forward(which=which, author=STAFF, now=MORNING) == [ending]
    assert again(ending).completed
    assert running(mary) == [alone.pk]


def test_a_switch_to_it_leaves_the_one_that_runs_there(subscribe, pregnancy, alone) -> None:
    mary, jane = person("+27820001001"), person("+27820001002")
    there = subscribe(alone, contact=mary, exclusive=True)
    old = [subscribe(pregnancy, contact=one) for one in (mary, jane)]
    made = switch_set(
        which=Which(subscription_ids=[one.pk for one in old]), to=target(short_name="alone"), author=STAFF
    )
    assert [one.contact for one in made] == [jane]
    assert (running(mary), running(jane)) == ([alone.pk], [alone.pk])
    assert again(there).active
    assert Change.objects.filter(subscription=old[0], successor=None).count() == 1


def test_and_so_does_one_to_another_channel(subscribe, make_set, settings) -> None:
    settings.OUTBOX_CHANNELS = settings.OUTBOX_CHANNELS | {"voice": "tests.stagebased.fakes.VoiceChannel"}
    plain = make_set("mums", {1: "x"})
    spoken = make_set("voice_mums", {1: "x"}, channel="voice", one_active=True)
    mary = person("+27820001001")
    subscribe(spoken, contact=mary, exclusive=True)
    old = subscribe(plain, contact=mary)
    assert switch_channel(which=Which(subscription_ids=[old.pk]), channel="voice", author=STAFF) == []
    assert running(mary) == [spoken.pk]
    assert again(old).stopped == "switched"


def test_a_pause_that_ends_gives_way_to_who_came_meanwhile(on, alone) -> None:
    mary = person("+27820001001")
    old = on(mary)
    pause(which=Which(subscription_ids=[old.pk]), author=STAFF, until=MORNING + DAY, now=MORNING)
    new = on(mary)
    assert resume_due(now=MORNING + 2 * DAY) == 0
    assert (again(old).active, old.stopped, old.paused_until) == (False, "switched", None)
    assert again(new).active


def test_of_two_that_are_resumed_together_the_newer_goes_on(on) -> None:
    mary = person("+27820001001")
    both = []
    for _ in range(2):
        both.append(on(mary))
        pause(which=Which(subscription_ids=[both[-1].pk]), author=STAFF)
    assert len(resume(which=Which(subscription_ids=[one.pk for one in both]), author=STAFF)) == 1
    assert [again(one).active for one in sorted(both, key=lambda one: one.pk)] == [False, True]


def test_an_opt_in_sets_one_of_them_going(on, alone) -> None:
    mary = person("+27820001001")
    first = on(mary)
    opt_out(kind="stopall", source="sms", contact_ids=[mary.pk])
    Subscription.objects.filter(pk=first.pk).update(exclusive=True)
    second = on(mary)
    opt_in(source="sms", contact_ids=[mary.pk])
    assert running(mary) == [alone.pk]
    assert {again(first).active, again(second).active} == {True, False}


# --- making it the rule ---------------------------------------------------------------


def make_alone(messageset: MessageSet, value: bool = True) -> None:
    messageset.one_active = value
    save_message_set(message_set=messageset, changed=["one_active"])


def test_the_rule_can_be_made_later(pregnancy, subscribe, on) -> None:
    mary = person("+27820001001")
    subscribe(pregnancy, contact=mary)
    make_alone(pregnancy)
    with pytest.raises(Refused):
        on(mary, messageset_id=pregnancy.pk)
    make_alone(pregnancy, False)
    on(mary, messageset_id=pregnancy.pk)


def test_not_while_somebody_runs_twice(pregnancy, subscribe) -> None:
    mary = person("+27820001001")
    subscribe(pregnancy, contact=mary)
    second = subscribe(pregnancy, contact=mary)
    with pytest.raises(Refused, match="1 people run on this set more than once"):
        make_alone(pregnancy)
    assert not MessageSet.objects.get(pk=pregnancy.pk).one_active
    Subscription.objects.filter(pk=second.pk).update(active=False)
    make_alone(pregnancy)


def test_nobody_can_be_put_on_a_set_in_preparation(pregnancy, on, make_set, subscribe) -> None:
    mary, other = person("+27820001001"), make_set("other", {1: "x"})
    running_there = subscribe(other, contact=mary)
    MessageSet.objects.filter(pk=pregnancy.pk).update(state="draft")
    with pytest.raises(Refused, match="in preparation"):
        on(mary, messageset_id=pregnancy.pk)
    with pytest.raises(Refused, match="in preparation"):
        subscribing.change_subscription(
            subscription_id=running_there.pk, fields={"messageset_id": pregnancy.pk}
        )
    with pytest.raises(Refused, match="in preparation"):
        target(short_name="pregnancy")


# --- circles of sets ------------------------------------------------------------------


def test_a_circle_is_refused_unless_one_of_it_says_so(make_set) -> None:
    first = make_set("first", {})
    second = make_set("second", {}, next_set=first)
    first.next_set = second
    with pytest.raises(Refused) as refused:
        save_message_set(message_set=first, changed=["next_set"])
    assert list(refused.value.errors) == ["next_set"]
    second.repeats = True
    save_message_set(message_set=second, changed=["repeats"])
    save_message_set(message_set=first, changed=["next_set"])
    second.repeats = False
    with pytest.raises(Refused):
        save_message_set(message_set=second, changed=["repeats"])


def test_a_chain_that_leads_into_a_circle_is_none_itself(make_set) -> None:
    round_ = make_set("round", {}, repeats=True)
    round_.next_set = round_
    save_message_set(message_set=round_, changed=["next_set"])
    before = MessageSet(short_name="before", default_schedule=round_.default_schedule, next_set=round_)
    save_message_set(message_set=before)


@pytest.mark.postgres
def test_of_many_requests_at_the_same_moment_one_wins_and_the_others_are_told(
    transactional_db, alone, daily
) -> None:
    mary, told = person("+27820001001"), []

    def ask() -> None:
        fields = {"contact_id": mary.pk, "messageset_id": alone.pk, "schedule_id": daily.pk, "lang": "eng_ZA"}
        try:
            subscribing.subscribe(fields=fields)
        except Refused as refused:
            told.append(list(refused.errors))

    together(*[ask] * 6)
    assert (running(mary), told) == ([alone.pk], [["messageset"]] * 5)

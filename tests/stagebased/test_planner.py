"""From a due slot to deliveries and new positions."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Address
from outbox.models import Delivery, DeliveryCount
from stagebased import planner, programmes
from stagebased.models import BinaryContent, DueSlot, Message, Subscription
from stagebased.planner import sql
from tests.stagebased.conftest import (
    DAY,
    HOUR,
    MINUTE,
    MORNING,
    again,
    deliveries,
    outcomes,
    person,
    texts,
    tick,
    write,
)

pytestmark = pytest.mark.django_db


def test_each_morning_brings_the_next_message(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome", "Eat well"]
    assert again(mary).next_sequence_number == 3


def test_a_delivery_says_all_about_itself(subscribe, pregnancy) -> None:
    contact = person("+27820009999")
    mary = subscribe(pregnancy, contact=contact)
    tick(MORNING)
    [found] = deliveries(mary)
    assert (found.source, found.slot_key, found.contact_id) == (
        "subscription",
        "2026-06-10T08:00Z",
        contact.pk,
    )
    assert (found.channel, found.gateway, found.address, found.parts) == ("sms", "sms", "+27820009999", 1)
    assert (found.state, found.reason, found.attempts, found.ended_at) == ("queued", "", 0, None)
    assert found.not_before == MORNING
    assert found.expires_at == MORNING + timedelta(hours=48)
    assert found.options == {"message": {"set": "pregnancy", "number": 1, "lang": "eng_ZA"}}
    assert found.priority == Delivery.Priority.BULK
    assert found.id.version == 7


def test_the_end_completes_and_the_number_of_the_last_message_stays(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=3)
    tick(MORNING)
    again(mary)
    assert (mary.completed, mary.active, mary.process_status) == (True, False, 2)
    assert mary.next_sequence_number == 3
    tick(MORNING + DAY)
    assert texts(mary) == ["Nearly there"]


def test_the_next_set_begins_by_its_own_schedule_and_first_message(subscribe, make_set, daily) -> None:
    weekly = type(daily).objects.create(minute="0", hour="9", day_of_week="1", planned_until=MORNING - HOUR)
    baby = make_set("baby", {3: "Vaccinate", 4: "Play"}, default_schedule=weekly)
    pregnancy = make_set("pregnancy", {1: "Nearly there"}, next_set=baby)
    mary = subscribe(pregnancy, metadata={"hub": 1})
    tick(MORNING)
    after = Subscription.objects.get(continues=mary)
    assert (after.contact, after.messageset, after.schedule, after.lang) == (
        mary.contact,
        baby,
        weekly,
        "eng_ZA",
    )
    assert (after.initial_sequence_number, after.next_sequence_number) == (3, 3)
    assert (after.active, after.completed, after.process_status, after.metadata) == (True, False, 0, {})
    assert texts(after) == []
    tick(MORNING + 5 * DAY + HOUR)
    assert texts(after) == ["Vaccinate"]


def test_rolling_over_on_the_same_schedule_sends_one_message_a_slot(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    mary = subscribe(make_set("pregnancy", {1: "Nearly there"}, next_set=baby))
    tick(MORNING)
    assert Delivery.objects.count() == 1
    tick(MORNING + DAY)
    assert texts(Subscription.objects.get(continues=mary)) == ["Vaccinate"]


def test_a_start_in_the_middle_begins_there(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, initial_sequence_number=2, next_sequence_number=2)
    tick(MORNING)
    assert texts(mary) == ["Eat well"]


def test_who_joined_after_the_slot_is_not_due_in_it(subscribe, pregnancy) -> None:
    late = subscribe(pregnancy, created_at=MORNING)
    early = subscribe(pregnancy, created_at=MORNING - timedelta(microseconds=1))
    tick(MORNING + MINUTE)
    assert (texts(late), texts(early)) == ([], ["Welcome"])


@pytest.mark.parametrize(
    "state", [{"active": False}, {"completed": True}, {"process_status": -1}, {"process_status": 1}]
)
def test_only_ready_subscriptions_are_due(subscribe, pregnancy, state) -> None:
    mary = subscribe(pregnancy, **state)
    tick(MORNING)
    assert outcomes(mary) == []


def test_a_missing_message_is_a_failure_that_heals_when_it_is_written(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, lang="zul_ZA")
    tick(MORNING)
    [failed] = deliveries(mary)
    assert (failed.state, failed.reason) == ("failed", "no_message")
    assert failed.detail == "Message 1 of pregnancy is missing in zul_ZA."
    assert failed.ended_at == MORNING
    assert again(mary).next_sequence_number == 1
    write(pregnancy, 1, {"zul_ZA": "Sawubona"})
    tick(MORNING + DAY)
    assert texts(mary) == ["Sawubona"]


def test_no_address_is_a_failure_that_heals_when_there_is_one(subscribe, pregnancy) -> None:
    nobody = person()
    mary = subscribe(pregnancy, contact=nobody)
    tick(MORNING)
    assert outcomes(mary) == [("failed", "no_address")]
    assert again(mary).next_sequence_number == 1
    Address.objects.create(contact=nobody, value="+27820000777")
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome"]


def test_an_opted_out_person_is_skipped_and_says_so(subscribe, pregnancy) -> None:
    mary, jane = subscribe(pregnancy), subscribe(pregnancy)
    type(mary.contact).objects.filter(pk=mary.contact_id).update(opted_out_at=MORNING - HOUR)
    Address.objects.filter(contact=jane.contact_id).update(opted_out_at=MORNING - HOUR)
    tick(MORNING)
    assert outcomes(mary) == outcomes(jane) == [("skipped", "opted_out")]
    assert again(mary).next_sequence_number == 1


def test_somebody_reached_through_another_gets_it_there(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, contact=person(communicate_through=person("+27820000555")))
    tick(MORNING)
    assert [one.address for one in deliveries(mary)] == ["+27820000555"]


def test_each_channel_has_its_own_kind_of_address(subscribe, pregnancy, make_set, voice, alice) -> None:
    calls = make_set("calls", {1: ""}, channel="voice", content_type="audio")
    file = BinaryContent.objects.create(content="content/a.mp3", content_type="audio/mpeg", size=1)
    Message.objects.filter(messageset=calls).update(binary_content=file)
    with_account = person("+27820000333", user=alice)
    called, texted = subscribe(calls, contact=with_account), subscribe(pregnancy, contact=with_account)
    unreachable = subscribe(calls)
    tick(MORNING)
    assert [one.address for one in deliveries(called)] == [str(alice.pk)]
    assert deliveries(called)[0].options["audio"] == ["/media/content/a.mp3"]
    assert [one.address for one in deliveries(texted)] == ["+27820000333"]
    assert outcomes(unreachable) == [("failed", "no_address")]


def test_past_the_end_ends_without_a_message(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    mary = subscribe(make_set("pregnancy", {1: "Hello"}, next_set=baby), next_sequence_number=5)
    tick(MORNING)
    assert outcomes(mary) == [("skipped", "past_end")]
    assert again(mary).completed
    assert Subscription.objects.filter(continues=mary, messageset=baby).exists()


def test_a_corrected_text_goes_out_at_the_next_slot(subscribe, pregnancy) -> None:
    mary, jane = subscribe(pregnancy), subscribe(pregnancy, created_at=MORNING + HOUR)
    tick(MORNING)
    Message.objects.filter(messageset=pregnancy, sequence_number=1).update(text_content="Welcome, all")
    tick(MORNING + DAY)
    assert (texts(mary)[0], texts(jane)) == ("Welcome", ["Welcome, all"])


def test_text_to_prepend_goes_once(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, metadata={"prepend_next_delivery": "New number!", "hub": 7})
    plain = subscribe(pregnancy)
    tick(MORNING)
    tick(MORNING + DAY)
    assert texts(mary) == ["New number!\nWelcome", "Eat well"]
    assert texts(plain) == ["Welcome", "Eat well"]
    assert again(mary).metadata == {"prepend_next_delivery": None, "hub": 7}


def test_text_to_prepend_waits_for_a_message_that_goes_out(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, lang="zul_ZA", metadata={"prepend_next_delivery": "New number!"})
    tick(MORNING)
    assert again(mary).metadata == {"prepend_next_delivery": "New number!"}


@pytest.mark.parametrize("odd", [5, 1.5, True, False, [], ["a"], {"a": 1}])
def test_what_is_no_text_is_not_prepended_and_holds_up_nobody(subscribe, pregnancy, odd) -> None:
    mary, jane = subscribe(pregnancy, metadata={"prepend_next_delivery": odd}), subscribe(pregnancy)
    tick(MORNING)
    assert texts(mary) == texts(jane) == ["Welcome"]


def test_texts_pass_unchanged_whatever_is_in_them(subscribe, make_set) -> None:
    odd = '“Curly” – Ünïcödé 😀 \\ \\" \' " {braces} , % %s NULL'
    mary = subscribe(make_set("odd", {1: odd}), metadata={"prepend_next_delivery": '{"\\'})
    tick(MORNING)
    assert texts(mary) == ['{"\\\n' + odd]


@pytest.mark.parametrize("metadata", [None, {}, [], "text", {"prepend_next_delivery": None}, 7])
def test_any_metadata_is_lived_with(subscribe, pregnancy, metadata) -> None:
    mary = subscribe(pregnancy, metadata=metadata)
    tick(MORNING)
    assert texts(mary) == ["Welcome"]


def test_quiet_hours_hold_a_message_until_the_morning_of_each_person(subscribe, make_set) -> None:
    office = make_set("office", {1: "Hello"}, not_before=time(9), not_after=time(17))
    zones = ["", "Africa/Johannesburg", "Pacific/Auckland", "Mars/Olympus"]
    people = [
        subscribe(office, contact=person(f"+2782000020{n}", timezone=zone)) for n, zone in enumerate(zones)
    ]
    tick(MORNING)
    # Eight, ten and twenty o'clock; a zone that means nothing counts as the schedule's.
    waits = [deliveries(one)[0].not_before - MORNING for one in people]
    assert waits == [HOUR, 0 * HOUR, 13 * HOUR, HOUR]


def test_quiet_hours_over_midnight(subscribe, make_set) -> None:
    night = make_set("night", {1: "Good night"}, not_before=time(21), not_after=time(1))
    mary = subscribe(night)
    tick(MORNING)
    assert deliveries(mary)[0].not_before == MORNING + 13 * HOUR


def test_a_set_s_own_grace_is_how_long_a_message_may_wait(subscribe, make_set) -> None:
    mary = subscribe(make_set("news", {1: "Hello"}, grace=timedelta(hours=3)))
    tick(MORNING)
    assert deliveries(mary)[0].expires_at == MORNING + 3 * HOUR


def test_the_counts_are_kept_by_hour_and_reason(subscribe, pregnancy) -> None:
    subscribe(pregnancy), subscribe(pregnancy), subscribe(pregnancy, contact=person())
    tick(MORNING)
    rows = DeliveryCount.objects.values_list("hour", "channel", "gateway", "state", "reason", "count")
    assert sorted(rows) == [
        (MORNING, "sms", "sms", "failed", "no_address", 1),
        (MORNING, "sms", "sms", "queued", "", 2),
    ]


def test_the_slot_counts_what_became_of_it(subscribe, pregnancy) -> None:
    subscribe(pregnancy), subscribe(pregnancy, contact=person()), subscribe(pregnancy, next_sequence_number=9)
    tick(MORNING)
    slot = DueSlot.objects.get()
    assert (slot.state, slot.queued, slot.failed, slot.skipped) == ("done", 1, 1, 1)
    assert slot.finished_at == MORNING


def test_a_second_run_finds_nothing_to_do(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    assert tick(MORNING).batches == 0
    assert texts(mary) == ["Welcome"]


# --- Batches ------------------------------------------------------------------------


@pytest.fixture
def small_batches(settings) -> None:
    settings.PLANNER_BATCH = 3


def test_everybody_is_reached_however_small_the_batches(subscribe, pregnancy, small_batches) -> None:
    everybody = [subscribe(pregnancy) for _ in range(10)]
    done = tick(MORNING)
    assert done.written.queued == 10
    assert done.batches == 5  # three, three, three, one, and one that finds nobody
    assert all(texts(one) == ["Welcome"] for one in everybody)


def test_a_crash_rolls_back_to_the_last_batch_and_repeats_nothing(
    subscribe, pregnancy, small_batches, monkeypatch
) -> None:
    everybody = [subscribe(pregnancy) for _ in range(8)]
    whole, calls = sql.move_on, []

    def dies_in_the_second_batch(*args, **kwargs) -> None:
        whole(*args, **kwargs)
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("power cut")

    monkeypatch.setattr(sql, "move_on", dies_in_the_second_batch)
    DueSlot.objects.create(schedule=everybody[0].schedule, due_at=MORNING)
    broken = planner.plan(MORNING)
    assert (broken.written.queued, len(broken.broken)) == (3, 1)
    assert Delivery.objects.count() == 3
    assert Subscription.objects.filter(next_sequence_number=2).count() == 3
    healed = planner.plan(MORNING)
    assert healed.written.queued == 5
    assert all(texts(one) == ["Welcome"] for one in everybody)
    assert all(again(one).next_sequence_number == 2 for one in everybody)


def test_one_broken_slot_does_not_hold_up_the_others(subscribe, make_set, daily, monkeypatch) -> None:
    other = type(daily).objects.create(minute="0", hour="8", planned_until=MORNING - HOUR)
    good = subscribe(make_set("good", {1: "Hello"}), schedule=other)
    bad = subscribe(make_set("bad", {1: "Hello"}))

    def load(set_ids, **options):
        if bad.messageset_id in set_ids:
            raise RuntimeError("unreadable")
        return whole(set_ids, **options)

    whole = programmes.load
    monkeypatch.setattr(programmes, "load", load)
    DueSlot.objects.create(schedule=daily, due_at=MORNING - MINUTE)
    DueSlot.objects.create(schedule=other, due_at=MORNING)
    done = planner.plan(MORNING)
    assert len(done.broken) == 1
    assert (texts(good), texts(bad)) == (["Hello"], [])


def statements(now) -> int:
    with CaptureQueriesContext(connection) as captured:
        planner.plan(now)
    return len([one for one in captured if "SAVEPOINT" not in one["sql"]])


def test_a_batch_costs_the_same_for_one_and_for_fifty(subscribe, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"})
    pregnancy = make_set("pregnancy", {1: "Hello", 2: "Bye"}, next_set=baby)

    def one_of_each_kind() -> None:
        subscribe(pregnancy, metadata={"prepend_next_delivery": f"Hello {timezone.now()}"})
        subscribe(pregnancy, next_sequence_number=2)
        subscribe(pregnancy, contact=person())
        subscribe(pregnancy, lang="zul_ZA")

    one_of_each_kind()
    DueSlot.objects.create(schedule=pregnancy.default_schedule, due_at=MORNING)
    few = statements(MORNING)
    for _ in range(12):
        one_of_each_kind()
    DueSlot.objects.create(schedule=pregnancy.default_schedule, due_at=MORNING + DAY)
    assert statements(MORNING + DAY) == few
    # Claim, candidates, opt-outs, two for the content, deliveries, positions, prepended,
    # follow-ups, counts, cursor; then the batch that finds nobody: claim, candidates, close; last claim.
    assert few == 15

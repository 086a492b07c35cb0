"""Fifteen ways in which the service this one replaces loses, doubles or hides messages. Here none does.

One test or more for each, named by what went wrong there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as installed
from django.db.models import F

from contacts.models import Address
from outbox import dispatcher, handover
from outbox.channels import Refusal, channel
from outbox.models import Gateway
from smsbridge.spool.folders import Spool
from stagebased import planner, tasks
from stagebased.errors import InUse, NotSendable, Refused
from stagebased.models import DueSlot, Message, MessageSet, Schedule, Subscription
from stagebased.operations.content import delete_schedule, save_message_set, save_schedule
from stagebased.operations.send import resend, send_schedule
from tests.outbox.fakes import FakeChannel
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
)

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=installed.OUTBOX_LEASE_SECONDS + 1)


@pytest.fixture
def gateway(settings) -> Iterator[FakeChannel]:
    """A gateway that remembers what it was given, in place of the SMS one."""
    settings.OUTBOX_CHANNELS = {"sms": "tests.outbox.fakes.FakeChannel"}
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    fake = channel("sms")
    assert isinstance(fake, FakeChannel)
    fake.reset()
    yield fake
    fake.reset()


def test_01_a_send_that_is_accepted_is_a_message_in_the_queue(as_alice, subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    answer = as_alice.post(f"/api/v1/subscriptions/{mary.pk}/send")
    assert (answer.status_code, answer.json()) == (201, {"accepted": True})
    assert texts(mary) == ["Welcome"]


@pytest.mark.parametrize("nonsense", [uuid4(), "abc", "7"])
def test_01_a_send_that_cannot_be_is_not_accepted(as_alice, nonsense) -> None:
    answer = as_alice.post(f"/api/v1/subscriptions/{nonsense}/send")
    assert answer.status_code == 400
    assert (answer.json()["accepted"], bool(answer.json()["reason"])) == (False, True)


def test_02_a_schedule_triggered_twice_sends_one_message(as_alice, subscribe, pregnancy, daily) -> None:
    people = [subscribe(pregnancy) for _ in range(3)]
    for _ in range(2):
        assert as_alice.post(f"/api/v1/schedule/{daily.pk}/send/").status_code == 202
        planner.plan(MORNING)
    assert [texts(one) for one in people] == [["Welcome"]] * 3


def test_03_an_answer_that_got_lost_does_not_send_twice(
    subscribe, pregnancy, settings, tmp_path: Path
) -> None:
    """The file is in the spool, but the worker dies before it can say so."""
    settings.SMS_GATEWAYS = {"sms": tmp_path}
    Spool(tmp_path, sync=False).create()
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    mary = subscribe(pregnancy)
    tick(MORNING)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handover, "_record", _lost, raising=True)
        dispatcher.dispatch("sms", now=MORNING, budget=0)
    assert [file.name for file in (tmp_path / "outgoing").iterdir()] == [str(deliveries(mary)[0].pk)]
    assert deliveries(mary)[0].state == "claimed"

    dispatcher.dispatch("sms", now=MORNING + LEASE, budget=0)
    assert len(list((tmp_path / "outgoing").iterdir())) == 1
    assert deliveries(mary)[0].state == "handed"


def _lost(*args: object, **kwargs: object) -> None:
    raise ConnectionError("the answer got lost")


def test_03_a_subscription_has_each_slot_once_whatever_its_row_says(subscribe, pregnancy, daily) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    Subscription.objects.update(next_sequence_number=1, last_slot_at=None)
    send_schedule(schedule_id=daily.pk, now=MORNING + MINUTE)
    planner.plan(MORNING + MINUTE)
    assert texts(mary) == ["Welcome"]


def test_04_a_message_missing_in_the_language_is_recorded_every_time(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, lang="zul_ZA")
    tick(MORNING)
    tick(MORNING + DAY)
    assert outcomes(mary) == [("failed", "no_message")] * 2


def test_04_a_gap_in_the_numbers_stops_nobody(subscribe, make_set) -> None:
    gap = make_set("gap", {1: "one", 2: "two", 4: "four"})
    mary = subscribe(gap)
    for day in range(4):
        tick(MORNING + day * DAY)
    assert texts(mary) == ["one", "two", "four"]
    assert again(mary).completed


def test_04_past_the_end_completes(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=40)
    tick(MORNING)
    assert outcomes(mary) == [("skipped", "past_end")]
    assert again(mary).completed


def test_05_an_address_that_comes_later_is_used(subscribe, pregnancy) -> None:
    nobody = person()
    mary = subscribe(pregnancy, contact=nobody)
    tick(MORNING)
    assert again(mary).process_status == 0
    Address.objects.create(contact=nobody, value="+27820000701")
    tick(MORNING + DAY)
    assert outcomes(mary) == [("failed", "no_address"), ("queued", "")]


def test_06_a_failure_after_planning_is_recorded_too(subscribe, pregnancy, gateway) -> None:
    mary = subscribe(pregnancy, contact=person("+27820000702"))
    gateway.refusals["+27820000702"] = Refusal("bad_number", "No such number.")
    tick(MORNING)
    dispatcher.dispatch("sms", now=MORNING, budget=0)
    [failed] = deliveries(mary)
    assert (failed.state, failed.reason, failed.detail) == ("failed", "bad_number", "No such number.")


def test_07_what_can_never_go_out_is_not_tried_at_all(subscribe, make_set, gateway) -> None:
    mary = subscribe(make_set("long", {1: "unsendable " + "x" * 2000}))
    lost = subscribe(make_set("lost", {1: "Hello"}, channel="pigeon"))
    tick(MORNING)
    dispatcher.dispatch("sms", now=MORNING, budget=0)
    assert (outcomes(mary), outcomes(lost)) == ([("failed", "too_long")], [("failed", "unknown_channel")])
    assert gateway.batches == []


def test_08_a_resend_delays_no_due_message(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, next_sequence_number=2)
    resend(subscription_id=mary.pk, now=MORNING - MINUTE)
    tick(MORNING)
    assert texts(mary) == ["Welcome", "Eat well"]


def test_08_a_resend_after_the_end_is_the_last_message_and_one_that_was_stopped_says_no(
    subscribe, pregnancy
) -> None:
    ended, stopped = subscribe(pregnancy, next_sequence_number=3), subscribe(pregnancy, active=False)
    tick(MORNING)
    resend(subscription_id=ended.pk, now=MORNING + HOUR)
    assert texts(ended) == ["Nearly there"] * 2
    with pytest.raises(NotSendable):
        resend(subscription_id=stopped.pk, now=MORNING)


def test_09_nobody_gets_the_old_text_after_a_correction(subscribe, pregnancy) -> None:
    people = [subscribe(pregnancy) for _ in range(4)]
    tick(MORNING)
    later = [subscribe(pregnancy, created_at=MORNING) for _ in range(8)]
    Message.objects.filter(sequence_number=1).update(text_content="Welcome, corrected")
    Message.objects.filter(sequence_number=2).update(text_content="Eat well, corrected")
    tick(MORNING + DAY)
    assert {texts(one)[-1] for one in people} == {"Eat well, corrected"}
    assert {texts(one)[-1] for one in later} == {"Welcome, corrected"}


def test_10_every_setting_says_the_same_when_it_is_read_again() -> None:
    values = {name: getattr(installed, name) for name in dir(installed) if name.isupper()}
    once_only = [name for name, value in values.items() if isinstance(value, Iterator)]
    assert once_only == []


def test_11_a_hand_over_is_tried_as_often_as_the_setting_says(
    subscribe, pregnancy, gateway, settings
) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 3
    mary = subscribe(pregnancy, contact=person("+27820000703"))
    gateway.refusals["+27820000703"] = Refusal("busy", "Try again.", retryable=True)
    tick(MORNING)
    for minutes in range(0, 24 * 60, 20):
        dispatcher.dispatch("sms", now=MORNING + minutes * MINUTE, budget=0)
    assert len(gateway.batches) == 3
    assert outcomes(mary) == [("failed", "busy")]


def test_12_the_same_registration_twice_is_one_subscription(as_alice, pregnancy, daily) -> None:
    wish = {
        "id": str(uuid4()),
        "identity": str(uuid4()),
        "messageset": pregnancy.pk,
        "schedule": daily.pk,
        "lang": "eng_ZA",
        "next_sequence_number": 1,
        "metadata": {},
    }
    for _ in range(2):
        answer = as_alice.post("/api/v1/subscriptions/request", {"data": wish}, format="json")
        assert answer.status_code == 201
    assert Subscription.objects.count() == 1


def test_12_a_set_cannot_follow_itself(pregnancy, make_set) -> None:
    baby = make_set("baby", {1: "Vaccinate"}, next_set=pregnancy)
    for next_set in (pregnancy, baby):
        pregnancy.next_set = next_set
        with pytest.raises(Refused) as caught:
            save_message_set(message_set=pregnancy, changed=["next_set"])
        assert "next_set" in caught.value.errors
    assert not MessageSet.objects.filter(next_set=F("pk")).exists()


def test_13_a_changed_schedule_runs_at_its_new_time_only(subscribe, pregnancy, daily) -> None:
    mary = subscribe(pregnancy)
    daily.hour = "17"
    save_schedule(schedule=daily, changed=["hour"])
    tick(MORNING)
    assert texts(mary) == []
    tick(MORNING + 9 * HOUR)
    assert texts(mary) == ["Welcome"]


def test_13_a_deleted_schedule_runs_no_more_and_a_used_one_stays(pregnancy, daily) -> None:
    unused = Schedule.objects.create(minute="0", hour="8", planned_until=MORNING - HOUR)
    delete_schedule(schedule=unused)
    with pytest.raises(InUse):
        delete_schedule(schedule=daily)
    tick(MORNING)
    assert set(DueSlot.objects.values_list("schedule", flat=True)) == {daily.pk}


def test_14_a_message_that_is_late_is_neither_doubled_nor_skipped(subscribe, pregnancy, gateway) -> None:
    """The gateway is away for a day; meanwhile the next slot comes."""
    mary = subscribe(pregnancy)
    gateway.unavailable = "switched off"
    tick(MORNING)
    dispatcher.dispatch("sms", now=MORNING, budget=0)
    tick(MORNING + DAY)
    dispatcher.dispatch("sms", now=MORNING + DAY, budget=0)
    assert again(mary).next_sequence_number == 3
    gateway.unavailable = ""
    dispatcher.dispatch("sms", now=MORNING + DAY + HOUR, budget=0)
    assert [one.text for one in gateway.handed] == ["Welcome", "Eat well"]


def test_15_a_task_executed_twice_or_late_sends_nothing_more(subscribe, pregnancy, time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)
    mary = subscribe(pregnancy)
    for _ in range(3):
        tasks.plan()
    time_machine.move_to(MORNING + HOUR, tick=False)
    tasks.plan()
    assert texts(mary) == ["Welcome"]


def test_15_no_task_waits_in_the_broker_for_its_time() -> None:
    for name, entry in installed.CELERY_BEAT_SCHEDULE.items():
        options = entry.get("options", {})
        assert not {"eta", "countdown"} & options.keys(), name
        assert options["expires"] <= 60, name
        assert not entry.get("args"), name

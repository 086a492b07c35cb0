"""Each subscription's timeline, and the list of what needs somebody's attention."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from contacts.models import Address
from outbox import operations as outbox
from outbox.models import Delivery
from outbox.operations import Failure
from stagebased import attention, timeline
from stagebased.attention import Filter, Item, counts, listed
from stagebased.models import Change, MessageSet, Schedule, Subscription
from stagebased.operations.audit import NOBODY, Author
from stagebased.operations.failures import stop_after_failures
from stagebased.operations.requeue import Requeued, _again
from stagebased.operations.requeue import requeue as requeue_by
from stagebased.operations.send import resend
from stagebased.operations.stopping import pause
from stagebased.operations.switch import switch_set, target
from stagebased.operations.which import Which
from tests.stagebased.conftest import DAY, HOUR, MORNING, again, outcomes, person, texts, tick, write

pytestmark = pytest.mark.django_db


# --- The timeline ---------------------------------------------------------------------------


def told(subscription: Subscription, now) -> list[tuple[str, str, str, int | None]]:
    entries = timeline.of(subscription, now=now)
    return [(one.occasion[:16], one.outcome, one.reason, one.sequence_number) for one in entries]


def test_every_occasion_is_told_in_order(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    resend(subscription_id=mary.pk, now=MORNING + HOUR)
    tick(MORNING + 4 * DAY)
    assert told(again(mary), MORNING + 5 * DAY) == [
        ("2026-06-10T08:00", "queued", "", 1),
        ("again:2026-06-10", "queued", "", 1),
        ("2026-06-11T08:00", "missed", "missed_slot", None),
        ("2026-06-12T08:00", "missed", "missed_slot", None),
        ("2026-06-13T08:00", "missed", "missed_slot", None),
        ("2026-06-14T08:00", "queued", "", 2),
    ]


def test_it_tells_when_a_message_was_sent_and_delivered(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    [row] = Delivery.objects.all()
    outbox.record_sent(times={row.pk: MORNING + HOUR})
    outbox.record_delivered(times={row.pk: MORNING + 2 * HOUR})
    [entry] = timeline.of(mary, now=MORNING + DAY)
    assert (entry.outcome, entry.sent_at, entry.delivered_at) == (
        "delivered",
        MORNING + HOUR,
        MORNING + 2 * HOUR,
    )
    assert (entry.delivery_id, entry.messageset, entry.lang) == (row.pk, "pregnancy", "eng_ZA")


def test_slots_before_its_time_and_after_its_end_are_not_its_own(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, created_at=MORNING + 2 * DAY)
    tick(MORNING + 5 * DAY)
    Subscription.objects.filter(pk=mary.pk).update(active=False, updated_at=MORNING + 3 * DAY + HOUR)
    occasions = [one.at for one in timeline.of(again(mary), now=MORNING + 9 * DAY) if one.outcome == "missed"]
    assert occasions == [MORNING + 3 * DAY]


def test_it_costs_three_statements(subscribe, pregnancy, django_assert_num_queries) -> None:
    mary = subscribe(pregnancy)
    for days in range(3):
        tick(MORNING + days * DAY)
    mary = Subscription.objects.select_related("contact", "schedule").get()
    with django_assert_num_queries(3):
        assert len(timeline.of(mary, now=MORNING + 3 * DAY)) == 3


def test_changes_stand_among_the_messages(subscribe, pregnancy, make_set, alice) -> None:
    make_set("baby", {1: "Vaccinate"})
    mary = subscribe(pregnancy)
    tick(MORNING)
    hers = Which(contact_id=mary.contact_id)
    pause(which=hers, author=Author("api", alice), now=MORNING, until=MORNING + DAY)
    Change.objects.update(created_at=MORNING + HOUR)
    author = Author("admin", alice, "told by the clinic")
    [baby] = switch_set(which=hers, to=target(short_name="baby"), author=author)
    entries = timeline.of(again(mary), now=MORNING + DAY)
    assert [(one.kind, one.outcome) for one in entries] == [
        ("message", "cancelled"),
        ("change", "pause"),
        ("change", "set"),
    ]
    assert entries[1].detail == "Paused, until 2026-06-11T08:00:00+00:00; by alice, api."
    assert entries[2].detail == (
        "Another set, set pregnancy → baby, message 2 → 1; by alice, admin; told by the clinic."
    )
    [first] = timeline.of(baby, now=MORNING + DAY)
    assert (first.kind, first.outcome) == ("change", "begun")
    assert first.detail.startswith("Began after: another set")


def test_being_given_up_is_told_with_its_reason(subscribe, make_set) -> None:
    mary = subscribe(make_set("strict", {1: "a", 2: "b"}, stop_after_failures=1))
    tick(MORNING)
    Delivery.objects.update(state="failed", claimed_at=MORNING, ended_at=MORNING, reason="cms_error")
    stop_after_failures(now=MORNING + HOUR, since=MORNING)
    message, stop = timeline.of(again(mary), now=MORNING + DAY)
    assert (message.outcome, message.reason) == ("failed", "cms_error")
    assert (stop.outcome, stop.reason) == ("stop", "failures")
    assert stop.detail == "Stopped: 1 message in a row did not arrive; by planner."


def test_it_can_be_taken_along_as_a_table(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, contact=person())
    tick(MORNING)
    Delivery.objects.update(detail="=HYPERLINK(1)")
    [row] = csv.DictReader(StringIO(timeline.as_csv(timeline.of(mary, now=MORNING + DAY))))
    assert (row["outcome"], row["reason"], row["at"]) == ("failed", "no_address", "2026-06-10T08:00:00+00:00")
    assert row["detail"] == "'=HYPERLINK(1)"


# --- What needs attention -------------------------------------------------------------------


@pytest.fixture
def nobody(subscribe, pregnancy) -> Subscription:
    return subscribe(pregnancy, contact=person())


@pytest.fixture
def foreigner(subscribe, pregnancy) -> Subscription:
    return subscribe(pregnancy, lang="zul_ZA")


def requeue(*, which: Filter, now) -> Requeued:
    return requeue_by(which=which, author=NOBODY, now=now)


def found(now=MORNING + HOUR, **which) -> list[Item]:
    return attention.items(listed(Filter(**which), now=now))


def now_counts(now=MORNING + HOUR, **which) -> dict[str, int]:
    return counts(Filter(**which), now=now)


def test_the_list_counts_by_reason_without_what_is_well(subscribe, pregnancy, nobody, foreigner) -> None:
    subscribe(pregnancy)
    tick(MORNING)
    assert now_counts() == {"no_address": 1, "no_message": 1}
    [item] = found(reason="no_message")
    assert (item.subscription_id, item.reason, item.at) == (foreigner.pk, "no_message", MORNING)
    assert item.delivery_id == Delivery.objects.get(cause=foreigner.pk).pk
    assert "zul_ZA" in item.detail
    assert len(found()) == 2


def test_one_who_fails_every_day_is_on_it_once(nobody) -> None:
    for days in range(3):
        tick(MORNING + days * DAY)
    assert now_counts(MORNING + 3 * DAY) == {"no_address": 1}


def test_it_heals_by_itself(nobody) -> None:
    tick(MORNING)
    Address.objects.create(contact=nobody.contact, value="+27820000901")
    tick(MORNING + DAY)
    assert now_counts(MORNING + DAY) == {}


def test_one_that_was_stopped_needs_nobody(nobody) -> None:
    tick(MORNING)
    Subscription.objects.update(active=False)
    assert now_counts() == {}


def test_it_is_narrowed_by_set_and_time(nobody, subscribe, make_set) -> None:
    news = make_set("news", {1: "News"})
    subscribe(news, contact=person())
    tick(MORNING)
    assert now_counts(messageset_id=news.pk) == {"no_address": 1}
    assert now_counts(since=MORNING + HOUR) == {}


def test_requeueing_sends_what_was_mended_and_says_what_was_not(nobody, foreigner, pregnancy) -> None:
    tick(MORNING)
    write(pregnancy, 1, {"zul_ZA": "Sawubona"})
    done = requeue(which=Filter(), now=MORNING + HOUR)
    assert (done.queued, done.refused) == (1, 1)
    assert texts(foreigner) == ["Sawubona"]
    assert outcomes(nobody) == [("failed", "no_address")] * 2
    assert now_counts() == {"no_address": 1}


def test_what_the_gateway_refused_is_repeated_as_it_was(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    [row] = Delivery.objects.all()
    outbox.record_failed(failures={row.pk: Failure(MORNING + HOUR, "cms_error", "CMS ERROR: 500")})
    assert now_counts() == {"cms_error": 1}
    assert requeue(which=Filter(reason="cms_error"), now=MORNING + HOUR).queued == 1
    assert texts(mary) == ["Welcome"]
    assert again(mary).next_sequence_number == 2
    assert now_counts() == {}


def test_requeueing_twice_sends_once(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    [row] = Delivery.objects.all()
    outbox.record_failed(failures={row.pk: Failure(MORNING + HOUR, "cms_error")})
    for _ in range(2):
        requeue(which=Filter(), now=MORNING + HOUR)
    assert texts(mary) == ["Welcome"]


def test_a_repeat_goes_to_the_number_that_the_person_has_by_now(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy)
    tick(MORNING)
    [row] = Delivery.objects.all()
    outbox.record_failed(failures={row.pk: Failure(MORNING + HOUR, "cms_error")})
    Address.objects.filter(contact=mary.contact).update(inactive=True)
    Address.objects.create(contact=mary.contact, value="+27820000901")
    requeue(which=Filter(), now=MORNING + HOUR)
    assert Delivery.objects.get(state="queued").address == "+27820000901"


def test_a_slot_that_an_outage_kept_from_being_planned_is_on_it(subscribe, pregnancy, daily) -> None:
    late = MORNING + 6 * HOUR
    mary = subscribe(pregnancy)
    subscribe(pregnancy, created_at=MORNING)
    subscribe(pregnancy, active=False, stopped="paused")
    tick(late)
    assert now_counts(late) == {"missed_slot": 1}
    [item] = found(late, reason="missed_slot")
    assert item == Item(mary.pk, "missed_slot", item.detail, MORNING, None)
    tick(MORNING + DAY)
    assert now_counts(MORNING + DAY) == {}


def test_a_missed_slot_is_each_person_s_own_where_the_schedule_says_so(subscribe, pregnancy) -> None:
    Schedule.objects.update(in_contact_timezone=True)
    here = subscribe(pregnancy)
    subscribe(pregnancy, contact=person("+1", timezone="Asia/Tokyo"))
    tick(MORNING - HOUR)
    tick(MORNING + 6 * HOUR)
    assert [item.subscription_id for item in found(MORNING + 6 * HOUR, reason="missed_slot")] == [here.pk]


def test_the_next_message_makes_up_for_a_missed_slot(subscribe, pregnancy) -> None:
    late = MORNING + 6 * HOUR
    mary = subscribe(pregnancy)
    tick(late)
    assert requeue(which=Filter(reason="missed_slot"), now=late) == Requeued(queued=1)
    assert texts(mary) == ["Welcome"]


def test_who_was_given_up_is_on_it_until_somebody_lets_them_go_on(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, active=False, stopped="failures", updated_at=MORNING - 90 * DAY)
    assert now_counts() == {"failures": 1}
    assert now_counts(since=MORNING) == {}
    assert requeue(which=Filter(reason="failures"), now=MORNING + HOUR) == Requeued(resumed=1)
    assert (again(mary).active, mary.stopped, now_counts()) == (True, "", {})
    assert Change.objects.get().kind == "resume"


def test_one_whose_status_keeps_it_is_on_it_and_let_go_only_by_that_name(subscribe, pregnancy) -> None:
    mary = subscribe(pregnancy, process_status=-1)
    assert now_counts() == {"not_ready": 1}
    assert requeue(which=Filter(), now=MORNING) == Requeued()
    assert requeue(which=Filter(reason="not_ready"), now=MORNING) == Requeued(resumed=1)
    assert again(mary).process_status == 0
    tick(MORNING)
    assert texts(mary) == ["Welcome"]


def test_the_parts_of_the_list_are_one_list(subscribe, pregnancy, nobody) -> None:
    tick(MORNING)
    given_up = subscribe(pregnancy, active=False, stopped="failures", updated_at=MORNING + HOUR)
    stuck = subscribe(pregnancy, process_status=5, updated_at=MORNING - HOUR)
    assert [item.subscription_id for item in found()] == [given_up.pk, nobody.pk, stuck.pk]
    rows = listed(Filter(), now=MORNING + HOUR)
    assert rows.count() == 3
    assert [one.subscription for one in attention.entries(attention.items(rows[1:3]))] == [nobody, stuck]
    assert now_counts(messageset_id=pregnancy.pk) == {"failures": 1, "no_address": 1, "not_ready": 1}
    assert now_counts(messageset_id=pregnancy.pk + 1) == {}


def test_of_two_who_requeue_at_once_the_second_finds_nothing(nobody) -> None:
    tick(MORNING)
    Address.objects.create(contact=nobody.contact, value="+27820000901")
    both_saw = found()
    for queued in (1, 0):
        done = _again(both_saw, Filter(), NOBODY, MORNING + HOUR)
        assert done == Requeued(queued=queued)
    assert texts(nobody) == ["Welcome"]


def test_many_are_tried_again_at_the_price_of_one(
    subscribe, pregnancy, django_assert_max_num_queries
) -> None:
    for _ in range(30):
        subscribe(pregnancy, lang="zul_ZA")
    tick(MORNING)
    write(pregnancy, 1, {"zul_ZA": "Sawubona"})
    MessageSet.objects.update(label="")
    with django_assert_max_num_queries(25):
        assert requeue(which=Filter(), now=MORNING + HOUR) == Requeued(queued=30)

"""Each subscription's timeline, and the list of what needs somebody's attention."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from contacts.models import Address
from outbox import operations as outbox
from outbox.models import Delivery
from outbox.operations import Failure
from stagebased import timeline
from stagebased.attention import Filter, counts, listed, requeue
from stagebased.models import Subscription
from stagebased.operations.send import resend
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


def test_it_costs_two_statements(subscribe, pregnancy, django_assert_num_queries) -> None:
    mary = subscribe(pregnancy)
    for days in range(3):
        tick(MORNING + days * DAY)
    mary = Subscription.objects.select_related("contact", "schedule").get()
    with django_assert_num_queries(2):
        assert len(timeline.of(mary, now=MORNING + 3 * DAY)) == 3


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


def now_counts(now=MORNING + HOUR, **which) -> dict[str, int]:
    return counts(Filter(**which), now=now)


def test_the_list_counts_by_reason_without_what_is_well(subscribe, pregnancy, nobody, foreigner) -> None:
    subscribe(pregnancy)
    tick(MORNING)
    assert now_counts() == {"no_address": 1, "no_message": 1}
    assert [one.cause for one in listed(Filter(reason="no_message"), now=MORNING)] == [foreigner.pk]


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

"""What failed, by reason; all of one kind sent again in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from contacts.operations import opt_out
from outbox import failures, operations
from outbox.models import Delivery, DeliveryCount, Resend

pytestmark = pytest.mark.django_db
State = Delivery.State
FAILURES, RESEND = reverse("admin:outbox_failure_changelist"), reverse("admin:outbox_failure_resend")


@pytest.fixture
def as_operator(client: Client, staff: User) -> Client:
    staff.groups.set([Group.objects.get(name="Operator")])
    client.force_login(staff)
    return client


@pytest.fixture
def fail(queue):
    """A delivery that failed for this reason."""

    def make(reason: str = "no_report", ago: timedelta = timedelta(0), **given: Any) -> Delivery:
        delivery = queue(**given)
        operations.record_failed(failures={delivery.pk: operations.Failure(timezone.now() - ago, reason, "")})
        delivery.refresh_from_db()
        return delivery

    return make


def listed(client: Client, **query: Any) -> set[Any]:
    answer = client.get(FAILURES, query)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def order(since=None, **criteria: str) -> Resend:
    return failures.order(criteria=criteria, since=since)


def done(made: Resend) -> tuple[int, int, int, int]:
    failures.work()
    made.refresh_from_db()
    assert made.finished_at is not None
    return made.total, made.queued, made.refused, made.passed_over


def repeats() -> int:
    return Delivery.objects.filter(state=State.QUEUED, slot_key__endswith="~1").count()


# --- the list --------------------------------------------------------------------------


def test_failures_are_listed_and_nothing_else(as_operator, fail, queue):
    failed, expired = fail(), queue()
    Delivery.objects.filter(pk=expired.pk).update(state=State.EXPIRED, ended_at=timezone.now())
    queue()
    assert listed(as_operator) == {failed.pk, expired.pk}


def test_they_are_narrowed_by_reason_state_gateway_source_and_time(as_operator, fail):
    one = fail("bad_number", gateway="other")
    other = fail("no_report", ago=timedelta(hours=2))
    for query, expected in [
        ({"reason": "bad_number"}, {one.pk}),
        ({"gateway": "other"}, {one.pk}),
        ({"state": "expired"}, set()),
        ({"state": "failed"}, {one.pk, other.pk}),
        ({"source": "broadcast"}, set()),
        ({"hours": "1"}, {one.pk}),
        ({"hours": "24"}, {one.pk, other.pk}),
    ]:
        assert listed(as_operator, **query) == expected, query


def test_reasons_are_counted_from_the_hourly_counts(as_operator):
    now = timezone.now()
    for hours, count in ((1, 3), (50, 4), (24 * 20, 5), (24 * 40, 6)):
        DeliveryCount.objects.create(
            hour=now - timedelta(hours=hours), channel="sms", gateway="sms", state="failed",
            reason="bad_number", count=count,
        )  # fmt: skip
    assert failures.by_reason(now) == [failures.Cause("failed", "bad_number", "sms", 3, 7, 12)]
    shown = as_operator.get(FAILURES).content.decode()
    assert "?state=failed&amp;reason=bad_number&amp;gateway=sms" in shown


def test_the_list_costs_the_same_for_few_and_many(as_operator, fail):
    as_operator.get(FAILURES)
    counts = []
    for _ in range(2):
        for _ in range(3):
            fail()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            as_operator.get(FAILURES)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_failure_leads_to_the_delivery_s_story(as_operator, fail):
    failed = fail()
    answer = as_operator.get(reverse("admin:outbox_failure_change", args=[failed.pk]))
    assert answer.url == reverse("admin:outbox_delivery_change", args=[failed.pk])


def test_the_chosen_ones_are_sent_again(as_operator, fail):
    failed, _ = fail(), fail()
    as_operator.post(FAILURES, {"action": "send_again", "_selected_action": [str(failed.pk)]})
    [again] = Delivery.objects.filter(state=State.QUEUED)
    assert again.cause == failed.cause


# --- all of a kind ---------------------------------------------------------------------


def test_all_of_a_kind_are_counted_first_and_then_sent_again(as_operator, staff, fail):
    for _ in range(3):
        fail("bad_number")
    fail("no_report")
    page = f"{RESEND}?reason=bad_number"
    assert as_operator.get(page).context["count"] == 3
    assert not Resend.objects.exists()
    answer = as_operator.post(page)
    made = Resend.objects.get()
    assert answer.url == reverse("admin:outbox_resend_change", args=[made.pk])
    assert (made.created_by, str(made)) == (staff, "bad number")
    assert done(made) == (3, 3, 0, 0)
    assert "Finished" in as_operator.get(answer.url).content.decode()
    assert repeats() == 3


def test_it_is_on_record_who_sent_them_again(as_operator, staff, fail):
    fail("bad_number")
    as_operator.post(f"{RESEND}?reason=bad_number&hours=24")
    entry = Entry.objects.get(act=Entry.Act.SEND_AGAIN)
    assert (entry.actor, entry.after["deliveries"], entry.after["reason"]) == ("staff", 1, "bad_number")


def test_batches_meet_every_one_once(fail, monkeypatch):
    monkeypatch.setattr(failures, "BATCH", 2)
    moment = timezone.now() - timedelta(minutes=5)
    made = [fail() for _ in range(7)]
    # Some ended at the very same moment, as those of one batch do.
    Delivery.objects.filter(pk__in=[one.pk for one in made[:5]]).update(ended_at=moment)
    assert done(order()) == (7, 7, 0, 0)
    assert repeats() == 7


def test_a_worker_that_dies_in_a_batch_sends_nothing_twice(fail, monkeypatch):
    monkeypatch.setattr(failures, "BATCH", 2)
    for _ in range(5):
        fail()
    made, again, calls = order(), failures.send_again, []

    def dying(**given):
        found = again(**given)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(failures, "send_again", dying)
    with pytest.raises(KeyboardInterrupt):
        failures.work()
    assert done(made) == (5, 5, 0, 0)
    assert Delivery.objects.count() == 10


def test_what_was_sent_again_before_is_passed_over(fail):
    failed = fail()
    fail()
    operations.send_again(ids=[failed.pk])
    assert done(order()) == (2, 1, 0, 1)


def test_who_has_opted_out_meanwhile_gets_nothing(fail):
    failed = fail()
    opt_out(kind="stop", address=("msisdn", failed.address), source="test")
    assert done(order()) == (1, 0, 1, 0)


def test_what_fails_again_is_not_tried_for_ever(fail, channel):
    failed = fail()
    opt_out(kind="stop", address=("msisdn", failed.address), source="test")
    done(order())
    assert Delivery.objects.count() == 2


def test_slots_without_a_message_are_left_to_the_programmes(fail):
    Delivery.objects.filter(pk=fail().pk).update(text="")
    Delivery.objects.filter(pk=fail().pk).update(address="")
    assert done(order()) == (0, 0, 0, 0)


def test_it_can_be_stopped_on_the_way(as_operator, fail, monkeypatch):
    monkeypatch.setattr(failures, "BATCH", 2)
    for _ in range(6):
        fail()
    made = order()
    failures.work(budget=0)
    page = reverse("admin:outbox_resend_stop", args=[made.pk])
    for shown in ("change", "progress"):
        assert (
            page in as_operator.get(reverse(f"admin:outbox_resend_{shown}", args=[made.pk])).content.decode()
        )
    as_operator.post(page)
    assert done(made) == (6, 0, 0, 0)
    assert (
        "Stopped" in as_operator.get(reverse("admin:outbox_resend_progress", args=[made.pk])).content.decode()
    )
    assert not failures.stop(made)


def test_who_only_looks_is_offered_no_stop(client, staff, fail):
    fail()
    made = order()
    staff.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(staff)
    for shown in ("change", "progress"):
        answer = client.get(reverse(f"admin:outbox_resend_{shown}", args=[made.pk]))
        assert reverse("admin:outbox_resend_stop", args=[made.pk]) not in answer.content.decode()


@pytest.mark.parametrize("query", ["hours=x", "hours=999999", "reason=%00", "state=delivered", "source=nope"])
def test_a_senseless_filter_sends_nothing_else(as_operator, fail, query):
    fail()
    answer = as_operator.get(f"{RESEND}?{query}")
    assert answer.status_code == 200
    assert answer.context["count"] in (0, 1)

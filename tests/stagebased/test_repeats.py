"""Sending again what failed: not what nobody wants any more, and not at night."""

from __future__ import annotations

from datetime import time

import pytest
from django.utils import timezone

from contacts.operations import opt_out
from outbox.models import Delivery
from outbox.operations import Failure, record_failed, send_again
from stagebased.attention import Filter
from stagebased.models import Subscription
from stagebased.operations.audit import NOBODY
from stagebased.operations.requeue import requeue
from stagebased.operations.stopping import pause
from stagebased.operations.switch import loss, switch_set, target
from stagebased.operations.which import Which
from stagebased.quiet import reopen
from tests.stagebased.conftest import DAY, HOUR, MINUTE, MORNING, again, tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def mary(subscribe, pregnancy, time_machine) -> Subscription:
    """The gateway refused this morning's message."""
    time_machine.move_to(MORNING, tick=False)
    return failed(subscribe(pregnancy))


def failed(subscription: Subscription) -> Subscription:
    tick(MORNING)
    [row] = Delivery.objects.filter(cause=subscription.pk)
    record_failed(failures={row.pk: Failure(MORNING, "cms_error", "")})
    return again(subscription)


def sent_again(subscription: Subscription) -> list[Delivery]:
    return send_again(ids=Delivery.objects.filter(cause=subscription.pk).values_list("pk", flat=True))


def of(subscription: Subscription) -> Which:
    return Which(contact_id=subscription.contact_id)


def test_what_goes_on_is_sent_again_and_does_not_wait_for_ever(mary) -> None:
    [repeat] = sent_again(mary)
    assert (repeat.state, repeat.text, repeat.closes_at) == ("queued", "Welcome", None)
    assert repeat.expires_at is not None
    assert sent_again(mary) == []


STOPPED = {
    "a loss": lambda one: loss(which=of(one), to=None, author=NOBODY),
    "a pause": lambda one: pause(which=of(one), author=NOBODY),
    "another set": lambda one: switch_set(which=of(one), to=target(short_name="other"), author=NOBODY),
    "leaving the programme": lambda one: opt_out(
        kind="unsubscribe", source="sms", contact_ids=[one.contact_id], programme="pregnancy"
    ),
    "being removed": lambda one: one.delete(),
}


@pytest.mark.parametrize("stop", STOPPED.values(), ids=STOPPED.keys())
def test_what_was_stopped_is_not_sent_again(mary, make_set, stop) -> None:
    make_set("other", {1: "Hello"})
    key = mary.pk
    stop(mary)
    assert send_again(ids=Delivery.objects.filter(cause=key).values_list("pk", flat=True)) == []


def test_after_a_loss_not_even_a_set_that_had_ended_is_sent_again(subscribe, make_set, time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)
    baby = make_set("baby", {1: "Vaccinate"})
    ended = failed(subscribe(make_set("birth", {1: "Nearly there"}, next_set=baby)))
    assert ended.completed
    loss(which=of(ended), to=None, author=NOBODY)
    assert sent_again(ended) == []


def test_a_set_that_has_ended_is_sent_again_unless_its_programme_was_left(
    subscribe, make_set, time_machine
) -> None:
    time_machine.move_to(MORNING, tick=False)
    birth = make_set("birth", {1: "Nearly there"})
    jane, anna = subscribe(birth), subscribe(birth)
    tick(MORNING)
    rows = Delivery.objects.values_list("pk", flat=True)
    record_failed(failures={key: Failure(MORNING, "cms_error", "") for key in rows})
    opt_out(kind="unsubscribe", source="sms", contact_ids=[anna.contact_id], programme="birth")
    assert (len(sent_again(jane)), sent_again(anna)) == (1, [])


def test_who_was_given_up_for_failures_may_be_tried_again(mary) -> None:
    Subscription.objects.filter(pk=mary.pk).update(active=False, stopped="failures")
    assert len(sent_again(mary)) == 1


def test_an_earlier_loss_does_not_count_for_what_was_sent_later(mary, subscribe, time_machine) -> None:
    loss(which=of(mary), to=None, author=NOBODY)
    time_machine.move_to(MORNING + 400 * DAY, tick=False)
    later = subscribe(mary.messageset, contact=mary.contact, created_at=MORNING + 399 * DAY)
    tick(MORNING + 400 * DAY)
    [row] = Delivery.objects.filter(cause=later.pk)
    record_failed(failures={row.pk: Failure(timezone.now(), "cms_error", "")})
    assert len(sent_again(later)) == 1


def at_night(subscription: Subscription, time_machine) -> None:
    type(subscription.messageset).objects.update(not_before=time(8), not_after=time(20))
    time_machine.move_to(MORNING + 15 * HOUR, tick=False)


def test_at_night_it_waits_for_the_morning_in_the_person_s_zone(mary, time_machine) -> None:
    at_night(mary, time_machine)
    [repeat] = sent_again(mary)
    assert (repeat.not_before, repeat.closes_at) == (MORNING + DAY, MORNING + DAY + 12 * HOUR + MINUTE)
    mary.contact.timezone = "Africa/Johannesburg"
    mary.contact.save()
    record_failed(failures={repeat.pk: Failure(timezone.now(), "cms_error", "")})
    [repeat] = sent_again(mary)
    assert repeat.not_before == MORNING + DAY - 2 * HOUR


def test_requeueing_keeps_quiet_hours(mary, time_machine) -> None:
    at_night(mary, time_machine)
    assert requeue(which=Filter(), author=NOBODY).queued == 1
    assert Delivery.objects.get(state="queued").not_before == MORNING + DAY
    # A gateway that stands still all day does not send it the night after either.
    assert reopen(MORNING + DAY + 13 * HOUR) == 1
    assert Delivery.objects.get(state="queued").not_before == MORNING + 2 * DAY


def test_many_cost_as_much_as_one(mary, subscribe, django_assert_max_num_queries) -> None:
    for _ in range(20):
        subscribe(mary.messageset)
    tick(MORNING + MINUTE)
    Delivery.objects.filter(state="queued").update(state="failed", ended_at=MORNING)
    with django_assert_max_num_queries(15):
        send_again(ids=Delivery.objects.values_list("pk", flat=True))

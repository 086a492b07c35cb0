"""No hand-over starts after an opt-out is committed, whenever it comes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence

import pytest

from contacts import operations as people
from contacts.models import Contact
from outbox import operations
from outbox.channels import Outgoing
from outbox.dispatcher import dispatch
from outbox.models import Delivery
from tests.outbox.conftest import occasion, person, together

State = Delivery.State


def test_an_opt_out_stops_what_is_queued_in_its_own_transaction(queue, channel, mary, john) -> None:
    stopped, other = queue(contact=mary), queue(contact=john, address="+27820001002")
    despite = queue(contact=mary, despite_opt_out=True)
    people.opt_out(kind="stopall", contact_ids=[mary.pk], source="test")
    for delivery in (stopped, other, despite):
        delivery.refresh_from_db()
    assert (stopped.state, stopped.reason) == (State.CANCELLED, "opted_out")
    assert (other.state, despite.state) == (State.QUEUED, State.QUEUED)


def test_stopping_one_number_leaves_the_persons_other_numbers(queue, channel, mary) -> None:
    mary.addresses.create(value="+27820009999")
    here, there = queue(contact=mary), queue(contact=mary, address="+27820009999")
    bare = queue(contact=None)
    people.opt_out(kind="stop", address=("msisdn", "+27820001001"), source="test")
    for delivery in (here, there, bare):
        delivery.refresh_from_db()
    assert [d.state for d in (here, there, bare)] == [State.CANCELLED, State.QUEUED, State.CANCELLED]


def test_leaving_one_programme_is_no_business_of_the_outbox(queue, channel, mary) -> None:
    delivery = queue(contact=mary)
    people.opt_out(kind="unsubscribe", contact_ids=[mary.pk], programme="prebirth", source="test")
    delivery.refresh_from_db()
    assert delivery.state == State.QUEUED


def test_who_asks_to_be_forgotten_leaves_no_number_or_text_behind(queue, channel, mary) -> None:
    out, waiting = queue(contact=mary, text="secret"), queue(contact=mary, text="secret")
    operations.record_sent(times={out.pk: out.created_at})
    people.forget(contact_id=mary.pk, source="test")
    for delivery in (out, waiting):
        delivery.refresh_from_db()
        assert (delivery.address, delivery.text) == ("", "")
    assert (out.state, waiting.state) == (State.SENT, State.CANCELLED)


@pytest.mark.postgres
def test_an_opt_out_waits_for_the_hand_over_under_way_and_stops_the_next(
    transactional_db, channel, queue, settings
) -> None:
    settings.OUTBOX_BATCH = 1
    mary = person("+27820001001")
    first, second = queue(contact=mary), queue(contact=mary)
    under_way, committed = threading.Event(), threading.Event()

    def slow(batch: Sequence[Outgoing]) -> None:
        under_way.set()
        # The opt-out must not get through while this goes on.
        assert not committed.wait(0.5)

    def opt_out() -> None:
        under_way.wait(10)
        people.opt_out(kind="stopall", contact_ids=[mary.pk], source="test")
        committed.set()

    channel.meanwhile = slow
    together(lambda: dispatch("sms"), opt_out)
    first.refresh_from_db()
    second.refresh_from_db()
    assert [one.id for one in channel.handed] == [first.pk]
    assert (first.state, second.state) == (State.HANDED, State.CANCELLED)


@pytest.mark.postgres
def test_nothing_is_handed_over_after_an_opt_out_that_came_at_any_moment(
    transactional_db, channel, settings
) -> None:
    """Two workers send to 60 people, three messages each, while the people opt out one by one."""
    settings.OUTBOX_BATCH = 5
    chance = random.Random(20261121)
    everybody = [person(f"+2782000{n:04}") for n in range(60)]
    rows = [
        operations.NewDelivery(**(occasion() | {"contact": one, "address": one.addresses.get().value}))
        for _ in range(3)
        for one in everybody
    ]
    whose = {delivery.pk: delivery.contact_id for delivery, _ in operations.queue_many(rows=rows)}
    started: list[tuple[float, object]] = []
    opted_out: dict[object, float] = {}

    def note(batch: Sequence[Outgoing]) -> None:
        started.extend((time.monotonic(), whose[one.id]) for one in batch)
        time.sleep(chance.random() * 0.01)

    def opt_out(some: list[Contact]) -> None:
        for one in some:
            time.sleep(chance.random() * 0.008)
            people.opt_out(kind="stopall", contact_ids=[one.pk], source="test")
            opted_out[one.pk] = time.monotonic()

    channel.meanwhile = note
    chance.shuffle(everybody)
    together(
        lambda: dispatch("sms"),
        lambda: dispatch("sms"),
        lambda: opt_out(everybody[:25]),
        lambda: opt_out(everybody[25:50]),
    )
    late = [contact for at, contact in started if at > opted_out.get(contact, float("inf"))]
    assert late == []
    handed, cancelled = (
        Delivery.objects.filter(state=state).count() for state in (State.HANDED, State.CANCELLED)
    )
    assert handed + cancelled == 180
    assert handed
    assert cancelled

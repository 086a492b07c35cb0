"""Queueing: once per occasion, examined first, and never for people who opted out."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from outbox import operations
from outbox.models import Delivery, DeliveryCount
from outbox.operations import NewDelivery, Refused
from outbox.signals import deliveries_changed

State = Delivery.State


def wish(**given) -> NewDelivery:
    usual = {
        "source": "test",
        "cause": uuid.uuid4(),
        "slot_key": "1",
        "address": "+27820001001",
        "text": "hello",
    }
    return NewDelivery(**(usual | given))


def test_a_queued_delivery_knows_its_parts_and_goes_to_the_usual_gateway(queue) -> None:
    delivery = queue(text="x" * 200)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.parts, delivery.gateway) == (State.QUEUED, 2, "sms")


def test_the_same_occasion_again_gives_the_first_row(queue, channel) -> None:
    first = queue(slot_key="2026-11-21T08:00Z", text="first")
    again, new = operations.queue(
        source="test", cause=first.cause, slot_key="2026-11-21T08:00Z", address="+27820001002", text="second"
    )
    assert (again.pk, again.text, new) == (first.pk, "first", False)
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("differing", [{"source": "other"}, {"slot_key": "2"}, {"cause": uuid.uuid4()}])
def test_another_source_slot_or_cause_is_another_occasion(queue, differing) -> None:
    cause = uuid.uuid4()
    queue(cause=cause)
    queue(**({"cause": cause} | differing))
    assert Delivery.objects.count() == 2


def test_the_same_occasion_twice_in_one_call_is_stored_once(db, channel) -> None:
    twice = wish()
    [(first, new), (second, new_again)] = operations.queue_many(rows=[twice, twice])
    assert (first.pk == second.pk, new, new_again) == (True, True, False)


def test_what_can_never_be_sent_is_refused_and_not_stored(db, channel) -> None:
    with pytest.raises(Refused) as refused:
        operations.queue(
            source="test", cause=uuid.uuid4(), slot_key="1", address="+27820001001", text="unsendable"
        )
    assert refused.value.code == "too_long"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"address": ""}, "no_address"),
        ({"channel": "pigeon"}, "unknown_channel"),
        ({"gateway": "nowhere"}, "unknown_gateway"),
        ({"text": "nul \x00"}, "bad_text"),
        ({"text": "half \ud83d"}, "bad_text"),
    ],
)
def test_among_many_the_unsendable_are_stored_as_failed_with_the_reason(db, channel, given, code) -> None:
    rows = operations.queue_many(rows=[wish(), wish(**given), wish()])
    assert [(row.state, row.reason) for row, _ in rows] == [("queued", ""), ("failed", code), ("queued", "")]
    assert Delivery.objects.get(reason=code).ended_at


def test_a_person_who_opted_out_gets_a_skipped_row(queue, mary) -> None:
    mary.opted_out_at = timezone.now()
    mary.save()
    skipped = queue(contact=mary)
    assert (skipped.state, skipped.reason) == (State.SKIPPED, "opted_out")


def test_somebody_who_has_a_number_is_judged_by_their_own_record_of_it(queue, mary, john) -> None:
    john.addresses.create(value="+27820001001")
    mary.addresses.update(opted_out_at=timezone.now())
    assert queue(contact=mary).state == State.SKIPPED
    assert queue(contact=john).state == State.QUEUED


def test_somebody_who_has_not_got_a_closed_number_is_not_reached_there(queue, mary, john) -> None:
    mary.addresses.update(opted_out_at=timezone.now())
    assert queue(contact=john, address="+27820001001").state == State.SKIPPED
    assert queue(contact=None, address="+27820001001").state == State.SKIPPED
    assert queue(contact=john, address="+27820001002").state == State.QUEUED


def test_a_bare_number_is_closed_when_its_owner_opted_out_of_everything(queue, mary) -> None:
    mary.opted_out_at = timezone.now()
    mary.save()
    assert queue(contact=None, address="+27820001001").state == State.SKIPPED


def test_the_confirmation_of_an_opt_out_is_queued_despite_it(queue, mary) -> None:
    mary.addresses.update(opted_out_at=timezone.now())
    assert queue(contact=mary, despite_opt_out=True).state == State.QUEUED


def test_queueing_many_costs_the_same_for_few_and_for_more(
    db, channel, django_assert_num_queries, mary
) -> None:
    # Who opted out, the insert, the counts.
    with django_assert_num_queries(3):
        operations.queue_many(rows=[wish(contact=mary) for _ in range(2)])
    with django_assert_num_queries(3):
        operations.queue_many(rows=[wish(contact=mary) for _ in range(300)])


def test_every_field_is_stored_as_it_was_wished(db, channel, mary, alice) -> None:
    at = timezone.now().replace(microsecond=5)
    wished = {
        "options": {"flash": True, "to": 'a "quoted" \\ {number}', "nested": [1, None]},
        "priority": Delivery.Priority.BULK, "not_before": at, "expires_at": at + timedelta(days=1),
        "despite_opt_out": True, "text": "Grüße, 😀 \\ \"{},\n NULL", "slot_key": "NULL", "address": "{a,b}",
    }  # fmt: skip
    rows = [wish(**wished, contact=mary, created_by=alice.pk), wish(), wish(text="NULL", address="")]
    made = [row for row, _ in operations.queue_many(rows=rows)]
    for row in made:
        stored = Delivery.objects.get(pk=row.pk)
        assert values(stored) == values(row)
    assert values(made[0]) | wished == values(made[0])
    assert (made[0].contact, made[0].created_by) == (mary, alice)
    assert not made[0]._state.adding


def values(row: Delivery) -> dict:
    return {field.attname: getattr(row, field.attname) for field in Delivery._meta.concrete_fields}


def test_entering_a_state_is_counted_and_told_after_commit(
    db, channel, django_capture_on_commit_callbacks
) -> None:
    told: list[tuple[str, int]] = []

    def listen(sender, state, ids, **_) -> None:
        told.append((state, len(ids)))

    deliveries_changed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            operations.queue_many(rows=[wish(), wish(text="unsendable"), wish()])
            assert told == []
    finally:
        deliveries_changed.disconnect(listen)
    assert sorted(told) == [("failed", 1), ("queued", 2)]
    assert set(DeliveryCount.objects.values_list("state", "reason", "count")) == {
        ("queued", "", 2), ("failed", "too_long", 1),
    }  # fmt: skip


def test_a_slot_key_too_long_for_a_repeat_is_a_programming_error(queue) -> None:
    with pytest.raises(ValueError, match="slot_key"):
        queue(slot_key="x" * 146)

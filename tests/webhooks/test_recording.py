"""Events are written with what they tell of: in its transaction, a set at once, and only if wanted."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils.timezone import now

from accounts.models import User
from contacts.operations import opt_in, opt_out
from outbox import operations as outbox
from outbox import trail
from outbox.dispatcher import dispatch
from smsbridge.inbound.intake import Received, take_in
from stagebased.models import Subscription
from stagebased.operations import subscribe
from tests.outbox.conftest import channel, queue  # noqa: F401 (fixtures)
from tests.stagebased import conftest as programme
from tests.webhooks.conftest import told
from webhooks import operations, triggers
from webhooks.interest import interest
from webhooks.models import Event
from webhooks.recording import record

daily, make_set, pregnancy = programme.daily, programme.make_set, programme.pregnancy
subscribe_somebody = programme.subscribe
NUMBER = "+27820001001"


@pytest.fixture
def listening(db):
    made, _ = operations.register(url="https://hooks.example.org/")
    return made


def test_what_happens_to_a_delivery(listening, queue, channel):  # noqa: F811
    delivery = queue()
    dispatch("sms")
    outbox.record_sent(times={delivery.pk: now()})
    outbox.record_delivered(times={delivery.pk: now()})
    assert told() == [("delivery.sent", delivery.pk), ("delivery.delivered", delivery.pk)]
    assert list(Event.objects.values_list("facts", flat=True)) == [{"state": "delivered"}, {"state": "sent"}]


def test_how_deliveries_end_short(listening, queue, channel):  # noqa: F811
    failed, stopped, late = queue(), queue(), queue(expires_at=now() - timedelta(hours=1))
    outbox.record_failed(failures={failed.pk: outbox.Failure(now(), "gone")})
    outbox.cancel(ids=[stopped.pk], reason="stopped")
    outbox.expire_due(now=now())
    assert told() == [
        ("delivery.failed", failed.pk), ("delivery.cancelled", stopped.pk), ("delivery.expired", late.pk),
    ]  # fmt: skip


def test_what_comes_to_nothing_while_it_is_planned(listening, subscribe_somebody, pregnancy):
    nowhere = subscribe_somebody(pregnancy, contact=programme.person())
    programme.tick(programme.MORNING)
    [delivery] = programme.deliveries(nowhere)
    assert ("delivery.failed", delivery.pk) in told()


def of_subscriptions() -> list[tuple[str, uuid.UUID]]:
    return [(kind.partition(".")[2], key) for kind, key in told() if kind.startswith("subscription.")]


def test_a_subscription_from_beginning_to_end(listening, daily, make_set):
    after = make_set("after", {1: "Hello again"})
    first = make_set("first", {1: "Hello"}, next_set=after)
    fields = {"messageset_id": first.pk, "schedule_id": daily.pk, "lang": "eng_ZA"}
    made = subscribe.subscribe(fields={**fields, "contact_id": programme.person(NUMBER).pk})
    for change in ({"active": False}, {"active": True}, {"lang": "zul_ZA"}, {"lang": "eng_ZA"}):
        subscribe.change_subscription(subscription_id=made.pk, fields=change)
    Subscription.objects.update(created_at=programme.MORNING - programme.DAY)
    programme.tick(programme.MORNING)
    follow_up = Subscription.objects.get(continues=made)
    subscribe.delete_subscription(subscription_id=follow_up.pk)
    found = of_subscriptions()
    assert found[:5] == [
        ("created", made.pk), ("stopped", made.pk), ("resumed", made.pk), ("changed", made.pk),
        ("changed", made.pk),
    ]  # fmt: skip
    assert set(found[5:-1]) == {("completed", made.pk), ("created", follow_up.pk)}
    assert found[-1] == ("deleted", follow_up.pk)


def test_whatever_way_a_subscription_is_written(listening, subscribe_somebody, pregnancy, make_set):
    """Sets of rows, single rows, statements of our own: the database sees them all."""
    one, two = subscribe_somebody(pregnancy), subscribe_somebody(pregnancy)
    Event.objects.all().delete()
    Subscription.objects.all().update(active=False, stopped="paused")
    assert set(of_subscriptions()) == {("stopped", one.pk), ("stopped", two.pk)}
    Event.objects.all().delete()
    programme.again(one).messageset = make_set("other", {1: "x"})
    one.save()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE stagebased_subscription SET active = TRUE WHERE NOT active")
    Subscription.objects.all().delete()
    assert sorted(of_subscriptions()) == sorted(
        [("changed", one.pk), *((what, key.pk) for what in ("resumed", "deleted") for key in (one, two))]
    )


def test_moving_on_is_no_event(listening, subscribe_somebody, pregnancy):
    somebody = subscribe_somebody(pregnancy)
    Event.objects.all().delete()
    programme.tick(programme.MORNING)
    assert programme.again(somebody).next_sequence_number == 2
    assert of_subscriptions() == []


def test_a_subscription_is_told_to_whoever_asked_for_it(db, subscribe_somebody, pregnancy):
    some, _ = operations.register(url="https://a.example/", kinds=["subscription.created"])
    operations.register(url="https://b.example/", kinds=["subscription.completed", "delivery.sent"])
    off, _ = operations.register(url="https://c.example/")
    operations.disable(endpoint_id=off.pk)
    somebody = subscribe_somebody(pregnancy)
    [event] = Event.objects.all()
    assert (event.endpoint, event.object_id, event.facts, event.state) == (some, somebody.pk, {}, "waiting")
    assert abs(event.due_at - now()) < timedelta(minutes=1)
    assert event.due_at == event.occurred_at


def test_the_triggers_come_again_after_a_migration(db, subscribe_somebody, pregnancy, listening):
    triggers.remove(connection)
    triggers.install(connection)
    triggers.install(connection)
    subscribe_somebody(pregnancy)
    assert len(of_subscriptions()) == 1


def test_opting_out_and_in(listening, subscribe_somebody, pregnancy):
    contact = programme.person(NUMBER)
    running = subscribe_somebody(pregnancy, contact=contact)
    Event.objects.all().delete()
    opt_out(kind="stop", source="api", address=("msisdn", NUMBER))
    opt_in(source="api", address=("msisdn", NUMBER))
    assert set(told()) == {
        ("contact.opted_out", contact.pk), ("subscription.stopped", running.pk),
        ("contact.opted_in", contact.pk), ("subscription.resumed", running.pk),
    }  # fmt: skip
    assert Event.objects.get(type="contact.opted_out").facts == {"kind": "stop", "programme": ""}


def test_a_message_comes_in_once(listening):
    message = Received(
        gateway="sms", file_name="a", fingerprint="f" * 64, sender=NUMBER, text="Hello", received_at=now()
    )
    take_in(messages=[message])
    take_in(messages=[message])
    [(kind, _)] = told()
    assert kind == "message.received"
    assert NUMBER not in str(list(Event.objects.values()))


# --- In its transaction -------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_has_no_event(listening, queue):  # noqa: F811
    delivery = queue()
    with transaction.atomic():
        outbox.record_sent(times={delivery.pk: now()})
        assert told()
        transaction.set_rollback(True)
    assert told() == []


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_right_after_the_commit_has_left_its_event(listening, queue, monkeypatch):  # noqa: F811
    """What is done after commit is never reached; the event does not depend on it."""
    delivery = queue()
    monkeypatch.setattr(transaction, "on_commit", lambda *args, **options: None)
    outbox.record_sent(times={delivery.pk: now()})
    assert told() == [("delivery.sent", delivery.pk)]


def test_the_event_names_the_request_in_which_it_happened(listening):
    made = uuid.uuid4()
    begun = trail.begin(made)
    record("contact.opted_in", [uuid.uuid4()])
    trail.end(begun)
    assert Event.objects.get().origin == made


# --- Only what is wanted ------------------------------------------------------------


def test_an_endpoint_hears_of_what_it_asked_for(db):
    some, _ = operations.register(url="https://a.example/", kinds=["delivery.failed", "delivery.sent"])
    every, _ = operations.register(url="https://b.example/")
    for kind in ("delivery.sent", "delivery.delivered", "contact.opted_out"):
        record(kind, [uuid.uuid4()])
    assert list(Event.objects.filter(endpoint=some).values_list("type", flat=True)) == ["delivery.sent"]
    assert Event.objects.filter(endpoint=every).count() == 3


def test_a_type_is_not_taken_for_another_that_looks_like_it(db):
    operations.register(url="https://a.example/", kinds=["contact.opted_out"])
    interest.know(["contact.optedXout"], seconds=60)
    record("contact.optedXout", [uuid.uuid4()])
    assert told() == []


def test_a_disabled_endpoint_hears_of_nothing(listening):
    operations.disable(endpoint_id=listening.pk)
    record("delivery.sent", [uuid.uuid4()])
    assert told() == []


# --- The price ----------------------------------------------------------------------


def test_a_thousand_deliveries_cost_one_statement_more(queue, channel, db, django_assert_num_queries):  # noqa: F811
    many = [queue().pk for _ in range(20)]
    interest.know((), seconds=60)
    with django_assert_num_queries(2):
        outbox.record_sent(times=dict.fromkeys(many, now()))
    operations.register(url="https://a.example/")
    operations.register(url="https://b.example/")
    assert "delivery.sent" in interest
    with django_assert_num_queries(1):
        record("delivery.sent", [uuid.uuid4() for _ in range(1000)])
    assert Event.objects.count() == 2000
    with django_assert_num_queries(3):
        outbox.record_delivered(times=dict.fromkeys(many, now()))


def test_where_nobody_listens_it_costs_one_question_every_few_seconds(db, django_assert_num_queries):
    interest.forget()
    with django_assert_num_queries(1):
        for _ in range(50):
            record("delivery.sent", [uuid.uuid4()])
    assert told() == []


def test_a_change_is_known_at_once_where_it_is_made(db):
    interest.forget()
    assert "delivery.sent" not in interest
    made, _ = operations.register(url="https://a.example/", by=User.objects.create_user("x"))
    assert "delivery.sent" in interest
    operations.change(endpoint_id=made.pk, kinds=["contact.opted_in"])
    assert "delivery.sent" not in interest

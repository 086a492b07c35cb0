"""Changing many subscriptions at once, in the background, with progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from contacts.models import OptOut
from outbox.models import Delivery
from stagebased import bulk
from stagebased.errors import Refused
from stagebased.models import BulkChange, BulkItem, Change, MessageSet, Subscription
from stagebased.operations.audit import Author

pytestmark = pytest.mark.django_db
SUBSCRIPTIONS = reverse("admin:stagebased_subscription_changelist")


@pytest.fixture
def many(pregnancy, subscribe) -> list[Subscription]:
    return [subscribe(pregnancy) for _ in range(7)]


def order(many, kind: str, value: str = "", author: Author | None = None) -> BulkChange:
    keys = [one.pk for one in many]
    return bulk.order(kind=kind, value=value, subscription_ids=keys, author=author or Author("admin"))


def done(made: BulkChange) -> tuple[int, int, int]:
    bulk.work()
    made.refresh_from_db()
    assert made.finished_at is not None
    return made.total, made.done, made.refused


def test_many_are_paused_and_go_on(many, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 3)
    assert done(order(many, "pause")) == (7, 7, 0)
    assert set(Subscription.objects.values_list("stopped", flat=True)) == {"paused"}
    assert done(order(many, "resume")) == (7, 7, 0)
    assert Subscription.objects.filter(active=True).count() == 7


def test_language_position_and_set_change_on_record(many, make_set, staff):
    make_set("later", {1: "Later"})
    done(order(many, "language", "zul_ZA", Author("admin", staff)))
    done(order(many, "position", "3"))
    assert set(Subscription.objects.values_list("lang", "next_sequence_number")) == {("zul_ZA", 3)}
    assert Change.objects.filter(kind="language", created_by=staff).count() == 7
    done(order(many, "rewind", "1"))
    assert set(Subscription.objects.values_list("next_sequence_number", flat=True)) == {2}
    done(order(many, "set", "later"))
    assert Subscription.objects.filter(active=True, messageset__short_name="later").count() == 7


def test_a_baby_is_born_and_a_loss_stops_everything(many, make_set):
    baby = make_set("baby", {1: "Hello", 2: "Later"})
    MessageSet.objects.filter(pk=baby.pk).update(starts_after=0)
    born = timezone.now().date()
    assert done(order(many[:3], "birth", f"baby {born}")) == (3, 3, 0)
    followed = Subscription.objects.filter(active=True, messageset=baby)
    assert set(followed.values_list("anchor_date", flat=True)) == {born}
    assert done(order(many[3:], "loss")) == (4, 4, 0)
    assert Subscription.objects.filter(stopped="loss", active=False).count() == 4
    assert Change.objects.filter(kind="birth").count() == 3


def test_a_pause_may_have_an_end(many):
    day = timezone.now().date() + timedelta(days=9)
    done(order(many, "pause", str(day)))
    ends = set(Subscription.objects.values_list("paused_until", flat=True))
    assert ends == {datetime(day.year, day.month, day.day, tzinfo=UTC)}


def test_another_schedule_and_another_channel(many, make_set, daily):
    done(order(many, "schedule", str(daily.pk)))
    assert set(Subscription.objects.values_list("schedule", flat=True)) == {daily.pk}
    assert done(order(many, "channel", "notice")) == (7, 0, 7)  # there is no set beside it for that channel


def test_an_opt_out_is_of_the_programme_and_told_to_contacts(many):
    assert done(order(many[:2], "opt-out")) == (2, 2, 0)
    assert set(OptOut.objects.values_list("kind", "programme")) == {
        ("unsubscribe", many[0].messageset.short_name)
    }
    assert done(order(many[:2], "opt-out")) == (2, 0, 2)


def test_the_rest_of_a_person_s_programmes_goes_along(many, make_set, subscribe):
    other = subscribe(make_set("clinic", {1: "Come"}), contact=many[0].contact)
    keys = [many[0].pk]
    made = bulk.order(kind="loss", value="", subscription_ids=keys, author=Author("admin"), people=True)
    assert done(made) == (2, 2, 0)
    other.refresh_from_db()
    assert (other.active, other.stopped) == (False, "loss")


def test_what_has_ended_is_refused_with_its_reason(many):
    Subscription.objects.filter(pk=many[0].pk).update(completed=True, active=False)
    made = order(many, "language", "zul_ZA")
    many[1].delete()
    assert done(made) == (7, 5, 2)
    reasons = set(BulkItem.objects.exclude(outcome="").values_list("outcome", flat=True))
    assert reasons == {"It has come to its end.", "It was deleted."}


def test_messages_are_sent_again_and_people_brought_forward(many):
    assert done(order(many, "resend")) == (7, 7, 0)
    assert Delivery.objects.filter(source="subscription").count() == 7
    assert done(order(many, "forward")) == (7, 7, 0)


def test_orders_to_send_again_can_be_stopped_where_they_are(many, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 3)
    made, other = order(many, "resend"), order(many, "pause")
    bulk.work(budget=0.0001)
    sent = Delivery.objects.count()
    assert bulk.stop_resends(why="Stopped.") == 1
    assert done(made) == (7, sent, 7 - sent)
    assert set(made.items.exclude(outcome="").values_list("outcome", flat=True)) == {"Stopped."}
    assert Delivery.objects.count() == sent < 7
    assert done(other) == (7, 7, 0)


def test_a_worker_that_dies_in_a_batch_changes_nobody_twice(many, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 3)
    made, change, calls = order(many, "resend"), bulk._change, []

    def dying(*args):
        found = change(*args)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(bulk, "_change", dying)
    with pytest.raises(KeyboardInterrupt):
        bulk.work()
    assert Delivery.objects.filter(source="subscription").count() == 3
    assert done(made) == (7, 7, 0)
    assert Delivery.objects.filter(source="subscription").count() == 7


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("language", "Zulu!"),
        ("set", "nowhere"),
        ("position", "0"),
        ("position", "x"),
        ("pause", "soon"),
        ("pause", "2020-01-01"),
        ("birth", "later"),
        ("birth", "nowhere 2026-05-01"),
        ("loss", "nowhere"),
        ("channel", "pigeon"),
        ("schedule", "9999"),
        ("schedule", "x"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(many, kind, value):
    with pytest.raises(Refused):
        order(many, kind, value)
    assert not BulkChange.objects.exists()


def test_an_operator_changes_those_chosen_in_the_list_and_watches(client, staff, many):
    staff.groups.add(Group.objects.get(name="Operator"))
    client.force_login(staff)
    chosen = {"action": "change_in_bulk", "_selected_action": [one.pk for one in many[:2]]}
    assert "2 subscriptions are chosen" in client.post(SUBSCRIPTIONS, chosen).content.decode()
    wrong = client.post(SUBSCRIPTIONS, chosen | {"kind": "language", "value": "Zulu!"})
    assert "Write a language code" in wrong.content.decode()
    sent = client.post(SUBSCRIPTIONS, chosen | {"kind": "language", "value": "zul_ZA"}, follow=True)
    assert '<strong data-figure="over">0</strong> of 2' in sent.content.decode()
    made = BulkChange.objects.get()
    assert made.created_by == staff
    bulk.work()
    page = client.get(reverse("admin:stagebased_bulkchange_progress", args=[made.pk])).content.decode()
    assert '<strong data-figure="over">2</strong> of 2: 2 changed' in page

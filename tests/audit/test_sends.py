"""Who sent something by hand is on record, once for each act."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.acting import Actor, acting
from audit.models import Entry
from sendables import operations as messages
from sendables.operations import postings
from stagebased import bulk
from stagebased.operations.audit import Author
from stagebased.operations.send import resend, send_each, send_now, send_schedule
from tests.stagebased.conftest import daily, make_set, pregnancy, subscribe  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db
OLGA = Actor("admin", 7, "olga")


def sends() -> list[tuple[str, str, str]]:
    found = Entry.objects.filter(act__in=["send", "send again", "stop"]).order_by("pk")
    return list(found.values_list("act", "model", "actor"))


def test_a_subscription_s_next_and_latest_message(subscribe, pregnancy):  # noqa: F811
    one = subscribe(pregnancy)
    with acting(OLGA):
        send_now(subscription_id=one.pk)
        resend(subscription_id=one.pk)
    kind = "stagebased.subscription"
    assert sends() == [("send", kind, "olga"), ("send again", kind, "olga")]
    entry = Entry.objects.filter(act="send").get()
    assert (entry.object_id, entry.subject) == (str(one.pk), f"contact:{one.contact_id}")


def test_many_at_once_are_one_act(subscribe, pregnancy):  # noqa: F811
    keys = [subscribe(pregnancy).pk for _ in range(3)]
    with acting(OLGA):
        send_each(subscription_ids=keys)
    assert sends() == [("send", "stagebased.subscription", "olga")]
    assert Entry.objects.get(act="send").after == {"deliveries": 3}


def test_a_schedule(daily, subscribe, pregnancy):  # noqa: F811
    subscribe(pregnancy)
    with acting(OLGA):
        send_schedule(schedule_id=daily.pk)
    assert sends() == [("send", "stagebased.schedule", "olga")]


def test_what_workers_change_for_somebody_is_theirs(subscribe, pregnancy, staff):  # noqa: F811
    one = subscribe(pregnancy)
    ordered = {"kind": "pause", "value": "", "subscription_ids": [one.pk], "author": Author("admin", staff)}
    bulk.order(**ordered)
    bulk.work()
    entry = Entry.objects.get(model="stagebased.subscription", object_id=one.pk)
    assert (entry.actor, entry.via, entry.after["active"]) == ("staff", "admin, in bulk", False)


def test_notices_but_not_what_people_write_to_each_other(staff, alice, bob):
    with acting(OLGA):
        messages.send_notice(recipients=[alice, bob], content="Closed on Friday", sent_by=staff)
        messages.send_message(sender=alice, recipients=[bob], content="Hello")
    assert sends() == [("send", "sendables.notice", "olga")]
    assert Entry.objects.get(act="send").after == {"people": 2}


def test_a_notice_for_later_and_its_end(staff, alice):
    later = timezone.now() + timedelta(hours=1)
    with acting(OLGA):
        posting = postings.post(
            entity_name="notice", posted_by=staff, fields={"content": "x"}, audience={"everybody": True},
            publish_at=later,
        )  # fmt: skip
        postings.cancel(entity_name="notice", ids=[posting.pk])
    assert sends() == [("send", "sendables.notice", "olga"), ("stop", "sendables.posting", "olga")]


def test_what_goes_out_by_the_clock_is_nobody_s_act(subscribe, pregnancy):  # noqa: F811
    send_now(subscription_id=subscribe(pregnancy).pk)
    assert sends() == []

"""Deliveries and gateways in the admin site."""

from __future__ import annotations

from datetime import UTC, time, timedelta
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from outbox import operations
from outbox.models import Delivery, DeliveryCount, Gateway

pytestmark = pytest.mark.django_db
DELIVERIES = "/admin/outbox/delivery/"


@pytest.fixture
def as_root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", "root@example.org", "root-password"))
    return client


def found(client: Client, **query: str) -> set[str]:
    answer = client.get(DELIVERIES, query)
    assert answer.status_code == 200
    return {row.address for row in answer.context["cl"].result_list}


def act(client: Client, name: str, *deliveries: Delivery) -> str:
    chosen = {"action": name, "_selected_action": [str(row.pk) for row in deliveries]}
    answer = client.post(DELIVERIES, chosen, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def state(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).state


@pytest.fixture
def failed(queue) -> Delivery:
    delivery = queue(address="+27820001007")
    why = operations.Failure(timezone.now(), "gateway_refused", "No such <b>subscriber</b>.")
    operations.record_failed(failures={delivery.pk: why})
    return delivery


@pytest.mark.parametrize("model", ["delivery", "gateway", "deliverycount"])
def test_every_list_and_form_opens(as_root, queue, model):
    queue()
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    DeliveryCount.objects.create(hour=timezone.now(), channel="sms", gateway="sms", state="queued", count=1)
    assert as_root.get(reverse(f"admin:outbox_{model}_changelist")).status_code == 200
    row = {"delivery": Delivery, "gateway": Gateway, "deliverycount": DeliveryCount}[model].objects.first()
    assert as_root.get(reverse(f"admin:outbox_{model}_change", args=[row.pk])).status_code == 200


def test_a_page_of_many_costs_as_many_statements_as_a_page_of_one(as_root, queue, mary):
    queue(contact=mary.pk)
    found(as_root)
    with CaptureQueriesContext(connection) as one:
        found(as_root)
    for _ in range(20):
        queue(contact=mary.pk)
    with CaptureQueriesContext(connection) as many:
        found(as_root)
    assert len(many) == len(one) <= 10


def test_the_newest_come_first(as_root, queue):
    rows = []
    for _ in range(3):
        rows.append(queue())
        sleep(0.002)  # ids tell milliseconds apart
    listed = as_root.get(DELIVERIES).context["cl"].result_list
    assert [row.pk for row in listed] == [row.pk for row in reversed(rows)]


def test_a_failure_says_why_and_shows_no_markup_of_others(as_root, failed):
    page = as_root.get(DELIVERIES).content.decode()
    assert "No such &lt;b&gt;subscriber&lt;/b&gt;." in page
    assert "<b>subscriber" not in page


def test_what_needs_attention_is_found_by_state_and_by_reason(as_root, queue, failed):
    queue(address="+27820001001")
    assert found(as_root, state__exact="failed") == {"+27820001007"}
    assert found(as_root, reason="gateway_refused") == {"+27820001007"}


def test_a_delivery_is_found_by_person_number_and_id(as_root, queue, mary, john):
    mary.name = "Mary Moon"
    mary.save()
    hers = queue(contact=mary.pk, address="+27820001001")
    queue(contact=john.pk, address="+27820001002")
    queue(address="+27820001003")
    for term in ("Mary", "+27820001001", str(mary.pk), str(hers.pk), str(hers.cause)):
        assert found(as_root, q=term) == {"+27820001001"}, term
    assert found(as_root, q="+27820001003") == {"+27820001003"}
    assert found(as_root, q=str(uuid4())) == set()


@pytest.mark.parametrize("term", ["\x00", "a\x00b", "'", "%", "9" * 300, "+", "@"])
def test_an_odd_search_finds_nothing_and_does_no_harm(as_root, queue, term):
    queue()
    assert as_root.get(DELIVERIES, {"q": term}).status_code == 200


def test_waiting_deliveries_can_be_stopped(as_root, queue, failed):
    waiting = queue()
    assert "1 delivery stopped" in act(as_root, "stop", waiting, failed)
    assert (state(waiting), state(failed)) == ("cancelled", "failed")


def test_a_failed_delivery_is_sent_again_once(as_root, failed):
    assert "1 delivery queued again" in act(as_root, "send_again", failed)
    assert "0 deliveries queued again" in act(as_root, "send_again", failed)
    assert Delivery.objects.filter(cause=failed.cause, state="queued").count() == 1


def test_who_may_only_look_can_stop_nothing(client, staff, queue):
    staff.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(staff)
    waiting = queue()
    act(client, "stop", waiting)
    assert state(waiting) == "queued"


def test_nothing_about_a_delivery_is_typed_in(as_root, queue):
    delivery = queue()
    page = reverse("admin:outbox_delivery_change", args=[delivery.pk])
    assert as_root.post(page, {"text": "other"}).status_code == 403
    assert as_root.get("/admin/outbox/delivery/add/").status_code == 403


def test_a_gateway_is_paused_and_slowed_down_but_not_renamed(as_root):
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    page = reverse("admin:outbox_gateway_change", args=["sms"])
    form = {"name": "other", "paused": "on", "rate_per_minute": "30", "high_water": "", "timezone": "UTC"}
    assert as_root.post(page, form).status_code == 302
    found = Gateway.objects.get(paused=True)
    assert (found.name, found.paused, found.rate_per_minute) == ("sms", True, 30)
    assert as_root.post(page, form | {"rate_per_minute": "0"}).status_code == 200


def gateways_list(client: Client, **post: Any) -> str:
    page = reverse("admin:outbox_gateway_changelist")
    answer = client.post(page, post, follow=True) if post else client.get(page)
    return answer.content.decode()


def test_a_gateway_s_hours_are_set_and_shown(as_root):
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    page = reverse("admin:outbox_gateway_change", args=["sms"])
    form = {"not_before": "08:00", "not_after": "19:59", "timezone": "Africa/Johannesburg"}
    assert as_root.post(page, form).status_code == 302
    assert "08:00–19:59 Africa/Johannesburg" in gateways_list(as_root)
    shown = as_root.get(page).content.decode()
    assert not any(f"(&#x27;{state}&#x27;" in shown for state in ("open", "closed"))
    for wrong in ({"timezone": "Nowhere"}, {"not_after": "08:00"}, {"not_after": "25:00"}):
        assert as_root.post(page, form | wrong).status_code == 200, wrong
    found = Gateway.objects.get(name="sms")
    assert (found.not_before, found.not_after) == (time(8), time(19, 59))


def test_the_list_says_how_each_gateway_stands(as_root):
    now = timezone.localtime(timezone.now(), UTC)
    shut = {"not_before": (now + timedelta(hours=2)).time(), "not_after": (now + timedelta(hours=3)).time()}
    for name, fields in {
        "calm": shut, "held": {"paused": True}, "broken": {"trouble": "Handing over: full"}, "sms": {},
    }.items():  # fmt: skip
        Gateway.objects.update_or_create(name=name, defaults={"channel": "sms", **fields})
    shown = gateways_list(as_root)
    opens = now + timedelta(hours=2)
    for words in (f"quiet until {opens:%H:%M}", ">paused<", "in trouble", ">open<"):
        assert words in "".join(line.strip() for line in shown.splitlines()), words


def test_gateways_are_paused_and_let_go_on_from_the_list(as_root):
    for name in ("first", "second"):
        Gateway.objects.create(name=name, channel="sms")
    chosen = {"_selected_action": ["first", "second"]}
    assert "2 gateways paused" in gateways_list(as_root, action="pause", **chosen)
    assert set(Gateway.objects.filter(paused=True).values_list("pk", flat=True)) == {"first", "second"}
    assert "2 gateways going on" in gateways_list(as_root, action="resume", **chosen)
    assert not Gateway.objects.filter(paused=True).exists()

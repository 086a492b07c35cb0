"""The dashboard's figures of what goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from outbox import dashboard
from outbox.models import DeliveryCount, Gateway

pytestmark = pytest.mark.django_db
#: A Thursday.
NOW = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_that_time():
    with time_machine.travel(NOW, tick=False):
        yield


def count(state: str, number: int, *, at: datetime = NOW, reason: str = "", gateway: str = "sms") -> None:
    hour = at.replace(minute=0)
    DeliveryCount.objects.create(
        hour=hour, channel="sms", gateway=gateway, state=state, reason=reason, count=number
    )


def line(span: str, name: str) -> list[int]:
    chart = dashboard.hours()["spans"][span]
    return next(one["data"] for one in chart["datasets"] if one["label"] == name)


def test_hours_add_up_what_each_batch_counted():
    count("queued", 5)
    count("queued", 7)
    count("queued", 3, at=NOW - timedelta(hours=2))
    assert line("Today", "planned") == [0] * 8 + [3, 0, 12]


def test_the_week_begins_on_monday():
    monday = NOW - timedelta(days=3)
    count("sent", 4, at=monday.replace(hour=0))
    count("sent", 9, at=monday.replace(hour=0) - timedelta(hours=1))
    assert line("This week", "sent")[0] == 4
    assert sum(line("This week", "sent")) == 4
    assert len(dashboard.hours()["spans"]["This week"]["labels"]) == 7 * 24


def test_the_funnel_counts_what_arrives_at_once_as_sent_too():
    for state, number in (("queued", 100), ("handed", 90), ("sent", 80), ("delivered", 60)):
        count(state, number)
    count("queued", 10, gateway="notice")
    count("delivered", 10, gateway="notice")
    steps = dashboard.funnel()["spans"]["Today"]
    assert [(step["name"], step["count"], step["percent"]) for step in steps] == [
        ("planned", 110, 100), ("handed over", 100, 91), ("sent", 90, 82), ("delivered", 70, 64),
    ]  # fmt: skip


def test_reasons_are_listed_with_the_most_frequent_first():
    count("failed", 2, reason="no_address")
    count("failed", 5, reason="gateway_refused")
    count("failed", 1, reason="no_address", at=NOW - timedelta(days=2))
    today = dashboard.reasons()["spans"]["Today"]
    assert [(row["name"], row["count"]) for row in today] == [("gateway refused", 5), ("no address", 2)]
    assert {row["name"]: row["count"] for row in dashboard.reasons()["spans"]["This week"]}["no address"] == 3


def test_queues_tell_how_deep_they_are_and_since_when(queue):
    Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})
    queue(not_before=NOW - timedelta(minutes=20))
    queue(not_before=NOW - timedelta(minutes=5))
    queue(not_before=NOW + timedelta(hours=1))
    [row] = [row for row in dashboard.queues()["gateways"] if row["gateway"].name == "sms"]
    assert (row["waiting"], row["oldest_due"]) == (3, NOW - timedelta(minutes=20))


# --- the page -------------------------------------------------------------------------


@pytest.fixture
def as_viewer(client, staff):
    staff.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(staff)
    return client


def test_the_front_page_shows_all_panels_to_a_viewer(as_viewer):
    page = as_viewer.get(reverse("admin:index")).content.decode()
    for name in ("hours", "funnel", "reasons", "queues", "modems", "received", "opt-outs", "programmes"):
        assert f'id="panel-{name}"' in page, name


def test_who_may_look_at_nothing_sees_no_figures(client, staff):
    client.force_login(staff)
    assert "<section" not in client.get(reverse("admin:index")).content.decode()


def test_the_panels_alone_are_for_staff(client, as_viewer):
    assert b"panel-hours" in as_viewer.get(reverse("admin:panels")).content
    client.logout()
    assert client.get(reverse("admin:panels")).status_code == 302


def test_the_page_costs_the_same_however_much_was_sent(client, queue):
    client.force_login(User.objects.create_superuser("root", password="root-password"))
    page = reverse("admin:panels")
    queue()
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for _ in range(30):
        queue()
    for hours in range(60):
        count("sent", 3, at=NOW - timedelta(hours=hours))
    with CaptureQueriesContext(connection) as many:
        client.get(page)
    assert len(many) == len(few)
    # Deliveries themselves are only looked at where they wait.
    touched = [query["sql"] for query in many if '"outbox_delivery"' in query["sql"]]
    assert all("queued" in sql for sql in touched)

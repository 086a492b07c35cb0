"""What Prometheus reads, and who may read it."""

from __future__ import annotations

import socket
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils.timezone import now
from prometheus_client.parser import text_string_to_metric_families

from outbox.models import Delivery, DeliveryCount, Gateway, Pulse
from smsbridge.models import CollectorCount
from stagebased.models import DueSlot, Metric, Schedule
from webhooks.models import Endpoint, Event

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-prometheus"


def families(client, **headers) -> dict:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return {family.name: family.samples for family in text_string_to_metric_families(answer.content.decode())}


def value(found: dict, name: str, **labels: str) -> float:
    [sample] = [one for one in found[name] if one.labels.items() >= labels.items()]
    return sample.value


@pytest.fixture
def something() -> None:
    """A little of everything that is counted."""
    for age in (timedelta(minutes=2), timedelta(hours=-2)):
        Delivery.objects.create(source="test", cause=uuid4(), slot_key="1", not_before=now() - age)
    Gateway.objects.filter(name="sms").update(paused=True, trouble="Collecting: full")
    for hour in (1, 2):
        DeliveryCount.objects.create(
            hour=now() - timedelta(hours=hour), channel="sms", gateway="sms", state="sent", count=hour
        )
    schedule = Schedule.objects.create(minute="0", hour="8")
    DueSlot.objects.create(schedule=schedule, due_at=now())
    Metric.objects.create(key="message.text.sum", value=7)
    for name in ("beat", "gateway.sms"):
        Pulse.objects.create(name=name, at=now() - timedelta(seconds=30))
    endpoint = Endpoint.objects.create(url="https://hooks.example.org/", secret="whsec_x")
    Event.objects.create(
        endpoint=endpoint, type="ping", object_id=uuid4(), due_at=now(),
        occurred_at=now() - timedelta(minutes=5),
    )  # fmt: skip
    for hour in (1, 2):
        CollectorCount.objects.create(
            hour=now() - timedelta(hours=hour), gateway="sms", what="foreign", count=hour
        )


def test_what_waits_and_what_became_of_deliveries(client, something):
    found = families(client)
    labels = {"channel": "sms", "gateway": "sms", "state": "sent", "reason": ""}
    assert value(found, "switchboard_deliveries", **labels) == 3
    assert value(found, "switchboard_queue_depth", gateway="sms") == 2
    assert 120 <= value(found, "switchboard_queue_oldest_due_seconds", gateway="sms") < 180
    assert value(found, "switchboard_open_slots") == 1
    assert value(found, "switchboard_metric", key="message.text.sum") == 7
    assert value(found, "switchboard_collector", gateway="sms", what="foreign") == 3


def test_how_webhooks_fare(client, something):
    found, key = families(client), str(Endpoint.objects.get().pk)
    assert value(found, "switchboard_webhook_enabled", endpoint=key) == 1
    assert value(found, "switchboard_webhook_waiting", endpoint=key) == 1
    assert 300 <= value(found, "switchboard_webhook_oldest_waiting_seconds", endpoint=key) < 360


def test_how_the_gateways_and_the_clock_fare(client, something):
    found = families(client)
    assert value(found, "switchboard_gateway_up", gateway="sms", channel="sms") == 0
    assert value(found, "switchboard_gateway_paused", gateway="sms") == 1
    assert 30 <= value(found, "switchboard_beat_age_seconds") < 90
    assert 30 <= value(found, "switchboard_gateway_turn_age_seconds", gateway="sms") < 90
    assert value(found, "switchboard_build_info") == 1


def test_without_anything_to_tell(client):
    found = families(client)
    assert value(found, "switchboard_open_slots") == 0
    assert found["switchboard_beat_age_seconds"] == []


def test_it_costs_a_fixed_number_of_statements(client, something, django_assert_num_queries):
    families(client)
    for name in ("a", "b", "c"):
        Gateway.objects.create(name=name, channel="sms")
    Metric.objects.bulk_create(Metric(key=str(key), value=key) for key in range(50))
    with django_assert_num_queries(9):
        families(client)


# --- Who may read it ----------------------------------------------------------------


@pytest.mark.parametrize(("forwarded", "status"), [("10.0.0.1", 200), ("198.51.100.7, 10.0.0.1", 403)])
def test_outside_production_whoever_did_not_come_through_two_proxies(client, forwarded, status):
    assert client.get("/metrics", headers={"X-Forwarded-For": forwarded}).status_code == status


def test_in_production_nobody_as_long_as_nothing_is_configured(client, settings):
    settings.PRODUCTION = True
    assert client.get("/metrics").status_code == 403


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (None, 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Token {TOKEN}", 401),
        ("Bearer \xfcber", 401),
    ],
)
def test_with_a_token_whoever_shows_it(client, settings, header, status):
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": header} if header else {})
    assert answer.status_code == status
    assert (answer.get("WWW-Authenticate") == "Bearer") == (status == 401)


def test_the_inner_port_is_known_by_the_socket_not_by_what_the_caller_says(client, settings):
    with socket.create_server(("127.0.0.1", 0)) as inner, socket.create_server(("127.0.0.1", 0)) as outer:
        settings.METRICS_TOKEN, settings.METRICS_PORT = TOKEN, inner.getsockname()[1]
        settings.ALLOWED_HOSTS = ["*"]
        there = client.get("/metrics", **{"gunicorn.socket": inner})
        lied = client.get(
            "/metrics",
            headers={"Host": f"x.example:{settings.METRICS_PORT}"},
            SERVER_PORT=str(settings.METRICS_PORT),
            **{"gunicorn.socket": outer},
        )
    assert (there.status_code, lied.status_code) == (200, 401)

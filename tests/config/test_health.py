"""The probes: what is needed to serve requests, and what else is not well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils.timezone import now

from config import health
from outbox import pulses, tasks
from outbox.models import Delivery, Gateway, Pulse

pytestmark = pytest.mark.django_db


@pytest.fixture
def beating() -> None:
    Pulse.objects.create(name="beat", at=now())


@pytest.fixture
def sms(beating) -> Gateway:
    return Gateway.objects.get(name="sms")


def ready(client: Client) -> dict:
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    return answer.json()


def test_the_process_is_live_without_a_database(client: Client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz/live").json() == {"status": "ok"}


def test_all_is_well(client: Client, sms):
    answer = client.get("/healthz/ready")
    assert "no-store" in answer["Cache-Control"]
    body = answer.json()
    assert {name: body[name] for name in ("status", "database", "migrations", "broker")} == dict.fromkeys(
        ("status", "database", "migrations", "broker"), "ok"
    )
    assert body["beat"]["status"] == "ok"
    assert body["gateways"]["sms"]["status"] == "ok"


def test_it_costs_the_same_however_many_gateways_there_are(client: Client, sms, django_assert_num_queries):
    health.broker()
    of_clock = 1 if connection.vendor == "postgresql" else 0
    for name in ("a", "b", "c"):
        Gateway.objects.create(name=name, channel="sms")
    with django_assert_num_queries(4 + of_clock):
        client.get("/healthz/ready")


def test_it_is_not_ready_without_a_database(client: Client):
    def gone(*args):
        raise OperationalError("gone")

    with connection.execute_wrapper(gone):
        answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")


def test_it_is_not_ready_before_the_database_has_this_programs_tables(client: Client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app IN ('outbox', 'contacts')")
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "2 pending")


def test_a_newer_database_does_not_stop_the_version_before(client: Client, beating):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('outbox', '0999_tomorrow', %s)",
            [now()],
        )
    assert ready(client)["migrations"] == "ok"


def test_a_missing_broker_is_told_and_does_not_take_the_process_out(client: Client, sms, monkeypatch):
    monkeypatch.setattr(health, "_ask_broker", lambda: "unavailable")
    health.broker.forget()
    body = ready(client)
    health.broker.forget()
    assert (body["status"], body["broker"]) == ("degraded", "unavailable")


def test_a_broker_that_is_gone_is_noticed_at_once(celery_app_without_broker):
    assert health._ask_broker() == "unavailable"


@pytest.fixture
def celery_app_without_broker(monkeypatch):
    from celery import Celery

    from tests.servers import free_port

    app = Celery(broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    monkeypatch.setattr(health, "current_app", app)


def test_the_broker_is_asked_once_in_a_while(monkeypatch):
    asked = []
    monkeypatch.setattr(health, "_ask_broker", lambda: asked.append(1) or "ok")
    health.broker.forget()
    assert [health.broker() for _ in range(5)] == ["ok"] * 5
    health.broker.forget()
    assert len(asked) == 1


@pytest.mark.parametrize(("age", "status"), [(10, "ok"), (600, "late")])
def test_the_age_of_beats_last_tick(client: Client, sms, age, status):
    Pulse.objects.update(at=now() - timedelta(seconds=age))
    beat = ready(client)["beat"]
    assert beat["status"] == status
    assert age <= beat["age_seconds"] < age + 60


def test_a_beat_that_never_ticked_is_late(client: Client):
    body = ready(client)
    assert (body["status"], body["beat"]) == ("degraded", {"status": "late", "age_seconds": None})


def test_a_tick_and_a_turn_leave_their_time(db, channel):
    tasks.sweep()
    tasks.run_gateway("sms")
    ages = pulses.ages(now=now())
    assert set(ages) == {"beat", "gateway.sms"}
    assert all(-5 < age < 60 for age in ages.values())
    tasks.sweep()
    assert Pulse.objects.count() == 2


@pytest.fixture
def channel(settings) -> None:
    settings.OUTBOX_CHANNELS = {"sms": "tests.outbox.fakes.FakeChannel"}


def waiting_since(age: timedelta) -> None:
    Delivery.objects.create(source="test", cause=uuid4(), slot_key="1", not_before=now() - age)


def test_what_is_due_for_long_is_told(client: Client, sms):
    waiting_since(timedelta(minutes=20))
    gateway = ready(client)["gateways"]["sms"]
    assert (gateway["status"], gateway["waiting"]) == ("behind", 1)
    assert 1200 <= gateway["oldest_due_seconds"] < 1260


def test_what_waits_for_a_paused_gateway_is_as_somebody_wants_it(client: Client, sms):
    waiting_since(timedelta(minutes=20))
    Gateway.objects.update(paused=True)
    body = ready(client)
    assert (body["status"], body["gateways"]["sms"]["status"]) == ("ok", "paused")


def test_a_gateway_in_trouble_degrades_and_says_nothing_of_the_host(client: Client, sms):
    Gateway.objects.filter(name="sms").update(trouble="Handing over: /var/spool/sms/outgoing is full")
    answer = client.get("/healthz/ready")
    assert answer.json()["gateways"]["sms"]["status"] == "trouble"
    assert answer.json()["status"] == "degraded"
    assert b"/var/spool" not in answer.content


def test_the_spool_of_this_host_must_be_writable(client: Client, sms, settings, tmp_path: Path, monkeypatch):
    settings.SMS_GATEWAYS = {"sms": tmp_path}
    assert ready(client)["gateways"]["sms"]["spool"] == "elsewhere"
    (tmp_path / "outgoing").mkdir()
    assert ready(client)["gateways"]["sms"]["spool"] == "ok"
    monkeypatch.setattr(health.os, "access", lambda path, mode: False)  # root may write anywhere
    body = ready(client)
    assert (body["status"], body["gateways"]["sms"]["status"]) == ("degraded", "not writable")


@pytest.mark.parametrize("probe", ["/healthz/live", "/healthz/ready"])
def test_a_probe_needs_no_host_name_and_no_https(client: Client, settings, probe):
    settings.ALLOWED_HOSTS = ["switchboard.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(probe, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"host": "switchboard.example.org"}).status_code == 301

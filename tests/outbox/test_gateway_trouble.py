"""An outage is the gateway's trouble, not the messages': they wait, uncounted, and go out when it is over."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from outbox import runs
from outbox.channels import GatewayUnavailable
from outbox.dispatcher import dispatch
from outbox.models import Delivery, Gateway

State = Delivery.State


def unavailable(_) -> None:
    raise GatewayUnavailable("disk_full: no space left in the spool")


def test_what_meets_a_full_disk_is_queued_again_with_the_attempt_not_counted(queue, channel) -> None:
    delivery = queue()
    channel.meanwhile = unavailable
    assert dispatch("sms").total == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.claim) == (State.QUEUED, 0, None)
    assert delivery.detail == "Waiting for the gateway: disk_full: no space left in the spool"


def test_the_gateway_shows_its_trouble_and_since_when_until_it_heals(queue, channel) -> None:
    delivery = queue()
    channel.unavailable = "disk_full: no space left in the spool"
    began = timezone.now()
    dispatch("sms", now=began)
    dispatch("sms", now=began + timedelta(minutes=5))
    gateway = Gateway.objects.get(pk="sms")
    assert gateway.trouble == "Handing over: disk_full: no space left in the spool"
    assert gateway.trouble_since == began

    channel.unavailable = ""
    assert dispatch("sms", now=began + timedelta(minutes=6)).handed == 1
    gateway.refresh_from_db()
    delivery.refresh_from_db()
    assert (gateway.trouble, gateway.trouble_since) == ("", None)
    assert (delivery.state, delivery.detail) == (State.HANDED, "")


def test_a_long_outage_exhausts_nobodys_attempts(queue, channel, settings) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 2
    delivery = queue()
    channel.meanwhile = unavailable
    for _ in range(10):
        dispatch("sms")
    channel.meanwhile = lambda batch: None
    assert dispatch("sms").handed == 1
    delivery.refresh_from_db()
    assert delivery.attempts == 1


def test_the_trouble_is_logged_once_not_at_every_tick(queue, channel, caplog) -> None:
    channel.unavailable = "folder_missing: outgoing"
    for _ in range(3):
        dispatch("sms")
    assert caplog.text.count("folder_missing") == 1


def test_trouble_with_collecting_does_not_stop_handing_over_and_stays_shown(
    queue, channel, monkeypatch
) -> None:
    queue()
    monkeypatch.setattr(type(channel), "collect", lambda self, gateway: unavailable(gateway))
    taken, did = runs.run_gateway(name="sms")
    assert (taken, did.handed) == (0, 1)
    assert Gateway.objects.get(pk="sms").trouble.startswith("Collecting: disk_full")
    monkeypatch.undo()
    runs.run_gateway(name="sms")
    assert Gateway.objects.get(pk="sms").trouble == ""


def test_a_paused_gateway_still_collects(queue, channel, monkeypatch) -> None:
    Gateway.objects.update_or_create(name="sms", defaults={"channel": "sms", "paused": True})
    queue()
    monkeypatch.setattr(type(channel), "collect", lambda self, gateway: 3)
    taken, did = runs.run_gateway(name="sms")
    assert (taken, did.total) == (3, 0)

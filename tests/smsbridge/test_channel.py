"""Deliveries become files in the spool, each at most once."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from outbox.channels import GatewayUnavailable, Outgoing, Refusal, channel
from outbox.models import Delivery, Gateway
from smsbridge.channel import SmsChannel
from smsbridge.spool.folders import Spool
from tests.smsbridge import smsd_rules
from tests.smsbridge.privileges import ordinary_folder, ordinary_user

SMS = SmsChannel()


def outgoing(**fields: Any) -> Outgoing:
    usual = {
        "id": uuid.uuid4(), "address": "+27820001001", "text": "hello", "options": {}, "priority": 5,
        "attempts": 1, "expires_at": None, "created_by_id": None,
    }  # fmt: skip
    return Outgoing(**(usual | fields))


def files(spool: Spool) -> dict[str, tuple[dict[str, str], bytes]]:
    folder = Path(spool.path("outgoing"))
    return {path.name: smsd_rules.read(path.read_bytes()) for path in folder.iterdir()}


def headers_of(gateway: Gateway, spool: Spool, **fields: Any) -> dict[str, str]:
    delivery = outgoing(**fields)
    assert SMS.hand_over(gateway, [delivery]).handed == [delivery.id]
    return files(spool)[str(delivery.id)][0]


def test_the_settings_find_it() -> None:
    assert isinstance(channel("sms"), SmsChannel)
    assert (SMS.address_kind, SMS.default_gateway) == ("msisdn", "sms")


def test_each_gateway_has_a_queue_of_its_own(settings, tmp_path: Path) -> None:
    settings.SMS_GATEWAYS = {"sms": tmp_path, "north": tmp_path}
    assert SMS.gateways() == ["sms", "north"]
    assert SMS.queue("north") == "gateway.north"


@pytest.mark.django_db
def test_a_migration_gives_every_gateway_its_row(settings, tmp_path: Path) -> None:
    assert Gateway.objects.get(name="sms").channel == "sms"
    settings.SMS_GATEWAYS = {"sms": tmp_path, "north": tmp_path}
    Gateway.objects.filter(name="sms").update(paused=True)
    call_command("migrate", verbosity=0)
    assert dict(Gateway.objects.filter(channel="sms").values_list("name", "paused")) == {
        "sms": True,
        "north": False,
    }


# Examining


COSTS = {
    "hello": 1,
    "a" * 160: 1,
    "a" * 161: 2,
    "a" * 160 + " \n": 1,
    "ж" * 71: 2,
    "a" * 152 + "€" + "b" * 152: 2,
}
UNSENDABLE = {"": "empty", "a\x00": "bad_characters", "a" * 1531: "too_long", "ж" * 3000: "too_long"}


@pytest.mark.parametrize(("text", "parts"), COSTS.items())
def test_a_text_costs_the_parts_that_smsd_sends(text: str, parts: int) -> None:
    assert SMS.examine(text, {}) == parts


@pytest.mark.parametrize(("text", "code"), UNSENDABLE.items())
def test_a_text_that_can_never_go_out(text: str, code: str) -> None:
    refusal = SMS.examine(text, {})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.retryable) == (code, False)


def test_the_longest_text_is_the_installations_choice(settings) -> None:
    text = "a" * 400
    assert SMS.examine(text, {}) == 3
    settings.SMS_MAX_PARTS = 2
    assert SMS.examine(text, {}).code == "too_long"


BAD_OPTIONS = [
    {"flash": "yes"}, {"flash": 1}, {"report": []}, {"priority": "high"}, {"validity": "60"},
    {"validity": True}, {"validity": 2**70}, {"validity": 60.5}, {"queue": 5}, {"queue": "D1\nFlash: yes"},
    {"queue": ""}, {"from": {}}, {"from": "a\nInclude: /etc/passwd"}, {"from": "ü"},
]  # fmt: skip


@pytest.mark.parametrize("options", BAD_OPTIONS, ids=repr)
def test_a_bad_option_is_named(options: dict[str, Any]) -> None:
    refusal = SMS.examine("hello", options)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "bad_option"
    assert refusal.detail.startswith(next(iter(options)))


def test_options_that_are_none_are_refused() -> None:
    assert SMS.examine("hello", ["flash"]).code == "bad_option"


def test_options_of_other_channels_and_empty_ones_do_not_matter() -> None:
    assert SMS.examine("hello", {"subject": "x", "audio": 5, "flash": None, "queue": None}) == 1


# Handing over


def test_a_delivery_becomes_a_file_named_after_it(gateway: Gateway, spool: Spool) -> None:
    delivery = outgoing(text="Grüße")
    assert SMS.hand_over(gateway, [delivery]).handed == [delivery.id]
    assert files(spool) == {
        str(delivery.id): ({"To": "27820001001", "Alphabet": "UTF-8", "Report": "yes"}, "Grüße".encode())
    }


def test_options_become_headers(gateway: Gateway, spool: Spool) -> None:
    options = {
        "flash": True,
        "validity": 60,
        "queue": "D1",
        "report": False,
        "priority": True,
        "from": "clinic",
    }
    assert headers_of(gateway, spool, options=options | {"from": "clinic"}) == {
        "To": "27820001001", "Alphabet": "UTF-8", "Flash": "yes", "Validity": "60 min", "Queue": "D1",
        "Report": "no", "Priority": "high", "From": "clinic",
    }  # fmt: skip


def test_reports_are_asked_for_as_the_installation_wants(gateway: Gateway, spool: Spool, settings) -> None:
    settings.SMS_REPORTS = False
    assert headers_of(gateway, spool)["Report"] == "no"
    assert headers_of(gateway, spool, options={"report": True})["Report"] == "yes"


PRIORITIES = {"REPLY": "high", "HIGH": "high", "NORMAL": None, "BULK": None}


@pytest.mark.parametrize(("name", "header"), PRIORITIES.items())
def test_urgent_deliveries_overtake_in_the_spool_too(gateway, spool, name: str, header: str | None) -> None:
    priority = Delivery.Priority[name]
    assert headers_of(gateway, spool, priority=priority).get("Priority") == header


EXPIRIES = [
    ({}, timedelta(hours=2), 119),
    ({"validity": 30}, timedelta(hours=2), 30),
    ({"validity": 600}, timedelta(hours=2), 119),
    ({}, timedelta(seconds=-5), 5),
    ({}, timedelta(days=10_000), 635_040),
]


@pytest.mark.parametrize(("options", "left", "minutes"), EXPIRIES)
def test_the_network_stops_trying_when_the_delivery_expires(gateway, spool, options, left, minutes) -> None:
    expires_at = timezone.now() + left
    assert headers_of(gateway, spool, options=options, expires_at=expires_at)["Validity"] == f"{minutes} min"


def test_what_cannot_go_out_does_not_stop_the_others(gateway: Gateway, spool: Spool) -> None:
    good = [outgoing(), outgoing()]
    bad = {
        "bad_number": outgoing(address="+27 82 000"),
        "too_long": outgoing(text="a" * 5000),
        "empty": outgoing(text=""),
        "bad_characters": outgoing(text="\x1b"),
        "bad_option": outgoing(options={"queue": "a b"}),
    }
    result = SMS.hand_over(gateway, [good[0], *bad.values(), good[1]])
    assert result.handed == [delivery.id for delivery in good]
    assert {id: refusal.code for id, refusal in result.refused.items()} == {
        d.id: code for code, d in bad.items()
    }
    assert not any(refusal.retryable for refusal in result.refused.values())
    assert set(files(spool)) == {str(delivery.id) for delivery in good}


def test_a_batch_of_only_bad_ones_writes_nothing(gateway: Gateway, spool: Spool) -> None:
    result = SMS.hand_over(gateway, [outgoing(address="")])
    assert (result.handed, len(result.refused), files(spool)) == ([], 1, {})


FOLDERS = [
    "outgoing", "checked", "D1", "sent", "failed", "archive/2026-11-21/sent", "quarantine/failed",
]  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_an_earlier_worker_put_is_not_put_again(gateway: Gateway, spool: Spool, folder: str) -> None:
    again, new = outgoing(attempts=2), outgoing(attempts=2)
    Path(spool.path(folder)).mkdir(parents=True, exist_ok=True)
    Path(spool.path(folder), str(again.id)).write_bytes(b"as it was")
    result = SMS.hand_over(gateway, [again, new])
    assert sorted(result.handed) == sorted([again.id, new.id])
    assert Path(spool.path(folder), str(again.id)).read_bytes() == b"as it was"
    assert set(files(spool)) - {str(again.id)} == {str(new.id)}


def test_what_an_earlier_worker_only_staged_is_put(gateway: Gateway, spool: Spool) -> None:
    delivery = outgoing(attempts=3)
    Path(spool.path("outgoing"), f".{delivery.id}").write_bytes(b"half")
    assert SMS.hand_over(gateway, [delivery]).handed == [delivery.id]
    assert [*files(spool)] == [str(delivery.id)]


def test_one_file_in_trouble_is_tried_again_later(gateway: Gateway, spool: Spool) -> None:
    stuck, good = outgoing(), outgoing()
    Path(spool.path("outgoing"), str(stuck.id), "x").mkdir(parents=True)
    result = SMS.hand_over(gateway, [stuck, good])
    assert result.handed == [good.id]
    assert (result.refused[stuck.id].code, result.refused[stuck.id].retryable) == ("not_put", True)


def test_handing_over_asks_the_database_nothing(
    gateway: Gateway, spool: Spool, django_assert_num_queries
) -> None:
    deliveries = [outgoing(attempts=1 + number % 2) for number in range(50)]
    with django_assert_num_queries(0):
        assert len(SMS.hand_over(gateway, deliveries).handed) == 50
        assert SMS.room(gateway) == 450


def test_no_number_and_no_text_is_logged(gateway: Gateway, spool: Spool, caplog) -> None:
    caplog.set_level("DEBUG")
    stuck = outgoing()
    Path(spool.path("outgoing"), str(stuck.id), "x").mkdir(parents=True)
    SMS.hand_over(gateway, [stuck, outgoing(), outgoing(text="hello\x00"), outgoing(address="27820001001x")])
    assert caplog.text
    assert "hello" not in caplog.text
    assert "27820001001" not in caplog.text


# Gateways in trouble


@pytest.fixture
def closed_spool(settings, db):
    """A gateway whose outgoing folder takes nothing."""
    with ordinary_folder() as folder, ordinary_user():
        settings.SMS_GATEWAYS = {"sms": folder}
        spool = Spool(folder)
        spool.create()
        os.chmod(spool.path("outgoing"), 0o500)
        yield spool
        os.chmod(spool.path("outgoing"), 0o700)


def test_a_closed_folder_makes_the_gateway_unavailable_until_it_is_open(closed_spool: Spool) -> None:
    gateway = Gateway(name="sms", channel="sms")
    delivery = outgoing()
    with pytest.raises(GatewayUnavailable, match="no_permission"):
        SMS.hand_over(gateway, [delivery])
    os.chmod(closed_spool.path("outgoing"), 0o700)
    assert files(closed_spool) == {}
    assert SMS.hand_over(gateway, [delivery]).handed == [delivery.id]


@pytest.mark.parametrize("ask", [SMS.room, SMS.collect, lambda gateway: SMS.hand_over(gateway, [outgoing()])])
def test_a_gateway_without_spool_is_unavailable(ask, db, settings, tmp_path: Path) -> None:
    for gateways in ({"sms": tmp_path / "not-mounted"}, {}):
        settings.SMS_GATEWAYS = gateways
        with pytest.raises(GatewayUnavailable, match="missing"):
            ask(Gateway(name="sms", channel="sms"))
    assert list(tmp_path.iterdir()) == []  # nothing is made where a volume may be missing


def test_the_embedded_spool_is_made_at_its_first_use(db, settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.SMS_GATEWAYS = {"sms": tmp_path / "spool"}
    gateway = Gateway(name="sms", channel="sms")
    assert SMS.room(gateway) == settings.SMS_HIGH_WATER
    assert len(SMS.hand_over(gateway, [outgoing()]).handed) == 1


# Room


def test_the_spool_is_kept_shallow(gateway: Gateway, spool: Spool, settings) -> None:
    settings.SMS_HIGH_WATER = 10
    SMS.hand_over(gateway, [outgoing() for _ in range(6)])
    assert SMS.room(gateway) == 4
    for name in os.listdir(spool.path("outgoing"))[:3]:
        os.rename(spool.path(f"outgoing/{name}"), spool.path(f"checked/{name}"))
    assert SMS.room(gateway) == 4  # what smsd has taken but not sent waits as well
    gateway.high_water = 5
    assert SMS.room(gateway) == 0


def test_collecting_clears_away_what_dead_workers_staged(gateway: Gateway, spool: Spool) -> None:
    staged = Path(spool.path("outgoing"), ".staged")
    staged.write_bytes(b"half")
    os.utime(staged, (0, 0))
    assert SMS.collect(gateway) == 0
    assert not staged.exists()

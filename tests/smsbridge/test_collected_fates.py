"""What smsd says of messages moves deliveries on, each file once."""

from __future__ import annotations

import math
import os
import threading
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.models import Address
from outbox.channels import GatewayUnavailable
from outbox.models import Delivery
from smsbridge.collector import collect, lost, sweep
from smsbridge.models import CollectorCount, PartReference
from tests.smsbridge.smsd_files import handed

pytestmark = pytest.mark.django_db
State = Delivery.State


def counted(what: str) -> int:
    return sum(CollectorCount.objects.filter(what=what).values_list("count", flat=True))


def test_a_sent_file_makes_its_delivery_sent_at_the_time_in_the_file(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery, at="26-11-21 08:00:07")
    assert collect(gateway) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.sent_at) == (State.SENT, datetime(2026, 11, 21, 8, 0, 7, tzinfo=UTC))


def test_times_are_read_in_the_zone_of_smsd(gateway, smsd, settings):
    settings.SMSD_TIMEZONE = "Africa/Johannesburg"
    delivery = handed()
    smsd.sent(delivery, at="26-11-21 08:00:07")
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.sent_at == datetime(2026, 11, 21, 6, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 1], ids=["first 02:30", "second 02:30"])
def test_in_the_hour_that_repeats_the_files_own_time_decides(gateway, smsd, settings, hour):
    settings.SMSD_TIMEZONE = "Europe/Berlin"
    delivery = handed()
    truth = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    os.utime(smsd.sent(delivery, at="26-10-25 02:30:00"), (truth.timestamp() + 1,) * 2)
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.sent_at == truth


def test_a_time_that_is_none_is_replaced_by_the_files_own(gateway, smsd):
    delivery = handed()
    os.utime(smsd.sent(delivery, at="yesterday"), (1_700_000_000, 1_700_000_000))
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.sent_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_each_reference_is_kept_for_its_report(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery, 254, 255, 0)
    collect(gateway)
    parts = PartReference.objects.filter(delivery=delivery).order_by("pk")
    assert [(p.modem, p.number, p.reference) for p in parts] == [
        ("GSM1", "27820001001", n) for n in (254, 255, 0)
    ]


def test_a_message_without_reference_is_sent_all_the_same(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery)
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.state == State.SENT
    assert not PartReference.objects.exists()


def test_a_taken_file_lies_in_the_archive_of_the_day(gateway, smsd, spool):
    delivery = handed()
    smsd.sent(delivery)
    collect(gateway)
    assert smsd.left_in("sent") == []
    today = datetime.now(UTC).date()
    assert spool.archived_days() in ([str(today)], [str(today - timedelta(1))])
    assert smsd.archived("sent") == [str(delivery.pk)]


def test_a_crash_between_commit_and_move_changes_nothing(gateway, smsd, monkeypatch):
    delivery = handed()
    smsd.sent(delivery, 7)
    smsd.received("hello")
    with monkeypatch.context() as broken:
        broken.setattr(sweep, "_settle", lambda *_: 0)
        collect(gateway)
    before = Delivery.objects.values().get(pk=delivery.pk)
    assert collect(gateway) == 2
    assert Delivery.objects.values().get(pk=delivery.pk) == before
    assert PartReference.objects.count() == 1


def test_a_failed_file_says_why(gateway, smsd):
    delivery = handed()
    smsd.failed(delivery, "+CMS ERROR: 38 (Network out of order)", at=datetime(2026, 11, 21, 8, tzinfo=UTC))
    collect(gateway)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (State.FAILED, "gateway_refused")
    assert delivery.detail == "smsd: +CMS ERROR: 38 (Network out of order)"
    assert delivery.ended_at == datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_the_detail_holds_no_telephone_number(gateway, smsd):
    delivery = handed()
    smsd.failed(delivery, "no route to +27 82 000 1001 \x80 today")
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.detail == "smsd: no route to … today"


def test_parts_that_had_gone_out_before_a_failure_are_told(gateway, smsd):
    delivery = handed()
    smsd.failed(delivery, "ERROR", pdus=3)
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.detail == "smsd: ERROR; 2 of its parts had been sent before"


@pytest.mark.parametrize(
    ("reason", "failures"),
    [("+CMS ERROR: 1 (Unassigned number)", 1), ("+CMS ERROR: 38 (Network out of order)", 0), ("Unknown", 0)],
)
def test_only_what_is_the_numbers_fault_counts_against_it(gateway, smsd, mary, reason, failures):
    smsd.failed(handed(contact=mary), reason)
    collect(gateway)
    assert Address.objects.get(contact=mary).failures_in_a_row == failures


def test_a_failure_read_twice_counts_once(gateway, smsd, mary, monkeypatch):
    smsd.failed(handed(contact=mary), "+CMS ERROR: 1")
    with monkeypatch.context() as broken:
        broken.setattr(sweep, "_settle", lambda *_: 0)
        collect(gateway)
    collect(gateway)
    assert Address.objects.get(contact=mary).failures_in_a_row == 1


@pytest.mark.parametrize("state", ["delivered", "failed", "cancelled"])
def test_a_late_file_never_takes_a_delivery_back(gateway, smsd, state):
    delivery = handed(state=state)
    smsd.sent(delivery)
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.state == state


@pytest.mark.parametrize("state", ["queued", "claimed"])
def test_a_file_whose_hand_over_was_never_recorded_is_sent_all_the_same(gateway, smsd, state):
    delivery = handed(state=state, handed_at=None)
    smsd.sent(delivery)
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.state == State.SENT


def test_other_programs_files_are_archived_and_counted(gateway, smsd):
    smsd.write("sent", "playsms-17", "To: 4917012345\nSent: 26-11-21 08:00:00\n\nhi")
    smsd.write("failed", str(uuid.uuid4()), "To: 4917012345\nFail_reason: ERROR\n\nhi")
    assert collect(gateway) == 2
    assert (len(smsd.archived("sent")), len(smsd.archived("failed"))) == (1, 1)
    assert counted("foreign") == 2


def test_an_uppercase_spelling_of_an_id_is_another_programs_file(gateway, smsd):
    delivery = handed()
    smsd.write("sent", str(delivery.pk).upper(), "To: 1\n\nhi")
    collect(gateway)
    delivery.refresh_from_db()
    assert delivery.state == State.HANDED


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02", b"To: 27820001001", b"\xff\xfe\n\n", b"no header at all\n\nhi"], ids=repr
)
def test_a_damaged_file_still_tells_by_where_it_lies(gateway, smsd, content, caplog):
    sent, failed = handed(), handed()
    smsd.write("sent", str(sent.pk), content)
    smsd.write("failed", str(failed.pk), content)
    collect(gateway)
    sent.refresh_from_db()
    failed.refresh_from_db()
    assert (sent.state, failed.state) == (State.SENT, State.FAILED)
    assert (smsd.set_aside("sent"), smsd.set_aside("failed")) == ([str(sent.pk)], [str(failed.pk)])
    assert counted("quarantined") == 2
    assert "set aside" in caplog.text


def test_links_and_pipes_are_set_aside_and_the_others_taken(gateway, smsd, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("To: 1\n\nprivate")
    linked, good = handed(), handed()
    smsd.path("sent", str(linked.pk)).symlink_to(secret)
    os.mkfifo(smsd.path("sent", "pipe"))
    smsd.path("incoming", "GSM1.evil").symlink_to(secret)
    smsd.sent(good)
    collect(gateway)
    linked.refresh_from_db()
    good.refresh_from_db()
    assert (linked.state, good.state) == (State.HANDED, State.SENT)
    assert smsd.set_aside("sent") == sorted([str(linked.pk), "pipe"])
    assert secret.read_text() == "To: 1\n\nprivate"


def test_a_file_smsd_still_works_on_is_left_alone(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery)
    lock = smsd.write("sent", f"{delivery.pk}.LOCK", "")
    assert collect(gateway) == 0
    lock.unlink()
    assert collect(gateway) == 1


def test_a_file_that_provokes_an_error_is_set_aside_and_its_neighbours_are_taken(
    gateway, smsd, monkeypatch, caplog
):
    good, bad = handed(), handed(number="+27820009999")
    smsd.sent(good)
    smsd.sent(bad)
    take = sweep.fates.take_sent

    def stumbling(name, files):
        if any(file.delivery_id == bad.pk for file in files):
            raise RuntimeError("+27820009999 secret text")
        return take(name, files)

    monkeypatch.setitem(sweep._TAKERS, "sent", stumbling)
    assert collect(gateway) == 2
    good.refresh_from_db()
    assert good.state == State.SENT
    assert smsd.set_aside("sent") == [str(bad.pk)]
    assert "RuntimeError" in caplog.text
    assert "+27820009999" not in caplog.text
    assert "secret text" not in caplog.text


def test_a_spool_that_cannot_be_reached_is_the_gateways_trouble(gateway, settings, tmp_path):
    settings.SMS_GATEWAYS = {"sms": tmp_path / "not mounted"}
    with pytest.raises(GatewayUnavailable, match="missing"):
        collect(gateway)


def a_round(smsd, n: int) -> None:
    """One file of each kind."""
    smsd.sent(handed(), n)
    smsd.failed(handed(), "+CMS ERROR: 1")
    smsd.report(n)
    smsd.received(f"hello {n}", sender=f"2782001{n:04d}")


def statements(gateway) -> int:
    with CaptureQueriesContext(connection) as queries:
        collect(gateway)
    return len(queries)


def test_a_batch_costs_the_same_for_one_file_and_for_sixty(gateway, smsd, monkeypatch):
    monkeypatch.setattr(lost, "_looked", {gateway.name: math.inf})  # only once a minute, whatever there is
    a_round(smsd, 0)
    collect(gateway)  # a modem's first file makes its row
    a_round(smsd, 1)
    one = statements(gateway)
    for n in range(2, 62):
        a_round(smsd, n)
    assert statements(gateway) == one


def test_an_idle_sweep_writes_nothing(gateway):
    with CaptureQueriesContext(connection) as queries:
        assert collect(gateway) == 0
    assert not [q for q in queries if not q["sql"].startswith("SELECT")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time_collects_from_a_gateway(gateway, smsd):
    delivery = handed()
    smsd.sent(delivery)
    held, done = threading.Event(), threading.Event()

    def other_worker() -> None:
        with transaction.atomic():
            sweep._lock(gateway.name)
            held.set()
            done.wait(10)
        connection.close()

    other = threading.Thread(target=other_worker)
    other.start()
    assert held.wait(10)
    assert collect(gateway) == 0
    done.set()
    other.join()
    assert collect(gateway) == 1


def test_the_archive_keeps_two_files_of_one_name(gateway, smsd, spool):
    smsd.received("one", name="GSM1.aaaaaa")
    collect(gateway)
    smsd.received("two", name="GSM1.aaaaaa")
    collect(gateway)
    assert len(smsd.archived("incoming")) == 2
    assert date.fromisoformat(spool.archived_days()[0])

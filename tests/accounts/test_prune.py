"""``manage.py prune`` and the worker's night: what has had its time goes, everything else stays."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts import retention, tasks
from accounts.models import ApiToken
from accounts.retention import Rule
from audit.acting import Actor, acting
from audit.models import Entry
from broadcasts.models import Broadcast, Recipient
from config.celery import app
from hospitality.models import FailedLogin
from outbox.models import Delivery
from sendables.models import Pace, Posting, SendKey
from smsbridge.models import GatewayRequest, InboundMessage, PartReference, SegmentCount
from stagebased.models import BulkChange, BulkItem

pytestmark = pytest.mark.django_db


def ago(days: float):
    return timezone.now() - timedelta(days=days)


def id_made(days: float) -> uuid.UUID:
    """An id as the outbox gave it so many days ago."""
    return uuid.UUID(int=int(ago(days).timestamp() * 1000) << 80 | uuid.uuid4().int >> 48)


def delivery(days: float, **given) -> Delivery:
    fields = {
        "id": id_made(days), "source": "test", "cause": uuid.uuid4(), "slot_key": "1",
        "created_at": ago(days), "state": "sent", "sent_at": ago(days),
    }  # fmt: skip
    return Delivery.objects.create(**(fields | given))


def prune(*arguments: str) -> None:
    call_command("prune", *arguments)


@pytest.fixture
def rule() -> Iterator[Callable[..., Rule]]:
    """Registers a rule for the test's time."""
    known = dict(retention._RULES)

    def make(name: str, bites: Callable[[float | None], Iterator[int]]) -> Rule:
        made = Rule(name, "things", days=lambda: 7, count=lambda days: 3, bites=bites)
        retention.register(made)
        return made

    yield make
    retention._RULES.clear()
    retention._RULES.update(known)


# --- what goes ------------------------------------------------------------------------


def test_keys_counters_and_notes_go_when_they_count_no_more(alice) -> None:
    for days in (1, 40):
        GatewayRequest.objects.create(
            id=uuid.uuid4(), user=alice, digest="", outcome=[], created_at=ago(days)
        )
        SendKey.objects.create(user=alice, key=str(days), created_at=ago(days - 0.5))
        FailedLogin.objects.create(account=alice, address="x", at=ago(days - 0.9))
        Pace.objects.create(user=alice, kind=str(days), paid_until=ago(days - 0.5))
        Posting.objects.create(
            entity="notice", fields={}, audience={}, publish_at=ago(days), finished_at=ago(days)
        )
    for days in (1, 401):
        SegmentCount.objects.create(day=ago(days).date(), scope="1", segments=days)
    prune()
    assert GatewayRequest.objects.count() == 1
    assert list(SendKey.objects.values_list("key", flat=True)) == ["1"]
    assert FailedLogin.objects.count() == 1
    assert list(Pace.objects.values_list("kind", flat=True)) == ["1"]
    assert Posting.objects.count() == 1
    assert list(SegmentCount.objects.values_list("segments", flat=True)) == [1]


def test_sessions_and_tokens_go_when_they_are_over(alice, settings) -> None:
    settings.TOKEN_RETENTION_DAYS = 90
    for key, days in (("over", 1), ("live", -1)):
        Session.objects.create(session_key=key, session_data="", expire_date=ago(days))
    for name, times in {
        "revoked long ago": {"revoked_at": ago(91)},
        "expired long ago": {"expires_at": ago(91)},
        "revoked": {"revoked_at": ago(89)},
        "in force": {"created_at": ago(5000)},
    }.items():
        ApiToken.objects.create(user=alice, name=name, key_hash=name, **times)
    prune()
    assert [session.session_key for session in Session.objects.all()] == ["live"]
    assert set(ApiToken.objects.values_list("name", flat=True)) == {"revoked", "in force"}


def test_deliveries_are_kept_unless_a_setting_says_otherwise(settings) -> None:
    long_ago = delivery(400)
    PartReference.objects.create(delivery=long_ago, number="1", reference=1, sent_at=ago(400))
    for days in (400, 1):
        InboundMessage.objects.create(
            gateway="sms", fingerprint=str(days), sender="x", received_at=ago(days), created_at=ago(days)
        )
    prune()
    assert (Delivery.objects.count(), InboundMessage.objects.count()) == (1, 2)
    settings.DELIVERY_RETENTION_DAYS = settings.INBOUND_RETENTION_DAYS = 30
    kept = [
        delivery(29),
        delivery(400, state="queued", sent_at=None),
        delivery(400, state="handed", sent_at=None),
        # Ordered long before it went out.
        delivery(400, sent_at=ago(3)),
        delivery(400, state="failed", ended_at=ago(3)),
    ]
    prune()
    assert set(Delivery.objects.all()) == set(kept)
    assert not PartReference.objects.exists()
    assert InboundMessage.objects.get().fingerprint == "1"


def test_a_broadcast_goes_as_a_whole_once_nothing_of_it_is_under_way(settings) -> None:
    settings.DELIVERY_RETENTION_DAYS = 30
    made = {
        name: Broadcast.objects.create(name=name, state=state, finished_at=ago(days), created_at=ago(days))
        for name, state, days in (
            ("old", "done", 31), ("young", "done", 29), ("open", "paused", 31), ("under way", "done", 31),
        )
    }  # fmt: skip
    for name, broadcast in made.items():
        Recipient.objects.create(broadcast=broadcast, address=f"+{name}")
        delivery(31, source="broadcast", cause=broadcast.pk)
        if name == "under way":
            delivery(31, source="broadcast", cause=broadcast.pk, slot_key="2", state="handed")
    prune()
    assert set(Broadcast.objects.values_list("name", flat=True)) == {"young", "open", "under way"}
    assert Recipient.objects.count() == 3
    assert Delivery.objects.count() == 4


def test_changes_of_many_subscriptions_go_with_their_items() -> None:
    for days in (91, 1):
        bulk = BulkChange.objects.create(kind="pause", finished_at=ago(days))
        BulkItem.objects.bulk_create(BulkItem(bulk=bulk, over=True) for _ in range(3))
    BulkChange.objects.create(kind="resume", created_at=ago(200))
    prune()
    assert (BulkChange.objects.count(), BulkItem.objects.count()) == (2, 3)


def test_the_audit_log_is_shortened_only_where_a_setting_says_so(alice, settings) -> None:
    with acting(Actor("admin", 7, "olga")):
        for _ in range(2):
            alice.first_name += "x"
            alice.save()
    young, old = Entry.objects.order_by("-id")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT set_config('switchboard.redacting', 'on', true)")
        cursor.execute(
            "UPDATE audit_entry SET at = %s WHERE id = %s",
            [connection.ops.adapt_datetimefield_value(ago(400)), old.pk],
        )
    prune()
    assert Entry.objects.count() == 2
    settings.AUDIT_RETENTION_DAYS = 365
    prune()
    assert list(Entry.objects.all()) == [young]


# --- how it goes ----------------------------------------------------------------------


def test_nothing_happens_in_a_dry_run(alice, capsys) -> None:
    GatewayRequest.objects.create(id=uuid.uuid4(), user=alice, digest="", outcome=[], created_at=ago(40))
    prune("--dry-run", "--only", "sms-request-keys")
    assert capsys.readouterr().out == "sms-request-keys: 1 Idempotency-Keys of the SMS interface\n"
    assert GatewayRequest.objects.exists()
    prune("--only", "sms-request-keys")
    assert capsys.readouterr().out == "sms-request-keys: 1 Idempotency-Keys of the SMS interface removed\n"
    assert not GatewayRequest.objects.exists()


def test_more_than_a_bite_goes_in_bites(alice, monkeypatch) -> None:
    monkeypatch.setattr(retention, "BITE", 10)
    SegmentCount.objects.bulk_create(SegmentCount(day=ago(500).date(), scope=str(n)) for n in range(25))
    [only] = retention.rules(["sms-quota-use"])
    assert list(retention.apply(only)) == [10, 20, 25]
    assert not SegmentCount.objects.exists()


def test_days_can_be_given_for_the_rules_that_are_named(alice) -> None:
    for days in (3, 10):
        SegmentCount.objects.create(day=ago(days).date(), scope=str(days))
    prune("--only", "sms-quota-use", "--older-than", "7")
    assert SegmentCount.objects.get().scope == "3"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "nothing"],
        ["--older-than", "7"],
        ["--only", "deliveries", "--older-than", "0"],
        ["--only", "deliveries", "--older-than", "-3"],
        ["--only", "deliveries", "--older-than", "nan"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments) -> None:
    with pytest.raises(CommandError):
        prune(*arguments)


def test_the_list_says_what_is_kept_how_long(capsys, settings) -> None:
    settings.DELIVERY_RETENTION_DAYS, settings.SMS_REQUEST_KEY_DAYS = 0, 30
    prune("--list")
    lines = capsys.readouterr().out.splitlines()
    assert "deliveries: deliveries that came to their end, kept for ever" in lines
    assert "sms-request-keys: Idempotency-Keys of the SMS interface, kept for 30 days" in lines
    assert "sessions: log-in sessions that are over, removed at once" in lines


def test_long_work_tells_how_far_it_is(rule, capsys, monkeypatch) -> None:
    monkeypatch.setattr("accounts.management.commands.prune._PROGRESS", 0.0)
    rule("a-slow-one", lambda days: iter([1000, 1000]))
    prune("--only", "a-slow-one")
    told = capsys.readouterr().out.splitlines()
    assert told == ["a-slow-one: 1000 so far", "a-slow-one: 2000 so far", "a-slow-one: 2000 things removed"]


def broken(days: float | None) -> Iterator[int]:
    yield 2
    raise RuntimeError("the disk is away")


def test_one_rule_s_trouble_is_told_and_does_not_hold_up_the_others(rule, capsys) -> None:
    rule("a-broken-one", broken)
    rule("b-good-one", lambda days: iter([3]))
    with pytest.raises(SystemExit) as end:
        prune("--only", "a-broken-one", "--only", "b-good-one")
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert "b-good-one: 3 things removed" in out
    assert "a-broken-one: RuntimeError: the disk is away" in err


def test_when_the_time_is_over_the_exit_code_says_so(rule) -> None:
    rule("a-long-one", lambda days: iter([1, 1, 1]))
    with pytest.raises(SystemExit) as end:
        prune("--only", "a-long-one", "--seconds", "0")
    assert end.value.code == 3


# --- at night -------------------------------------------------------------------------


def test_the_night_goes_on_where_its_time_was_over(rule, monkeypatch) -> None:
    rule("a-long-one", lambda days: iter([1, 1, 1]))
    rule("b-next-one", lambda days: iter([3]))
    names = ["a-long-one", "b-next-one"]
    assert retention.prune(names, seconds=0) == names
    # What used up the time without finding anything is not tried for ever.
    rule("a-long-one", lambda days: iter([0, 0]))
    assert retention.prune(names, seconds=0) == ["b-next-one"]
    assert retention.prune(names, seconds=60) == []


def test_the_task_leaves_the_rest_to_a_task_of_its_own(rule, monkeypatch) -> None:
    left: list[list[str]] = []
    monkeypatch.setattr(tasks.prune, "apply_async", lambda args, countdown: left.append(*args))
    monkeypatch.setattr(tasks, "SECONDS", -1)
    rule("zz-long-one", lambda days: iter([1]))
    tasks.prune(["zz-long-one"])
    assert left == [["zz-long-one"]]
    monkeypatch.setattr(tasks, "SECONDS", 60)
    tasks.prune(["zz-long-one"])
    assert len(left) == 1


def test_a_broken_rule_is_in_the_log_and_the_others_are_applied(rule, caplog) -> None:
    done: list[str] = []

    def good(days: float | None) -> Iterator[int]:
        done.append("good")
        yield 1

    rule("a-broken-one", broken)
    rule("b-good-one", good)
    began = time.monotonic()
    assert retention.prune(["a-broken-one", "b-good-one"], seconds=60) == []
    assert time.monotonic() - began < 60
    assert done == ["good"]
    assert "things could not be removed: RuntimeError" in caplog.text


def test_the_clock_knows_the_task() -> None:
    assert "accounts.prune" in app.tasks
    assert any(entry["task"] == "accounts.prune" for entry in app.conf.beat_schedule.values())

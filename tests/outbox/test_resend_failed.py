"""``resend_failed``: repeating by hand what did not arrive."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from contacts.operations import opt_out
from outbox import failures
from outbox.models import Delivery, Resend

State = Delivery.State


def run(**options: object) -> str:
    out = io.StringIO()
    call_command("resend_failed", stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def ended(queue):
    """A delivery that came to that end."""

    def make(state: str = State.FAILED, **given) -> Delivery:
        delivery = queue()
        fields = {"state": state, "reason": "no_report", "ended_at": timezone.now()} | given
        Delivery.objects.filter(pk=delivery.pk).update(**fields)
        return delivery

    return make


def queued() -> list[str]:
    return list(Delivery.objects.filter(state=State.QUEUED).values_list("slot_key", flat=True))


def test_what_failed_or_expired_is_queued_again(ended):
    ended(), ended(State.EXPIRED), ended(State.CANCELLED), ended(State.DELIVERED, ended_at=None)
    assert run().startswith("2 found: 2 queued again, 0 cannot be sent now either, 0 repeated before")
    assert queued() == ["1~1", "1~1"]


def test_each_is_repeated_once_however_often_it_runs(ended):
    ended()
    run()
    assert run().startswith("1 found: 0 queued again, 0 cannot be sent now either, 1 repeated before")
    assert Delivery.objects.count() == 2


def test_a_dry_run_counts_the_same_and_queues_nothing(ended):
    ended(), ended()
    assert run(dry_run=True) == "2 found. Nothing was queued.\n"
    assert queued() == []
    assert not Resend.objects.exists()


def test_who_has_opted_out_meanwhile_gets_nothing(ended):
    delivery = ended()
    opt_out(kind="stop", address=("msisdn", delivery.address), source="test")
    assert run().startswith("1 found: 0 queued again, 1 cannot be sent now either")
    assert queued() == []


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"reason": "no_report"}, 1),
        ({"reason": "gateway_rejected"}, 0),
        ({"gateway": "sms"}, 1),
        ({"gateway": "other"}, 0),
        ({"channel": "notice"}, 0),
        ({"source": "test"}, 1),
        ({"source": "broadcast"}, 0),
        ({"state": "failed"}, 1),
        ({"state": "expired"}, 0),
        ({"hours": 1}, 1),
    ],
)
def test_only_those_that_are_meant(ended, options, found):
    ended()
    assert run(dry_run=True, **options).startswith(f"{found} found")


def test_what_ended_long_ago_is_left_alone(ended):
    ended(ended_at=timezone.now() - timedelta(hours=25))
    assert run().startswith("0 found")
    assert run(hours=26).startswith("1 found")


def test_how_far_it_is_is_shown_where_somebody_looks(ended):
    ended(), ended()

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    call_command("resend_failed", stdout=io.StringIO(), stderr=terminal)
    assert "2/2" in terminal.getvalue()


def test_somebody_may_stop_it(ended, monkeypatch):
    ended()
    monkeypatch.setattr(failures, "work", lambda budget: failures.stop(Resend.objects.get()))
    with pytest.raises(CommandError, match="has stopped it"):
        run()


def test_slots_without_a_message_are_left_to_the_programmes(ended):
    ended(text="", reason="no_message")
    ended(address="", reason="no_address")
    assert run().startswith("0 found")


@pytest.mark.parametrize("hours", [0, 10**9])
def test_senseless_numbers_are_refused(db, hours):
    with pytest.raises(CommandError, match="--hours lies between"):
        run(hours=hours)

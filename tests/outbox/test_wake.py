"""Hints to workers: sent after commit, not too often, and worth nothing more than time."""

from __future__ import annotations

import time

import pytest
from celery import Celery, current_app
from kombu.exceptions import OperationalError

from outbox import runs, tasks, wake
from stagebased.wake import nudge_planner
from tests.servers import free_port


@pytest.fixture
def sent(channel, monkeypatch) -> list[tuple[str, list[str], str]]:
    """The hints that went out; the throttle starts open."""
    hints: list[tuple[str, list[str], str]] = []

    def send_task(name, args, *, queue, expires, **options) -> None:
        assert expires
        hints.append((name, args, queue))

    monkeypatch.setattr(current_app, "send_task", send_task)
    monkeypatch.setattr(wake.throttle, "free_at", 0.0)
    return hints


def test_each_gateways_workers_are_woken_through_their_own_queue(sent) -> None:
    wake.wake_gateways()
    assert sent == [
        ("outbox.run_gateway", ["sms"], "gateway.sms"),
        ("outbox.run_gateway", ["other"], "gateway.other"),
    ]


def test_a_nudge_waits_for_the_commit(db, sent, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        wake.nudge()
        assert sent == []
    assert len(sent) == 2


def test_queueing_nudges_by_itself(queue, sent, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        queue()
    assert sent


def test_many_nudges_are_one(db, sent, django_capture_on_commit_callbacks) -> None:
    for _ in range(20):
        with django_capture_on_commit_callbacks(execute=True):
            wake.nudge()
    assert len(sent) == 2


def test_a_dead_broker_costs_a_log_line_and_then_nothing(
    db, channel, monkeypatch, caplog, django_capture_on_commit_callbacks
) -> None:
    asked = []

    def send_task(*arguments, **options) -> None:
        asked.append(arguments)
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", send_task)
    monkeypatch.setattr(wake.throttle, "free_at", 0.0)
    for _ in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            wake.nudge()
        time.sleep(0.01)
    assert len(asked) == 1
    assert caplog.text.count("broker not reached") == 1


def test_a_broker_that_is_really_gone_raises_nothing_and_is_asked_once(
    db, channel, monkeypatch, caplog, django_capture_on_commit_callbacks
) -> None:
    gone = Celery(broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)  # nobody listens there
    monkeypatch.setattr(wake, "current_app", gone)
    monkeypatch.setattr(wake.throttle, "free_at", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        wake.nudge()
        nudge_planner()
    assert caplog.text.count("broker not reached") == 2


def test_a_gateways_turn_that_was_too_short_for_its_work_is_followed_by_another(
    queue, channel, sent, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    for _ in range(3):
        queue()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.run_gateway("sms")
    assert sent == []
    monkeypatch.setattr(runs, "BUDGET", 0)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.run_gateway("sms")
    assert ("outbox.run_gateway", ["sms"], "gateway.sms") in sent

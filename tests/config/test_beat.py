"""Beat goes on when the host's clock is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from celery import Celery
from django.utils import timezone

from config.beat import SteadyScheduler


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The wall clock, to be set; the steady one goes on."""
    with time_machine.travel(timezone.now()) as traveller:
        yield traveller


def scheduler(folder: Path, sent: list[str]) -> SteadyScheduler:
    app = Celery(set_as_current=False)
    app.conf.beat_schedule = {"wake": {"task": "wake", "schedule": 5.0}}
    made = SteadyScheduler(app, schedule_filename=str(folder / "schedule"), lazy=True)
    made.apply_entry = lambda entry, producer=None: sent.append(entry.task)
    made.setup_schedule()
    return made


def test_nothing_is_due_before_its_time(tmp_path, clock, sent) -> None:
    beat = scheduler(tmp_path, sent)
    assert 4 < beat.tick() <= 5
    assert sent == []


@pytest.mark.parametrize("hours", [-2, 2, -48], ids=["two back", "two forward", "two days back"])
def test_the_next_run_is_as_near_as_ever_after_the_clock_was_set(
    tmp_path, clock, sent, hours, caplog
) -> None:
    beat = scheduler(tmp_path, sent)
    beat.tick()
    clock.shift(timedelta(hours=hours))
    assert beat.tick() <= 5
    assert f"The clock was set by {3600 * hours:+}" in caplog.text


def test_a_last_run_in_the_future_does_not_keep_a_new_beat_waiting(tmp_path, clock, sent) -> None:
    clock.shift(timedelta(days=1))
    before = scheduler(tmp_path, sent)
    before.close()
    clock.shift(timedelta(days=-1))
    assert scheduler(tmp_path, sent).tick() <= 5

"""Celery's ways into the programmes. Every one may be lost, doubled or late."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from outbox.clock import Clock
from stagebased import bulk, census, metrics, planner, quiet, slots
from stagebased.operations import catching_up, content, estimates
from stagebased.operations.failures import stop_after_failures
from stagebased.operations.stopping import resume_due

logger = logging.getLogger(__name__)

#: How far back failed messages are looked at once more.
LATELY = timedelta(days=2)


@shared_task(name="stagebased.plan")
def plan() -> None:
    # The database's time: a host whose clock is wrong would find slots due that are not.
    now = Clock().now()
    if slots.record_due_slots(now):
        # Before a slot's messages are made: news whose receiver was killed has not been acted on.
        stop_after_failures(now=now, since=now - LATELY)
    quiet.reopen(now)
    resume_due(now=now)
    planner.plan(now)


@shared_task(name="stagebased.compute_metrics")
def compute_metrics() -> None:
    metrics.compute(now=timezone.now())


@shared_task(name="stagebased.find_behind")
def find_behind() -> None:
    catching_up.find(now=timezone.now())


@shared_task(name="stagebased.estimate_sends")
def estimate_sends() -> None:
    estimates.estimate(now=timezone.now())


@shared_task(name="stagebased.take_census")
def take_census() -> None:
    census.take(now=timezone.now())


@shared_task(name="stagebased.copy_audio")
def copy_audio() -> None:
    if settings.AUDIO_FOLDER is None:
        return
    try:
        content.copy_audio(folder=settings.AUDIO_FOLDER)
    except OSError as error:
        logger.error("audio was not copied: %s", type(error).__name__)


@shared_task(name="stagebased.work_bulk")
def work_bulk() -> None:
    bulk.work()

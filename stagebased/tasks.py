"""Celery's ways into the programmes. Every one may be lost, doubled or late."""

from celery import shared_task
from django.utils import timezone

from stagebased import metrics, planner, quiet, slots
from stagebased.operations.stopping import resume_due


@shared_task(name="stagebased.plan")
def plan() -> None:
    now = timezone.now()
    slots.record_due_slots(now)
    quiet.reopen(now)
    resume_due(now=now)
    planner.plan(now)


@shared_task(name="stagebased.compute_metrics")
def compute_metrics() -> None:
    metrics.compute(now=timezone.now())

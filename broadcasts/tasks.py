"""Celery's ways into broadcasts. Every one may be lost, doubled or late."""

from celery import shared_task

from broadcasts import worker


@shared_task(name="broadcasts.work")
def work() -> None:
    worker.work()

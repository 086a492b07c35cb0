"""Celery's way to the files. May be lost, doubled or late."""

from celery import shared_task

from sheets import operations

#: Well within the time a task may take.
SECONDS = 100


@shared_task(name="sheets.work")
def work() -> None:
    operations.work_on_all(seconds=SECONDS)


@shared_task(name="sheets.sweep")
def sweep() -> None:
    operations.sweep()

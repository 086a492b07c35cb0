"""Celery entry points. Each may be lost, doubled or late; beat finds the same work again."""

from celery import shared_task

from sendables.operations import maintenance, publish_due


@shared_task(name="sendables.publish")
def publish() -> None:
    publish_due()


@shared_task(name="sendables.sweep")
def sweep() -> None:
    maintenance.sweep()

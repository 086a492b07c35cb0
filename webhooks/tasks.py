"""Celery's ways into the webhooks. Every one may be lost, doubled or late."""

from celery import shared_task

from webhooks.posting import turns


@shared_task(name="webhooks.post")
def post() -> None:
    turns.post_due()

"""Celery's way to what is done for all apps. May be lost, doubled or late."""

from celery import shared_task

from accounts import retention

#: Well within the time a task may take.
SECONDS = 100


@shared_task(name="accounts.prune")
def prune(names: list[str] | None = None) -> None:
    """Remove what has had its time; what is left then, in a task of its own."""
    if left := retention.prune(names or (), seconds=SECONDS):
        prune.apply_async(args=(left,), countdown=1)

"""Celery's ways into the outbox. Every one may be lost, doubled or late."""

from celery import shared_task

from outbox import runs, sweeping, wake


@shared_task(name="outbox.wake_gateways")
def wake_gateways() -> None:
    wake.wake_gateways()


@shared_task(name="outbox.run_gateway")
def run_gateway(gateway: str) -> None:
    runs.run_gateway(name=gateway)


@shared_task(name="outbox.sweep")
def sweep() -> None:
    sweeping.sweep()

"""Celery's ways into the outbox. Every one may be lost, doubled or late."""

import time

from celery import shared_task

from outbox import failures, pulses, runs, sweeping, wake


@shared_task(name="outbox.wake_gateways")
def wake_gateways() -> None:
    wake.wake_gateways()


@shared_task(name="outbox.run_gateway")
def run_gateway(gateway: str) -> None:
    began = time.monotonic()
    runs.run_gateway(name=gateway)
    pulses.beat(pulses.of_gateway(gateway))
    if time.monotonic() - began >= runs.BUDGET:
        # Its turn was over before its work: others first, then on without waiting for the clock.
        wake.nudge()


@shared_task(name="outbox.sweep")
def sweep() -> None:
    pulses.beat(pulses.BEAT)
    sweeping.sweep()


@shared_task(name="outbox.work_resends")
def work_resends() -> None:
    failures.work()

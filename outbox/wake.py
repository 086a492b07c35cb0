"""Waking workers up. A hint only: beat finds the same work seconds later."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from outbox import channels
from outbox.models import Delivery

log = logging.getLogger(__name__)

#: Seconds in which one process nudges at most once.
AT_MOST_EVERY = 0.5
#: Seconds for which a broker that did not answer is not asked again.
LET_REST = 15.0
#: Seconds after which a hint is worthless, because beat has given others since; by which, too, the clocks
#: of two hosts may differ.
EXPIRES = 60.0


class Throttle:
    """When this process may nudge next, by its steady clock."""

    def __init__(self) -> None:
        self.free_at = 0.0

    def pass_(self) -> bool:
        if time.monotonic() < self.free_at:
            return False
        self.free_at = time.monotonic() + AT_MOST_EVERY
        return True

    def rest(self) -> None:
        self.free_at = time.monotonic() + LET_REST


throttle = Throttle()

#: One try: kombu would otherwise go on trying for seconds, within somebody's request.
ONE_TRY = {"max_retries": 0, "connect_retries_timeout": 1}


def hint(task: str, *arguments: str, queue: str, expires: float) -> None:
    """Send one hint, with one try. Raises what the broker raises, at once."""
    with current_app.connection_for_write(transport_options=ONE_TRY) as broker:
        current_app.send_task(
            task, list(arguments), queue=queue, expires=expires, retry=False, connection=broker
        )


def wake_gateways() -> None:
    """Send every gateway's workers the hint to collect and dispatch. Raises what the broker raises."""
    for name in channels.channel_names():
        channel = channels.channel(name)
        for gateway in channel.gateways():
            hint("outbox.run_gateway", gateway, queue=channel.queue(gateway), expires=EXPIRES)


def nudge() -> None:
    """After the running transaction's commit: let what was just queued go out at once.

    Never raises, and costs next to nothing when called often or when the
    broker is down.
    """
    transaction.on_commit(_nudge_now, robust=True)


def _nudge_now() -> None:
    if not throttle.pass_():
        return
    try:
        wake_gateways()
    except (OperationalError, OSError) as error:
        throttle.rest()
        log.warning("broker not reached (%s); the clock will find the work", type(error).__name__)


def on_change(*, state: str, **_: Any) -> None:
    """Receiver of ``deliveries_changed``, which is sent after commit."""
    if state == Delivery.State.QUEUED:
        _nudge_now()

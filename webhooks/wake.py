"""Waking the poster up. A hint only: beat finds the same events within seconds."""

from __future__ import annotations

import logging

from django.db import transaction
from kombu.exceptions import OperationalError

from outbox.wake import Throttle, hint

log = logging.getLogger(__name__)

QUEUE = "webhooks"
EXPIRES = 5.0
throttle = Throttle()


def nudge() -> None:
    """After the running transaction's commit: have what was recorded posted at once. Never raises."""
    transaction.on_commit(_nudge_now, robust=True)


def _nudge_now() -> None:
    if not throttle.pass_():
        return
    try:
        hint("webhooks.post", queue=QUEUE, expires=EXPIRES)
    except (OperationalError, OSError) as error:
        throttle.rest()
        log.warning("broker not reached (%s); the clock will find the work", type(error).__name__)

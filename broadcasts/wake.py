"""Waking the worker up. A hint only: beat finds the same work seconds later."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from outbox import wake

log = logging.getLogger(__name__)
EXPIRES = 5.0


def nudge() -> None:
    """After the running transaction's commit: have open broadcasts worked on at once. Never raises."""
    transaction.on_commit(_nudge_now, robust=True)


def _nudge_now() -> None:
    try:
        wake.hint("broadcasts.work", queue=settings.CELERY_TASK_DEFAULT_QUEUE, expires=EXPIRES)
    except (OperationalError, OSError) as error:
        log.warning("broker not reached (%s); the clock will find the work", type(error).__name__)

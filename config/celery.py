"""The Celery application.

Celery only wakes workers up: the database holds the work and the clock
(docs/architecture.md). So every beat entry is static, in UTC and idempotent,
and no task carries anything but names.
"""

import os
import signal
from contextvars import Token
from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_before_create_process, worker_process_init

from config import garbage, logs
from config.broker import outlive_redis
from outbox import trail

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("switchboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
outlive_redis()


@worker_process_init.connect
def leave_stopping_to_the_worker(**_: object) -> None:
    """Let a running task finish when a supervisor signals the whole process group.

    systemd and honcho send SIGTERM to every process of a service. Only the
    worker's main process should act on it (a warm shutdown); its pool
    processes would die in the middle of a task. A task beyond its time limit
    is still ended, by SIGKILL.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@worker_before_create_process.connect
def settle_garbage(**_: object) -> None:
    """Before a pool process branches off: what it shares is never walked there, and so never copied."""
    garbage.settle()


_begun: dict[str, tuple[Token[Any], Token[Any]]] = {}


@task_prerun.connect
def name_task(task_id: str, task: Any, **_: object) -> None:
    """From here on log lines and new deliveries carry the task's id."""
    told = logs.context.set({"task": task.name, "task_id": task_id})
    _begun[task_id] = trail.begin(_uuid(task_id)), told


@task_postrun.connect
def forget_task(task_id: str, **_: object) -> None:
    begun, told = _begun.pop(task_id)
    logs.context.reset(told)
    trail.end(begun)


def _uuid(text: str) -> UUID | None:
    """Celery's own ids are UUIDs; a caller may have chosen another."""
    try:
        return UUID(text)
    except ValueError:
        return None

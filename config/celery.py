"""The Celery application.

Celery only wakes workers up: the database holds the work and the clock
(docs/architecture.md). So every beat entry is static, in UTC and idempotent,
and no task carries anything but names.
"""

import os
import signal

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("switchboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def leave_stopping_to_the_worker(**_: object) -> None:
    """Let a running task finish when a supervisor signals the whole process group.

    systemd and honcho send SIGTERM to every process of a service. Only the
    worker's main process should act on it (a warm shutdown); its pool
    processes would die in the middle of a task. A task beyond its time limit
    is still ended, by SIGKILL.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

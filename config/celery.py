"""The Celery application.

Celery only wakes workers up: the database holds the work and the clock
(docs/architecture.md). So every beat entry is static, in UTC and idempotent,
and no task carries anything but names.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("switchboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

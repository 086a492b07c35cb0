"""Settings of an installation in whose worker one message does what a bug might: see ``PoisonedChannel``."""

import os

from config.settings import *  # noqa: F403 (the real settings, with one channel changed)

POISON = os.environ["POISON"]
OUTBOX_CHANNELS = {**OUTBOX_CHANNELS, "sms": "tests.chaos.poisoned.PoisonedChannel"}  # noqa: F405
# A hanging task is ended in seconds.
CELERY_TASK_TIME_LIMIT, CELERY_TASK_SOFT_TIME_LIMIT = 6, None

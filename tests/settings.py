"""Settings for tests: the real ones, with a fast password hasher and files in a temporary place.

Nothing here may hide a path that production takes: no eager tasks, no fake channel.
"""

import os
import tempfile

os.environ["ENV_FILE"] = ""  # a developer's .env is not for tests
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="switchboard-tests-"))

from config.settings import *  # noqa: F403 (a copy of the settings is what this is)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Entities that the tests of `sendables` build from outside it.
from tests.sendables.announcements.entities import ENTITIES as ANNOUNCEMENTS  # noqa: E402 (after the copy)
from tests.sendables.keyed.entities import ENTITIES as KEYED  # noqa: E402 (after the copy)

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sendables.announcements", "tests.sendables.keyed"]  # noqa: F405 (copied)
SENDABLES = {**SENDABLES, **ANNOUNCEMENTS, **KEYED}  # noqa: F405 (copied)

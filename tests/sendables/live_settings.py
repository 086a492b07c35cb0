"""Settings of the server that the stream tests start: heartbeats short enough to be waited for."""

from tests.settings import *  # noqa: F403 (a copy of the settings is what this is)

SENDABLES_STREAM = {**SENDABLES_STREAM, "HEARTBEAT_SECONDS": 1.0, "LIFETIME_SECONDS": 600.0}  # noqa: F405 (copied)

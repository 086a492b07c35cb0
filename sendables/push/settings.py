"""``settings.SENDABLES_STREAM``."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # Redis that carries the hints; None: the database is polled.
    "REDIS_URL": None,
    # Seconds between looks without Redis; bounds how late an event is.
    "POLL_SECONDS": 0.5,
    # The same with Redis, against lost hints.
    "SAFETY_SECONDS": 5.0,
    # Seconds between comments that keep the connection open through proxies.
    "HEARTBEAT_SECONDS": 15.0,
    # A stream is ended after this long; the client comes back and is asked for its credentials again.
    "LIFETIME_SECONDS": 900.0,
    # What a client waits before coming back, in milliseconds.
    "RETRY_MILLISECONDS": 1000,
    # The same where no connection can stay open (WSGI), so that the client polls.
    "POLL_MILLISECONDS": 500,
    # Streams of one person and entity that one process keeps open.
    "MAX_PER_USER": 20,
}


def stream_setting(key: str) -> Any:
    return getattr(settings, "SENDABLES_STREAM", {}).get(key, DEFAULTS[key])

"""The time that counts for leases, due times and expiry: the database's, the same for every worker."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone


class Clock:
    """The database's time, read once and carried on by this machine's steady clock.

    A host whose clock is wrong or jumps then neither sends early nor takes a
    lease for outlived. A clock made with a time stands still at it.
    """

    def __init__(self, fixed: datetime | None = None) -> None:
        self._steady = fixed is None
        self._base = fixed or _database_now()
        self._began = time.monotonic()

    def now(self) -> datetime:
        if not self._steady:
            return self._base
        return self._base + timedelta(seconds=time.monotonic() - self._began)


def _database_now() -> datetime:
    if connection.vendor != "postgresql":
        # SQLite runs inside this process: there is no other clock.
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]

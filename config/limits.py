"""Limits that only the processes that answer requests have."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created


def limit_statements() -> None:
    """Let PostgreSQL give up what takes longer than anybody waits for an answer.

    Not for workers and commands: a migration or a clean-up may take its time.
    """
    if settings.DATABASE_STATEMENT_SECONDS:
        connection_created.connect(_limit, dispatch_uid="statement seconds")


def _limit(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [1000 * settings.DATABASE_STATEMENT_SECONDS])

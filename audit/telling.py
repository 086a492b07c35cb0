"""Telling the database who acts, so that its triggers can write it down.

On PostgreSQL the actor is a setting of the transaction. It travels in front of
each statement that writes to a table on record, in the same message, so it
costs no round trip, and no pool of connections can mix callers up. On SQLite
the triggers call a function of the connection, which asks this process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.backends.signals import connection_created

from audit.acting import actor
from audit.triggers.postgresql import ACTOR
from audit.triggers.watched import watched

_WRITES = re.compile(r'\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)"?', re.IGNORECASE)


@cache
def _tables() -> frozenset[str]:
    return frozenset(one.table for one in watched())


def tell(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Wraps the execution of every statement on PostgreSQL."""
    found = _WRITES.match(sql)
    if found and found[1] in _tables() and (who := actor()) is not None:
        text = who.as_text().replace("'", "''")
        if params is not None:
            text = text.replace("%", "%%")
        sql = f"SELECT set_config('{ACTOR}', '{text}', true); {sql}"
    return execute(sql, params, many, context)


def _ask() -> str | None:
    who = actor()
    return who.as_text() if who else None


def prepare(*, connection: Any, **_: Any) -> None:
    """Receiver of ``connection_created``."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("audit_actor", 0, _ask)
    elif tell not in connection.execute_wrappers:
        connection.execute_wrappers.append(tell)


def connect() -> None:
    connection_created.connect(prepare, dispatch_uid="audit.telling")

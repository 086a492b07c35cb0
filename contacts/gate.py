"""The gate between hand-overs and opt-outs.

The promise: *no hand-over starts after an opt-out is committed.* A hand-over
takes the gate shared, in the transaction that reads the opt-out columns and
gives the message away; an opt-out takes it exclusively until it commits. So
either the hand-over is finished before the opt-out is recorded, or it starts
after and sees it. Many hand-overs run beside each other.

On PostgreSQL the gate is an advisory lock that ends with the transaction. On
SQLite every writing transaction begins IMMEDIATE and there is only one, which
is the same order without a lock.

Take the gate **before** locking any row: a transaction that holds rows a
hand-over wants, and only then asks for the gate, would deadlock with it.
(PostgreSQL would notice and end one of them, but nobody needs that.)
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.transaction import TransactionManagementError

#: Any fixed number, the same in all processes; spells "optout".
_GATE = 0x6F70746F7574
#: First half of the two-part key that serialises work on one address.
_ADDRESS = 0x61646472


def shared() -> None:
    """Hand-overs: wait until no opt-out is under way, and hold new ones off until this transaction ends."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)", _GATE)


def exclusive() -> None:
    """Opt-outs: wait until no hand-over is under way, and hold new ones off until this transaction ends."""
    _lock("SELECT pg_advisory_xact_lock(%s)", _GATE)


def for_address(value: str) -> None:
    """One transaction at a time may look up this address and make a contact for it when there is none."""
    _lock("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", _ADDRESS, value)


def for_addresses(values: Iterable[str]) -> None:
    """The same for many addresses at once, always in the same order: two who need several do not deadlock."""
    _lock(
        "SELECT pg_advisory_xact_lock(%s, key) FROM"
        " (SELECT DISTINCT hashtext(value) AS key FROM unnest(%s::text[]) AS value ORDER BY key) AS keys",
        _ADDRESS,
        list(values),
    )


def _lock(statement: str, *params: int | str | list[str]) -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("The gate is held by a transaction; open one first.")
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, params)

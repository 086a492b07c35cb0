"""Writing what no single row shows, and redacting what must be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.prepared import PreparedInsert
from audit.acting import acting, actor
from audit.models import Entry
from audit.triggers.postgresql import ACTOR

Act = Entry.Act

_REDACT = """
UPDATE audit_entry SET before = %s, after = %s
 WHERE subject IN ({subjects}) AND act <> 'forget'
"""
_FORGET = """
DELETE FROM audit_entry
 WHERE id IN (SELECT id FROM audit_entry WHERE at < %s ORDER BY id LIMIT %s)
"""
#: Entries deleted in one transaction.
BITE = 1000
_REDACT_ACTOR = "UPDATE audit_entry SET actor = %s WHERE actor_id = %s"


def record(act: Entry.Act, *, model: str, object_id: Any = "", subject: str = "", **facts: Any) -> None:
    """Write one entry, in the transaction of what was done; nothing when nobody acts.

    ``facts`` are numbers and names of things, never texts or telephone numbers
    of people, which nothing would erase here.
    """
    who = actor()
    if who is None:
        return
    _INSERT(Entry(
        at=timezone.now(), actor_id=who.id, actor=who.name, via=who.via, token=who.token,
        act=act, model=model, object_id=str(object_id), subject=subject, after=facts,
    ))  # fmt: skip


#: Runs with every message that somebody sends.
_INSERT = PreparedInsert(Entry)


@contextmanager
def summed_up() -> Iterator[None]:
    """Rows written inside leave no entries of their own; whoever writes them tells of all with ``record``.

    For one act that changes a column of a million rows alike.
    """
    with acting(lambda: None):
        if connection.vendor == "postgresql":
            # The transaction may have been told of an actor already.
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config(%s, '', true)", [ACTOR])
        yield


def of_contact(key: Any) -> str:
    return f"contact:{key}"


def of_account(key: Any) -> str:
    return f"account:{key}"


@transaction.atomic
def redact(*, subjects: Iterable[str]) -> int:
    """Take out what entries tell of these people; that there were entries, by whom and when, stays."""
    wanted = list(subjects)
    if not wanted:
        return 0
    _allow_redaction()
    marks = ", ".join(["%s"] * len(wanted))
    gone = '{"redacted": true}'
    with connection.cursor() as cursor:
        cursor.execute(_REDACT.format(subjects=marks), [gone, gone, *wanted])
        return int(cursor.rowcount)


@transaction.atomic
def redact_actor(*, account_id: int) -> int:
    """Take out the name of an account that is erased; its number stays."""
    _allow_redaction()
    with connection.cursor() as cursor:
        cursor.execute(_REDACT_ACTOR, ["", account_id])
        return int(cursor.rowcount)


def forgetting(*, before: datetime) -> Iterator[int]:
    """Delete entries older than that, bite by bite; how many each time. Only retention may."""
    removed = BITE
    while removed == BITE:
        with transaction.atomic(), connection.cursor() as cursor:
            _allow("pruning")
            cursor.execute(_FORGET, [connection.ops.adapt_datetimefield_value(before), BITE])
            removed = int(cursor.rowcount)
        yield removed


def _allow_redaction() -> None:
    _allow("redacting")


def _allow(what: str) -> None:
    """For this transaction: PostgreSQL refuses every change of an entry otherwise (``audit.triggers``)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, 'on', true)", [f"switchboard.{what}"])

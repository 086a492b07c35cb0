"""Keeping the database's triggers as the installed apps want them."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction

from audit.triggers import postgresql, sqlite
from audit.triggers.watched import watched

_BEGINNING = "audit_"
_PRESENT = """
SELECT t.tgname, c.relname, obj_description(t.oid, 'pg_trigger')
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE NOT t.tgisinternal AND t.tgname LIKE 'audit\\_%%' AND c.relnamespace = current_schema()::regnamespace
"""


def install(connection: Any) -> None:
    """Make what is missing or different, drop what is not wanted any more; nothing else is touched."""
    tables = set(connection.introspection.table_names())
    if "audit_entry" not in tables:
        return
    known = [one for one in watched() if one.table in tables]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _install_on_postgresql(cursor, postgresql.triggers(known))
        else:
            _install_on_sqlite(cursor, sqlite.triggers(known))


def remove(connection: Any) -> None:
    """Drop the triggers of SQLite, which stand in the way of migrations: it makes changed tables anew."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for name in _present_on_sqlite(cursor):
            cursor.execute(f'DROP TRIGGER "{name}"')


def _install_on_postgresql(cursor: Any, wanted: postgresql.Triggers) -> None:
    cursor.execute(postgresql.FUNCTIONS)
    cursor.execute(_PRESENT, [])
    present = {name: (table, mark) for name, table, mark in cursor.fetchall()}
    marked = {name: (table, _mark(text)) for name, (table, text) in wanted.items()}
    for name, (table, _) in present.items():
        if marked.get(name) != present[name]:
            cursor.execute(f'DROP TRIGGER "{name}" ON "{table}"')
    for name, (table, text) in wanted.items():
        if marked[name] != present.get(name):
            cursor.execute(f'CREATE TRIGGER "{name}" {text}')
            cursor.execute(f'COMMENT ON TRIGGER "{name}" ON "{table}" IS \'{marked[name][1]}\'')


def _mark(text: str) -> str:
    """Tells a definition from an older one: PostgreSQL gives it back in words of its own."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _install_on_sqlite(cursor: Any, wanted: sqlite.Triggers) -> None:
    statements = {name: f'CREATE TRIGGER "{name}" {text}' for name, (_, text) in wanted.items()}
    present = _present_on_sqlite(cursor)
    for name, statement in present.items():
        if statements.get(name) != statement:
            cursor.execute(f'DROP TRIGGER "{name}"')
    for name, statement in statements.items():
        if present.get(name) != statement:
            cursor.execute(statement)


def _present_on_sqlite(cursor: Any) -> dict[str, str]:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {name: text for name, text in cursor.fetchall() if name.startswith(_BEGINNING)}

"""Subscription events, written by triggers in the database.

Subscriptions change in many places, by sets of rows, and in statements that
name no row. A trigger sees them all, in the transaction of the change, so no
way of writing passes by it. What the planner does all day, moving positions
on, is no event: the condition is judged without a call.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from stagebased.models import Subscription
from webhooks.models import Endpoint, Event

_TABLE, _EVENTS, _ENDPOINTS = (model._meta.db_table for model in (Subscription, Event, Endpoint))
_WATCHED = ("active", "completed", "messageset_id", "schedule_id", "lang", "anchor_date", "contact_id")
_ELSEWHERE = " OR ".join(f"OLD.{column} IS {{differs}} NEW.{column}" for column in _WATCHED)
#: What an update says: the end before the stop that comes with it.
_OF_UPDATE = """CASE
    WHEN NEW.completed AND NOT OLD.completed THEN 'subscription.completed'
    WHEN OLD.active AND NOT NEW.active THEN 'subscription.stopped'
    WHEN NEW.active AND NOT OLD.active THEN 'subscription.resumed'
    ELSE 'subscription.changed' END"""
_INSERT = f"""
INSERT INTO {_EVENTS} (
    endpoint_id, type, object_id, facts, origin, occurred_at, state, attempts, due_at, answer
)
SELECT e.id, {{kind}}, {{row}}.id, '{{{{}}}}', NULL, {{now}}, 'waiting', 0, {{now}}, ''
  FROM {_ENDPOINTS} e
 WHERE e.enabled AND (e.types = '' OR {{asked}})
"""  # noqa: S608 - the names of our own tables
_KINDS = {"insert": "'subscription.created'", "delete": "'subscription.deleted'", "update": _OF_UPDATE}


def _statement(event: str, *, now: str, asked: str) -> str:
    kind = _KINDS[event]
    row = "OLD" if event == "delete" else "NEW"
    return _INSERT.format(kind=kind, row=row, now=now, asked=asked.format(kind=kind))


def _postgresql() -> list[str]:
    asked = "strpos(' ' || e.types || ' ', ' ' || {kind} || ' ') > 0"
    made = []
    for event in _KINDS:
        body = _statement(event, now="clock_timestamp()", asked=asked)
        when = f" WHEN ({_ELSEWHERE.format(differs='DISTINCT FROM')})" if event == "update" else ""
        made += [
            f"CREATE OR REPLACE FUNCTION webhooks_{event}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body}; RETURN NULL; END $$",
            f"CREATE OR REPLACE TRIGGER webhooks_{event} AFTER {event.upper()} ON {_TABLE} "
            f"FOR EACH ROW{when} EXECUTE FUNCTION webhooks_{event}()",
        ]
    return made


def _sqlite() -> list[str]:
    now, asked = (
        "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        "instr(' ' || e.types || ' ', ' ' || {kind} || ' ') > 0",
    )
    made = []
    for event in _KINDS:
        body = _statement(event, now=now, asked=asked)
        when = f" WHEN {_ELSEWHERE.format(differs='NOT')}" if event == "update" else ""
        made += [
            f"DROP TRIGGER IF EXISTS webhooks_{event}",
            f"CREATE TRIGGER webhooks_{event} AFTER {event.upper()} ON {_TABLE}{when} BEGIN {body}; END",
        ]
    return made


def install(connection: Any) -> None:
    """Make the triggers, or make them anew, once their tables are there."""
    if not {_TABLE, _EVENTS, _ENDPOINTS} <= set(connection.introspection.table_names()):
        return
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drop the triggers of SQLite, which stand in the way of migrations: it makes changed tables anew."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for event in _KINDS:
                cursor.execute(f"DROP TRIGGER IF EXISTS webhooks_{event}")

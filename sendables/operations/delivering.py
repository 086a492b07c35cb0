"""The one statement by which a sendable reaches its recipients."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from sendables.entities import Entity
from sendables.models import Inbox
from sendables.sql import quoted, statement

# Recipients are noted in id order, so that two sends to the same people wait for each
# other instead of deadlocking. The inbox row is the lock under which a person's receipts
# change; its new version is the receipt's place.
_NOTE = """
INSERT INTO {inbox} AS box (user_id, entity, unread, version)
SELECT DISTINCT audience.id, %s, 1, 1 FROM ({people}) AS audience WHERE true ORDER BY audience.id
ON CONFLICT (user_id, entity) DO UPDATE SET unread = box.unread + 1, version = box.version + 1
RETURNING user_id, version
"""
_GIVE = """
INSERT INTO {receipt} (sendable_id, recipient_id, sent_on, expires_at, place)
SELECT %s, noted.user_id, %s, %s, noted.version FROM {noted} ORDER BY noted.user_id
"""
# SQLite has no INSERT inside WITH; its single writer makes two statements as good as one.
_NOTED = """(
    SELECT user_id, version FROM {inbox} WHERE entity = %s AND user_id IN (SELECT value FROM json_each(%s))
) AS noted"""


def deliver(kind: Entity, sendable: Any, people: QuerySet[User]) -> list[Any]:
    """Give ``sendable`` to ``people``; the ids of those who got it, ascending.

    Must run in a transaction. Nobody may have received it before.
    """
    found = statement(people.order_by().values("id"))
    if found is None:
        return []
    people_sql, people_params = found
    note = _NOTE.format(inbox=quoted(Inbox), people=people_sql)
    write = _in_one if connection.vendor == "postgresql" else _in_two
    return sorted(write(kind, note, [kind.name, *people_params], _receipt_values(sendable)))


def _receipt_values(sendable: Any) -> list[Any]:
    key = sendable._meta.pk.get_db_prep_value(sendable.pk, connection)
    return [key, _moment(sendable.sent_on), _moment(sendable.expires_at)]


def _moment(value: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _in_one(kind: Entity, note: str, note_params: list[Any], values: list[Any]) -> list[Any]:
    give = _GIVE.format(receipt=quoted(kind.receipt_model), noted="noted")
    return _ids(f"WITH noted AS ({note}) {give} RETURNING recipient_id", [*note_params, *values])


def _in_two(kind: Entity, note: str, note_params: list[Any], values: list[Any]) -> list[Any]:
    ids = _ids(note, note_params)
    noted = _NOTED.format(inbox=quoted(Inbox))
    give = _GIVE.format(receipt=quoted(kind.receipt_model), noted=noted)
    with connection.cursor() as cursor:
        cursor.execute(give, [*values, kind.name, json.dumps(ids)])
    return ids


def _ids(sql: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]

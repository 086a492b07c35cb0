"""The list of one person's conversations, in three statements however many there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from outbox import sets
from sendables.entities import Entity
from sendables.models import ArchivedThread
from sendables.sql import Among, quoted

Box = Literal["all", "current", "inbox", "sent", "archived"]

# What the person holds of what was received, and what they sent and kept. Each content once per role.
_MINE = """
WITH mine AS (
    SELECT COALESCE(c.thread, c.id) AS thread, c.id AS id, c.sent_on AS sent_on,
           CASE WHEN r.unread THEN 1 ELSE 0 END AS unread, 1 AS received, 0 AS sent
    FROM {receipt} r JOIN {content} c ON c.id = r.sendable_id
    WHERE r.recipient_id = %s AND r.deleted_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > %s)
    UNION ALL
    SELECT COALESCE(c.thread, c.id), c.id, c.sent_on, 0, 0, 1
    FROM {content} c WHERE c.sender_id = %s AND c.removed_at IS NULL
)
"""
_THREADS = """
SELECT g.thread, g.number, g.unread, g.started, g.latest, g.first
FROM (
    SELECT thread, COUNT(DISTINCT id) AS number, SUM(unread) AS unread, MIN(sent_on) AS started,
           MAX(sent_on) AS latest, MIN(id) AS first, MAX(received) AS received, MAX(sent) AS sent
    FROM mine GROUP BY thread
) g
LEFT JOIN {archived} a
    ON a.thread = g.thread AND a.user_id = %s AND a.entity = %s AND a.archived_at >= g.latest
WHERE {which}
ORDER BY g.latest DESC, g.thread DESC LIMIT %s OFFSET %s
"""
_WHICH = {
    "all": "1 = 1",
    "current": "a.id IS NULL",
    "inbox": "g.received = 1 AND a.id IS NULL",
    "sent": "g.sent = 1",
    "archived": "a.id IS NOT NULL",
}
_PEOPLE = """
SELECT thread, person, username FROM (
    SELECT found.thread, u.id AS person, u.username AS username,
           ROW_NUMBER() OVER (PARTITION BY found.thread ORDER BY u.id) AS place
    FROM (
        SELECT mine.thread AS thread, r.recipient_id AS person
        FROM mine JOIN {receipt} r ON r.sendable_id = mine.id WHERE mine.thread IN {threads}
        UNION
        SELECT mine.thread, c.sender_id FROM mine JOIN {content} c ON c.id = mine.id
        WHERE mine.thread IN {threads}
    ) found JOIN {user} u ON u.id = found.person
) ranked WHERE place <= %s ORDER BY thread, person
"""


@dataclass(frozen=True)
class ThreadSummary:
    """One conversation: counts and times are of what the person sees of it."""

    thread: int
    count: int
    unread: int
    started_on: datetime
    latest_on: datetime
    subject: str
    #: ``(id, username)`` in id order, the person included, at most ``most_people`` of them.
    people: list[tuple[Any, str]] = field(default_factory=list)


def threads(
    kind: Entity, person: User, *, box: Box = "all", limit: int = 100, offset: int = 0, most_people: int = 100
) -> list[ThreadSummary]:
    """The person's conversations, the one with the latest message first.

    ``current`` leaves out the archived ones, and so does ``inbox``, which has
    those with something received. An archived one comes back with its next
    message.
    """
    mine, params = _mine(kind, person)
    sql = mine + _THREADS.format(archived=quoted(ArchivedThread), which=_WHICH[box])
    rows = _fetch(sql, [*params, person.pk, kind.name, limit, offset])
    people = _people(kind, mine, params, [row[0] for row in rows], most_people)
    begun = kind.contents.filter(Among("pk", [row[5] for row in rows]))
    subjects = dict(begun.values_list("pk", "subject"))
    return [
        ThreadSummary(
            row[0], row[1], row[2], _moment(row[3]), _moment(row[4]), subjects[row[5]], people[row[0]]
        )
        for row in rows
    ]


def _mine(kind: Entity, person: User) -> tuple[str, list[Any]]:
    names = {"receipt": quoted(kind.receipt_model), "content": quoted(kind.content_model)}
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return _MINE.format(**names), [person.pk, now, person.pk]


def _people(
    kind: Entity, mine: str, params: list[Any], threads: list[int], most: int
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    if threads:
        shown = sets.records([(thread,) for thread in threads], thread="bigint")
        sql = mine + _PEOPLE.format(
            receipt=quoted(kind.receipt_model),
            content=quoted(kind.content_model),
            user=quoted(get_user_model()),
            threads=shown.sql,
        )
        for thread, person, username in _fetch(sql, [*params, *shown.params, *shown.params, most]):
            found[thread].append((person, username))
    return found


def _fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _moment(value: Any) -> datetime:
    """A moment as a raw cursor returns it: SQLite has no such type and gives UTC as text."""
    if isinstance(value, datetime):
        return value
    parsed = parse_datetime(value)
    if parsed is None:
        raise ValueError(value)
    return parsed.replace(tzinfo=UTC)

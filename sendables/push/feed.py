"""What is new in inboxes, for many streams in a fixed number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F
from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from accounts.models import User
from outbox import sets
from sendables import operations
from sendables.api.shapes import received_shape
from sendables.entities import Entity
from sendables.models import Inbox
from sendables.sql import Among, quoted

#: Arrivals fetched at once for all streams together; the rest follows in the next look.
MOST_ARRIVALS = 1000


class Position(NamedTuple):
    """A stream's reader and the version up to which it has been told everything."""

    user: Any
    seen: int
    #: When the count was told last; None: nothing is told of what expires.
    counted_at: datetime | None = None


class News(NamedTuple):
    """What one stream gets: events as text, and where it stands then."""

    text: str
    seen: int
    #: There is more than one look fetches.
    more: bool = False
    #: From when on expiries are still to be told: the moment of the count in it; None where that stays.
    counted_at: datetime | None = None


class Look(NamedTuple):
    """What one look found, for each stream; and when the next unread item of one of them expires."""

    news: list[News | None]
    next_expiry: datetime | None


def versions(kind: Entity, users: Sequence[Any]) -> dict[Any, int]:
    """The inboxes' versions by user; without those who never got anything."""
    boxes = Inbox.objects.filter(Among("user_id", list(set(users))), entity=kind.name)
    return dict(boxes.values_list("user_id", "version"))


def look(kind: Entity, positions: Sequence[Position]) -> Look:
    """``news``, and the count also for those of whose unread items one has expired since they were told it.

    An item expires by itself, without a new version of its inbox: the sweep
    comes later.
    """
    now = timezone.now()
    expiries = _next_expiries(kind, positions)
    expired = {at for at, moment in expiries.items() if moment <= now}
    return Look(news(kind, positions, expired, now=now), min(expiries.values(), default=None))


def _next_expiries(kind: Entity, positions: Sequence[Position]) -> dict[int, datetime]:
    """By stream, when the first unread item of its reader expires after the count was told."""
    rows = [
        (at, one.user, sets.time_text(one.counted_at))
        for at, one in enumerate(positions)
        if one.counted_at is not None
    ]
    if not rows:
        return {}
    given = sets.records(rows, at="int", person="bigint", since="timestamptz")
    statement = _EXPIRING.format(given=given.sql, receipt=quoted(kind.receipt_model))
    found = sets.fetch(statement, given.params)
    return {at: moment for at, first in found if (moment := sets.time_from(first)) is not None}


_EXPIRING = """
SELECT given.at, MIN(r.expires_at)
  FROM {given} given JOIN {receipt} r ON r.recipient_id = given.person AND r.expires_at > given.since
 WHERE r.deleted_at IS NULL AND r.read_at IS NULL GROUP BY given.at
"""


def news(
    kind: Entity,
    positions: Sequence[Position],
    expired: Collection[int] = (),
    *,
    now: datetime | None = None,
) -> list[News | None]:
    """For each stream what happened since its position; None where nothing did.

    ``expired``: streams that are told the count in any case; ``now``: the
    moment to be noted with it. When very much happened, the first streams get
    theirs and the others in the next look.
    """
    now_at = versions(kind, [position.user for position in positions])
    behind = [at for at, one in enumerate(positions) if now_at.get(one.user, 0) > one.seen or at in expired]
    found: list[News | None] = [None] * len(positions)
    if behind:
        arrived = _arrivals(kind, [(at, positions[at]) for at in behind])
        counts = operations.unread_counts(
            entity_name=kind.name, readers=[positions[at].user for at in behind]
        )
        for at in behind:
            user = positions[at].user
            found[at] = arrived.of(at, now_at[user], counts[user], now)
    return found


class _Arrivals(NamedTuple):
    texts: dict[int, str]
    #: Number of the stream at which the fetching stopped, and the place it got to; None: it got all.
    cut: tuple[int, int] | None

    def of(self, at: int, version: int, unread: int, now: datetime | None) -> News | None:
        text = self.texts.get(at, "")
        if self.cut is None or at < self.cut[0]:
            return News(text + event("unread", version, {"unread_count": unread}), version, counted_at=now)
        return News(text, self.cut[1], more=True) if at == self.cut[0] else None


def _arrivals(kind: Entity, behind: list[tuple[int, Position]]) -> _Arrivals:
    """What arrived for each stream and is still held, as events in the order of arrival."""
    rows = [(at, one.user, one.seen) for at, one in behind]
    given = sets.records(rows, at="int", person="bigint", seen="bigint")
    found = sets.fetch(
        _NEWER.format(given=given.sql, receipt=quoted(kind.receipt_model)), [*given.params, MOST_ARRIVALS]
    )
    shown = _shown(kind, [pk for _, _, pk in found])
    texts: dict[int, str] = defaultdict(str)
    for at, place, pk in found:
        if pk in shown:
            texts[at] += event(kind.name, place, shown[pk])
    return _Arrivals(texts, found[-1][:2] if len(found) == MOST_ARRIVALS else None)


_NEWER = """
SELECT given.at, r.place, r.id
  FROM {given} given JOIN {receipt} r ON r.recipient_id = given.person AND r.place > given.seen
 WHERE r.deleted_at IS NULL ORDER BY given.at, r.place LIMIT %s
"""


def _shown(kind: Entity, receipts: list[Any]) -> dict[Any, dict[str, Any]]:
    """Receipts as the lists show them, without those that have expired."""
    shape = received_shape(kind)
    rows = kind.receipts.visible().filter(Among("pk", receipts)).values_list(*shape.columns, F("pk"))
    return {row[-1]: shape.render(row[:-1]) for row in rows}


def beginning(kind: Entity, user: User, last_seen: int | None) -> News:
    """What a stream starts with: the count, and where it stands.

    A reader who comes back with the id of the last event seen stands there
    and gets what came since; an id that cannot be is taken for none.
    """
    now = timezone.now()
    now_at = versions(kind, [user.pk]).get(user.pk, 0)
    if last_seen is not None and 0 <= last_seen <= now_at:
        return News("", last_seen, counted_at=now)
    count = operations.unread_count(entity_name=kind.name, reader=user)
    return News(event("unread", now_at, {"unread_count": count}), now_at, counted_at=now)


def event(name: str, version: int, data: Any) -> str:
    """One server-sent event (HTML Living Standard, section 9.2)."""
    text = json.dumps(data, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))
    # JSON escapes line breaks, so the data is one line.
    return f"id: {version}\nevent: {name}\ndata: {text}\n\n"

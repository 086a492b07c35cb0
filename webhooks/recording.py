"""Writing events down, in the transaction of what happened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from outbox import sets, trail
from webhooks import wake
from webhooks.interest import interest
from webhooks.models import Endpoint

_INSERT = """
INSERT INTO webhooks_event (
    endpoint_id, type, object_id, facts, origin, occurred_at, state, attempts, due_at, answer
)
SELECT e.id, %s, given.k, {facts}, {origin}, {now}, 'waiting', 0, {now}, ''
  FROM {given} AS given CROSS JOIN webhooks_endpoint e
 WHERE e.enabled {among}
"""
_ASKED_FOR = "AND (e.types = '' OR (' ' || e.types || ' ') LIKE %s ESCAPE '!')"


def record(kind: str, ids: Sequence[UUID], *, facts: dict[str, Any] | None = None) -> None:
    """Something happened to these objects: one statement, and none where nobody wants to know."""
    if ids and kind in interest:
        asked = f"% {kind.replace('_', '!_')} %"
        _insert(kind, ids, facts or {}, among=_ASKED_FOR, params=[asked])
        wake.nudge()


def record_for(endpoint: Endpoint, kind: str, ids: Sequence[UUID], *, facts: dict[str, Any]) -> None:
    """The same for one endpoint, whatever it asked for."""
    _insert(kind, ids, facts, among="AND e.id = %s", params=[sets.id_value(endpoint.pk)])
    wake.nudge()


def _insert(kind: str, ids: Sequence[UUID], facts: dict[str, Any], *, among: str, params: list[Any]) -> None:
    on_postgresql = sets.on_postgresql()
    given = sets.records([(sets.id_value(key),) for key in ids], k="uuid")
    statement = _INSERT.format(
        given=given.sql,
        facts="%s::jsonb" if on_postgresql else "%s",
        origin="%s::uuid" if on_postgresql else "%s",
        now="%s::timestamptz" if on_postgresql else "%s",
        among=among,
    )
    at, origin = sets.time_value(timezone.now()), trail.current_origin()
    values = [kind, json.dumps(facts), sets.id_value(origin) if origin else None, at, at]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *given.params, *params])

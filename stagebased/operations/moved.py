"""Writing where subscriptions are that were moved: one statement for any number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from outbox import sets
from stagebased.models import Subscription

#: At thousands of rows the framework's way of updating each with values of its own costs ten times as much.
_STORE = """
UPDATE stagebased_subscription
   SET next_sequence_number = given.position, active = (given.active = 1), completed = (given.completed = 1),
       process_status = given.status, stopped = given.stopped, paused_until = given.paused,
       anchor_date = given.anchor, anchor_set_id = given.root, last_slot_at = given.slot,
       counted_from = given.counted, counted_position = given.place, updated_at = given.updated,
       detour = given.detour, updated_by_id = given.author
  FROM {given} AS given
 WHERE stagebased_subscription.id = given.k
"""


def store_moved(subscriptions: Sequence[Subscription]) -> None:
    """Write what a move changes of subscriptions, whose rows the caller has locked and read since."""
    if not subscriptions:
        return
    given = sets.records(
        [_row(subscription) for subscription in subscriptions],
        k="uuid", position="int", active="int", completed="int", status="int", stopped="text",
        paused="timestamptz", anchor="date", root="bigint", slot="timestamptz", counted="timestamptz",
        place="int", updated="timestamptz", author="bigint", detour="jsonb",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STORE.format(given=given.sql), given.params)


def _row(one: Subscription) -> tuple[object, ...]:
    return (
        sets.id_value(one.pk), one.next_sequence_number, int(one.active), int(one.completed),
        one.process_status, one.stopped, _moment(one.paused_until), one.anchor_date and str(one.anchor_date),
        one.anchor_set_id, _moment(one.last_slot_at), _moment(one.counted_from), one.counted_position,
        _moment(one.updated_at), one.updated_by_id, one.detour,
    )  # fmt: skip


def _moment(value: datetime | None) -> str | None:
    return None if value is None else sets.time_text(value)

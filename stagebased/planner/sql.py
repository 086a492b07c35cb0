"""The statements that plan a batch, each over the whole batch at once.

They read the same on PostgreSQL and SQLite (3.35 or newer): sets travel as
one parameter (``outbox.sets``), and only the making of an id, the locking
clause and the look into a JSON column are spelt differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from contacts.sql import best_address_sql, opted_out_sql
from outbox import sets, trail
from outbox.channels import channel, channel_names
from outbox.ids import millisecond_prefix
from stagebased.planner.records import Beginning, Candidate, Choice, Due, Move

#: What a subscription must be to be planned; word for word the condition of the index ``subscription_ready``.
READY = "s.active AND NOT s.completed AND s.process_status = 0"

# PostgreSQL sees that thousands of rows are given or taken, and would then read whole tables of people
# and subscriptions to join them, which costs the more the more others there are. This limit never cuts
# anything, but not knowing it PostgreSQL expects a tenth; twice, and it looks the rows up by their index.
_UNFORESEEN = "LIMIT (SELECT 1000000)"

_CANDIDATES = """
SELECT CAST(s.id AS text), CAST(s.contact_id AS text),
       CASE WHEN {kind} <> 'account' THEN {best_address}
            WHEN c.opted_out_at IS NULL THEN CAST(c.user_id AS text) END,
       s.messageset_id, s.next_sequence_number, s.lang, c.timezone, s.prepend, s.completed, s.dated,
       s.detour
  FROM (SELECT * FROM (SELECT * FROM (
        SELECT s.id, s.contact_id, s.messageset_id, s.next_sequence_number, s.lang, s.completed,
               {prepend} AS prepend, s.anchor_date IS NOT NULL AS dated, CAST(s.detour AS text) AS detour
          FROM stagebased_subscription s
         WHERE {condition}
         ORDER BY s.id LIMIT %s {lock}
       ) AS locked {unforeseen}) AS again {unforeseen}) AS s
  JOIN contacts_contact c ON c.id = s.contact_id
  JOIN stagebased_messageset m ON m.id = s.messageset_id
"""
# A text only: whatever else a hub's metadata may hold under the name is nothing to be said.
# In SQLite 3.38 and newer the operator exists too; the function works in all.
_PREPEND = {
    "postgresql": "CASE jsonb_typeof(s.metadata -> 'prepend_next_delivery')"
    " WHEN 'string' THEN s.metadata ->> 'prepend_next_delivery' END",
    "sqlite": "CASE json_type(s.metadata, '$.prepend_next_delivery')"
    " WHEN 'text' THEN json_extract(s.metadata, '$.prepend_next_delivery') END",
}
_ZONE = "SELECT c.timezone FROM contacts_contact c WHERE c.id = s.contact_id"
_DUE = f"s.schedule_id = %s AND {READY} AND s.id > %s AND (s.last_slot_at IS NULL OR s.last_slot_at < %s)"
_CHOSEN = "s.id IN (SELECT k FROM {given} AS given)"

_OPTED_OUT = """
SELECT CAST(s.id AS text)
  FROM {given} AS given
  JOIN stagebased_subscription s ON s.id = given.k
  JOIN contacts_contact c ON c.id = s.contact_id
  JOIN stagebased_messageset m ON m.id = s.messageset_id
 WHERE {opted_out}
"""

_DELIVER = """
INSERT INTO outbox_delivery (
    id, source, cause, slot_key, contact_id, channel, gateway, priority, address, text, options,
    despite_opt_out, state, reason, detail, attempts, parts, not_before, closes_at, expires_at, created_at,
    ended_at, origin
)
SELECT {new_id}, 'subscription', given.k, %s, given.contact, step.channel, step.gateway, %s, given.address,
       step.text, step.options, FALSE, step.state, step.reason, step.detail, 0,
       NULLIF(step.parts, 0), CASE given.delay WHEN 0 THEN step.not_before ELSE {delayed} END,
       step.closes_at, step.expires_at, {now},
       CASE step.state WHEN 'queued' THEN NULL ELSE {now} END, {origin}
  FROM {given} AS given JOIN {steps} AS step ON step.n = given.n
 WHERE TRUE
    ON CONFLICT DO NOTHING
RETURNING CAST(cause AS text), CASE WHEN state <> 'queued' THEN CAST(id AS text) END
"""

_MOVE_ON = """
UPDATE stagebased_subscription
   SET next_sequence_number = given.at,
       last_slot_at = COALESCE({slot_at}, last_slot_at),
       completed = (given.done = 1),
       active = (given.done = 0),
       process_status = CASE given.done WHEN 1 THEN 2 ELSE 0 END,
       updated_at = CASE WHEN given.moved = 1 THEN {now} ELSE updated_at END
  FROM (SELECT * FROM (SELECT * FROM {given} AS listed {unforeseen}) AS again {unforeseen}) AS given
 WHERE stagebased_subscription.id = given.k
"""

_FOLLOW_UP = """
INSERT INTO stagebased_subscription (
    id, version, contact_id, messageset_id, schedule_id, lang, initial_sequence_number, next_sequence_number,
    active, completed, process_status, stopped, exclusive, metadata, last_slot_at, continues_id, anchor_date,
    anchor_set_id, created_at, updated_at
)
SELECT {new_id}, 1, begun.contact_id, begun.messageset, begun.schedule, begun.lang, begun.at, begun.at,
       NOT begun.unwanted, FALSE, 0, CASE WHEN begun.unwanted THEN 'opt_out' ELSE '' END,
       (SELECT m.one_active FROM stagebased_messageset m WHERE m.id = begun.messageset),
       '{{}}', begun.last_slot_at, begun.id, begun.anchor_date, begun.anchor_set_id, {now}, {now}
  FROM (SELECT s.*, given.messageset, given.schedule, given.at, {unwanted} AS unwanted
          FROM {given} AS given JOIN stagebased_subscription s ON s.id = given.k) AS begun
 WHERE TRUE
    ON CONFLICT DO NOTHING
"""
# Whether the person has left the programme that the set ``given.messageset`` is part of: the set that the
# opt-out names, and those that follow it.
_UNWANTED = """EXISTS (
    SELECT 1 FROM contacts_optout o
     WHERE o.contact_id = s.contact_id AND o.kind = 'unsubscribe' AND o.lifted_at IS NULL
       AND given.messageset IN (
           WITH RECURSIVE chain(id) AS (
               SELECT m.id FROM stagebased_messageset m WHERE m.short_name = o.programme
                UNION
               SELECT m.next_set_id FROM chain JOIN stagebased_messageset m ON m.id = chain.id
           )
           SELECT chain.id FROM chain WHERE chain.id IS NOT NULL
       )
)"""

_DETOURS = """
UPDATE stagebased_subscription SET detour = {value}
  FROM {given} AS given
 WHERE stagebased_subscription.id = given.k
"""

_PREPENDED = """
UPDATE stagebased_subscription SET metadata = {cleared}
 WHERE id IN (SELECT k FROM {given} AS given)
"""


def due_candidates(due: Due, limit: int) -> list[Candidate]:
    """The next ready subscriptions of a slot after its cursor, locked; in any order."""
    condition, params = _DUE + " AND s.created_at < %s", [
        due.schedule_id, due.cursor, sets.time_value(due.due_at), sets.time_value(due.joined_before),
    ]  # fmt: skip
    if due.zones:
        condition += f" AND ({_ZONE}) IN ({', '.join(['%s'] * len(due.zones))})"
        params += due.zones
    if due.messagesets is not None:
        condition += f" AND s.messageset_id IN ({', '.join(['%s'] * len(due.messagesets)) or 'NULL'})"
        params += due.messagesets
    return _candidates(condition, params, limit)


def candidates_by_id(keys: Sequence[str]) -> list[Candidate]:
    """These subscriptions, whatever their state, locked."""
    given = sets.records([(key,) for key in keys], k="uuid")
    return _candidates(_CHOSEN.format(given=given.sql), [*given.params], len(keys))


def _candidates(condition: str, params: list[Any], limit: int) -> list[Candidate]:
    on_postgresql = sets.on_postgresql()
    kind = _address_kind()
    statement = _CANDIDATES.format(
        condition=condition,
        unforeseen=_UNFORESEEN,
        kind=kind,
        best_address=best_address_sql("c", kind),
        prepend=_PREPEND["postgresql" if on_postgresql else "sqlite"],
        # NO KEY: other rows may go on referring to the subscription meanwhile.
        lock="FOR NO KEY UPDATE OF s" if on_postgresql else "",
    )
    return [Candidate._make(row) for row in sets.fetch(statement, [*params, limit])]


def _address_kind() -> str:
    """An expression for the kind of address that the channel of the set ``m`` needs."""
    kinds = {channel(name).address_kind for name in channel_names()}
    if len(kinds) == 1:
        return f"'{kinds.pop()}'"
    # Names from the settings and the program, never input.
    whens = " ".join(f"WHEN '{name}' THEN '{channel(name).address_kind}'" for name in channel_names())
    return f"CASE m.channel {whens} ELSE '' END"


def opted_out(keys: Sequence[str]) -> set[str]:
    """Of subscriptions whose person has no usable address, those where an opt-out is the reason."""
    given = sets.records([(key,) for key in keys], k="uuid")
    statement = _OPTED_OUT.format(given=given.sql, opted_out=opted_out_sql("c", _address_kind()))
    return {key for (key,) in sets.fetch(statement, given.params)}


#: A step as the statement wants it, with PostgreSQL's types. ``n`` is its number in the batch.
STEP_COLUMNS = {
    "n": "int",
    "state": "text",
    "channel": "text",
    "gateway": "text",
    "text": "text",
    "options": "jsonb",
    "parts": "int",
    "reason": "text",
    "detail": "text",
    "not_before": "timestamptz",
    "closes_at": "timestamptz",
    "expires_at": "timestamptz",
}


def deliver(
    chosen: Sequence[Choice],
    steps: Sequence[Sequence[Any]],
    *,
    slot_key: str,
    priority: int,
    now: datetime,
) -> dict[str, str | None]:
    """Write the deliveries of a batch; the keys of those written: all but who has had this occasion.

    ``steps`` are rows of ``STEP_COLUMNS``. With the key of what ended at once
    comes the id of its delivery; None stands for what is queued.
    """
    given = sets.records(chosen, k="uuid", contact="uuid", address="text", n="int", delay="int")
    table = sets.records(steps, **STEP_COLUMNS)
    statement = _DELIVER.format(
        steps=table.sql,
        given=given.sql,
        new_id=_new_id(),
        now=_moment(),
        origin="%s::uuid" if sets.on_postgresql() else "%s",
        delayed="step.not_before + given.delay * interval '1 second'"
        if sets.on_postgresql()
        else "strftime('%%Y-%%m-%%d %%H:%%M:%%S', step.not_before, given.delay || ' seconds')",
    )
    at, origin = sets.time_value(now), trail.current_origin()
    params = [slot_key, priority, at, at, sets.id_value(origin) if origin else None]
    return dict(sets.fetch(statement, [*params, *given.params, *table.params]))


def move_on(moves: Sequence[Move], *, slot_at: datetime | None, now: datetime) -> None:
    """Write the new positions; with ``slot_at`` also that this slot has been dealt with."""
    given = sets.records(moves, k="uuid", at="int", done="int", moved="int")
    statement = _MOVE_ON.format(given=given.sql, unforeseen=_UNFORESEEN, slot_at=_moment(), now=_moment())
    slot = None if slot_at is None else sets.time_value(slot_at)
    _execute(statement, [slot, sets.time_value(now), *given.params])


def begin_follow_ups(beginnings: Sequence[Beginning], *, now: datetime) -> None:
    """Start the next set for subscriptions that have ended, once for each.

    Not for people who run on it already, where nobody may run twice: there they go on. Who has left the
    programme that begins is stopped in it from the start, until an opt-in takes that back.
    """
    given = sets.records(beginnings, k="uuid", messageset="int", schedule="int", at="int")
    at = sets.time_value(now)
    statement = _FOLLOW_UP.format(given=given.sql, unwanted=_UNWANTED, new_id=_new_id(), now=_moment())
    _execute(statement, [at, at, *given.params])


def leave_detours(left: Sequence[tuple[str, str]]) -> None:
    """Write what is left of detours: key, and a JSON list or nothing."""
    given = sets.records(left, k="uuid", left_over="text")
    value = "NULLIF(given.left_over, '')" + ("::jsonb" if sets.on_postgresql() else "")
    _execute(_DETOURS.format(given=given.sql, value=value), given.params)


def clear_prepended(keys: Sequence[str]) -> None:
    """What was to go before the next message has gone: set it to null, as the original service does."""
    given = sets.records([(key,) for key in keys], k="uuid")
    cleared = (
        "jsonb_set(metadata, '{prepend_next_delivery}', 'null')"
        if sets.on_postgresql()
        else "json_set(metadata, '$.prepend_next_delivery', NULL)"
    )
    _execute(_PREPENDED.format(cleared=cleared, given=given.sql), given.params)


def _new_id() -> str:
    """An expression for a new time-ordered id (``outbox.ids``)."""
    prefix = millisecond_prefix()
    if sets.on_postgresql():
        return f"overlay(gen_random_uuid()::text placing '{prefix[:8]}-{prefix[8:]}-7' from 1 for 15)::uuid"
    return (
        f"'{prefix}7' || substr(lower(hex(randomblob(2))), 2)"
        " || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(8))), 2)"
    )


def _moment() -> str:
    """A parameter that is a moment, also where it is NULL."""
    return "%s::timestamptz" if sets.on_postgresql() else "%s"


def _execute(statement: str, params: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)

"""Holding the subscribers of a set while something is changed for all of them."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from audit.operations import summed_up
from outbox import sets
from stagebased.detours import HEARD, OWED, mark

_HOLD = """
SELECT COUNT(*) FROM (
    SELECT 1 FROM stagebased_subscription WHERE messageset_id = %s AND NOT completed
     ORDER BY id FOR NO KEY UPDATE
) AS held"""


def hold_subscribers(message_set_id: int) -> None:
    """Lock everybody on the set who has not come to its end, in the order of ids, as the planner does.

    One statement, and no row leaves the database. On SQLite the one writing
    transaction holds everything anyway.
    """
    if sets.on_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, [message_set_id])


# What a position becomes that lies between the two places. On a completed subscription stands the
# number of the last message, so its border is one further.
_BETWEEN = "{column} + {further} > {low} AND {column} + {further} <= {high}"
_SHIFT = """
UPDATE stagebased_subscription
   SET next_sequence_number = CASE WHEN {next_between} THEN next_sequence_number + {by}
                                   ELSE next_sequence_number END,
       initial_sequence_number = CASE WHEN {initial_between} THEN initial_sequence_number + {by}
                                      ELSE initial_sequence_number END,
       counted_position = CASE WHEN {counted_between} THEN counted_position + {by}
                               ELSE counted_position END,
       detour = CASE WHEN completed OR NOT ({next_between}) THEN detour {detour} ELSE detour END
 WHERE messageset_id = %s AND ({next_between} OR {initial_between} OR {counted_between})
"""
_DETOUR = {
    "postgresql": """
            WHEN detour @> {quoted_old}::jsonb THEN NULLIF(detour - {old}::text, '[]'::jsonb)
            WHEN {marked} THEN COALESCE(detour, '[]'::jsonb) || {quoted_new}::jsonb""",
    "sqlite": """
            WHEN EXISTS (SELECT 1 FROM json_each(detour) WHERE value = {old})
            THEN (SELECT NULLIF(json_group_array(value), '[]') FROM json_each(detour) WHERE value <> {old})
            WHEN {marked} THEN json_insert(COALESCE(detour, '[]'), '$[#]', {new})""",
}


def pass_subscribers(message_set_id: int, *, number: int, to: int, key: int | None) -> int:
    """Adapt positions to a stage's move from ``number`` to ``to``; how many subscriptions that concerns.

    ``key`` is the id of one of its messages; None when it says nothing yet.
    Of those in between, who has heard it and will come to it again is told to
    pass over it; who has not, and would never come to it, to hear it next.
    What they were told at an earlier move of the same stage is taken back.
    """
    later = number < to
    low, high = (number, to) if later else (to, number)
    between = {
        f"{name}_between": _BETWEEN.format(column=column, further=further, low=low, high=high)
        for name, column, further in (
            ("next", "next_sequence_number", "CASE WHEN completed THEN 1 ELSE 0 END"),
            ("initial", "initial_sequence_number", "0"),
            ("counted", "counted_position", "0"),
        )
    }
    detour = _detour(later=later, number=number, key=key) if key is not None else ""
    statement = _SHIFT.format(by=-1 if later else 1, detour=detour, **between)
    with summed_up(), connection.cursor() as cursor:
        cursor.execute(statement, [message_set_id])
        return int(cursor.rowcount)


def _detour(*, later: bool, number: int, key: int) -> str:
    """Further cases of the column, for those in between. Only numbers go into the text."""
    old, new = (mark(OWED, key), mark(HEARD, key)) if later else (mark(HEARD, key), mark(OWED, key))
    words: dict[str, Any] = {
        "old": f"'{old}'",
        "new": f"'{new}'",
        "quoted_old": f"'{json.dumps([old])}'",
        "quoted_new": f"'{json.dumps([new])}'",
        # Who began behind its old place has not heard it, and hears it at its new one.
        "marked": f"initial_sequence_number <= {number}" if later else "TRUE",
    }
    return _DETOUR[connection.vendor].format(**words)

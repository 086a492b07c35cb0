"""Who stood between the two places of a stage that was moved: they hear it once all the same.

A subscription's ``detour`` names such stages by one of their messages:
``+12`` has been heard although it lies ahead now, and is passed over; ``-12``
has not been heard although it lies behind now, and comes before everything
else. Most subscriptions have none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from stagebased.steps import QUEUED, Programme, Step, message, step

HEARD, OWED = "+", "-"


def mark(kind: str, key: int) -> str:
    """``HEARD`` or ``OWED``, and the id of one of the stage's messages."""
    return f"{kind}{key}"


def next_on_detour(
    programme: Programme, position: int, lang: str, detour: str, *, prepend: str | None = None
) -> Step:
    """As ``steps.step``, for a subscription with a detour, given as the database has it."""
    marks = [one for one in json.loads(detour) if _number(programme, one) is not None]
    numbers = {one: _number(programme, one) for one in marks}
    ahead = _without(programme, [number for number in numbers.values() if number is not None])
    owed = next((one for one in marks if one.startswith(OWED)), None)
    if owed is not None:
        return _made_good(programme, ahead, position, lang, marks, owed, prepend)
    found = step(ahead, position, lang, prepend=prepend)
    left = tuple(one for one in marks if (numbers[one] or 0) >= found.position and not found.completes)
    return replace(found, detour=left)


def _made_good(
    programme: Programme,
    ahead: Programme,
    position: int,
    lang: str,
    marks: Sequence[str],
    owed: str,
    prepend: str | None,
) -> Step:
    """What was missed; the position stays, unless nothing lies ahead any more."""
    found = message(programme, _number(programme, owed) or 0, lang, prepend=prepend)
    if found.state != QUEUED:
        return replace(found, position=position)
    left = tuple(one for one in marks if one != owed)
    if ahead.at_or_after(position) is None and not any(one.startswith(OWED) for one in left):
        return replace(
            found, position=programme.numbers[-1], completes=True, follow_up=programme.follow_up, detour=left
        )
    return replace(found, position=position, detour=left)


def _number(programme: Programme, one: str) -> int | None:
    """Where the stage is now; None when it has been removed."""
    key = int(one[1:])
    return next(
        (
            number
            for number, by_language in programme.messages.items()
            if any(content.key == key for content in by_language.values())
        ),
        None,
    )


def _without(programme: Programme, numbers: Sequence[int]) -> Programme:
    kept = {number: found for number, found in programme.messages.items() if number not in numbers}
    return replace(programme, messages=kept)

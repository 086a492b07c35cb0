"""What travels between the planner and its statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple


class Candidate(NamedTuple):
    """A subscription that is about to get something; its row is locked."""

    #: Its id as the database writes it; it only travels back there.
    key: str
    contact: str
    #: Where the person is reached over the set's channel; None: nowhere.
    address: str | None
    messageset_id: int
    position: int
    lang: str
    timezone: str
    prepend: str | None
    completed: bool
    #: Whether the position follows a date.
    dated: bool
    #: Stages that were moved past the person (``stagebased.detours``), as the database has them.
    detour: str | None = None


class Choice(NamedTuple):
    """What a candidate gets: the number of a step, so many seconds after the step's time."""

    key: str
    contact: str
    address: str
    step: int
    delay: int


class Move(NamedTuple):
    """Where a subscription is afterwards. ``done`` and ``moved`` are 0 or 1."""

    key: str
    position: int
    done: int
    moved: int


class Beginning(NamedTuple):
    """A follow-up subscription of the one with ``key``."""

    key: str
    messageset_id: int
    schedule_id: int
    position: int


class Due(NamedTuple):
    """Which subscriptions a slot concerns: those after ``cursor`` that have not had it yet."""

    schedule_id: int
    due_at: datetime
    #: Only those that existed before this time.
    joined_before: datetime
    #: Only people of these zones; empty: everybody.
    zones: Sequence[str]
    cursor: str
    #: Only these sets; None: all.
    messagesets: Sequence[int] | None = None

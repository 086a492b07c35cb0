"""On whose behalf the program works just now.

A request acts for its caller, a management command for whoever started it.
Where nobody is named, as in the planner or the collector, nothing is audited:
what Switchboard does by itself stands in its own tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple


class Actor(NamedTuple):
    """Who acts, and by which way in."""

    via: str
    id: int | None = None
    name: str = ""
    token: str = ""

    def as_text(self) -> str:
        """For the database, which the triggers read it from."""
        return _as_text(self)


@lru_cache(maxsize=512)
def _as_text(who: Actor) -> str:
    # Kept, because each statement on record says it anew, and few act often.
    return json.dumps(who._asdict())


#: Asked when something is written, because a request's caller is known only some time after it began.
_current: ContextVar[Callable[[], Actor | None] | None] = ContextVar("audit_actor", default=None)


def actor() -> Actor | None:
    """Who acts now, or None."""
    ask = _current.get()
    return ask() if ask else None


@contextmanager
def acting(who: Actor | Callable[[], Actor | None]) -> Iterator[None]:
    """Everything written inside is on record as done by ``who``; nothing is when that is nobody."""
    ask = (lambda: who) if isinstance(who, Actor) else who
    before = _current.set(ask)
    try:
        yield
    finally:
        _current.reset(before)


def of_user(user: Any, via: str, token: Any = None) -> Actor:
    """The actor that an account is, with the token it used, if any."""
    if user is None or not user.is_authenticated:
        return Actor(via)
    return Actor(via, user.pk, user.get_username(), str(token) if token else "")

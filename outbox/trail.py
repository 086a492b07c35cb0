"""A delivery's trail through the logs: who asked for it, and each state that it entered.

Every request and every task has an id (``begin``). What is queued meanwhile
keeps it (``Delivery.origin``), so that the lines of workers and collectors,
written minutes or weeks later in other processes, name the request that began
it all. A line holds ids and counts, never a number or a text.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from uuid import UUID

log = logging.getLogger(__name__)

_origin: ContextVar[UUID | None] = ContextVar("origin", default=None)
#: Ids on one line; collectors of logs cut longer ones.
LINE_MOST = 500


def begin(origin: UUID | None) -> Token[UUID | None]:
    """What follows here is done for this request or task; give the result to ``end``."""
    return _origin.set(origin)


def end(token: Token[UUID | None]) -> None:
    _origin.reset(token)


def current_origin() -> UUID | None:
    """The id of the request or task that is being worked on; None outside any."""
    return _origin.get()


def note(state: str, ids: Sequence[UUID], origins: Mapping[UUID, UUID]) -> None:
    """Log that deliveries entered a state, under the ids of what asked for them.

    ``origins`` has those that are known; for the others it is an empty key.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    for start in range(0, len(ids), LINE_MOST):
        of: dict[str, list[str]] = defaultdict(list)
        for key in ids[start : start + LINE_MOST]:
            of[str(origins.get(key, ""))].append(str(key))
        count = min(LINE_MOST, len(ids) - start)
        log.info("%d deliveries %s", count, state, extra={"fields": {"state": state, "of": dict(of)}})

"""A worker that dies at a chosen point of a hand-over; run by ``manage.py shell``, ends with SIGKILL."""

from __future__ import annotations

import os
import signal
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from outbox.clock import Clock
from outbox.dispatcher import dispatch
from smsbridge.spool.folders import spool, writing
from stagebased import planner, slots


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hand_over_until(point: str) -> None:
    """Plan what is due and hand it over, as far as the point.

    ``staged``: the files are written, none is shown. ``shown``: some are.
    ``unrecorded``: all are, and the transaction that says so is not committed.
    ``recorded``: it is, and nobody has been told.
    """
    now = Clock().now()
    slots.record_due_slots(now)
    planner.plan(now)
    POINTS[point]()
    dispatch("sms")
    raise SystemExit("the point was not reached")


def _at_first_show() -> None:
    writing._show = die  # type: ignore[assignment]


def _at_tenth_show() -> None:
    show, shown = writing._show, iter(range(10))

    def counting(*args: Any) -> bool:
        return show(*args) if next(shown, None) is not None else die()  # type: ignore[return-value]

    writing._show = counting


def _at_commit() -> None:
    put = writing.put_files

    def then_die(*args: Any, **kwargs: Any) -> Any:
        BaseDatabaseWrapper.commit = die  # type: ignore[method-assign]
        return put(*args, **kwargs)

    _replace_put(then_die)


def _after_commit() -> None:
    put, commit = writing.put_files, BaseDatabaseWrapper.commit

    def commit_and_die(self: BaseDatabaseWrapper) -> None:
        commit(self)
        die()

    def then_die(*args: Any, **kwargs: Any) -> Any:
        BaseDatabaseWrapper.commit = commit_and_die  # type: ignore[method-assign]
        return put(*args, **kwargs)

    _replace_put(then_die)


def _replace_put(by: Any) -> None:
    spool.put_files = by


POINTS = {
    "staged": _at_first_show,
    "shown": _at_tenth_show,
    "unrecorded": _at_commit,
    "recorded": _after_commit,
}

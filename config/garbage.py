"""Garbage collection for processes that live long and make many short-lived objects."""

from __future__ import annotations

import gc

#: So many more objects made than dropped before the young ones are looked through. With CPython's usual
#: number, 700 in 3.11, planning a thousand messages comes to it some ten times, and finds nothing: nearly all
#: that is made goes with its last reference.
YOUNG = 50_000


def settle() -> None:
    """Take what is loaded now for permanent, and look for cycles seldom.

    Modules, classes and models of a started process are more than a hundred
    thousand objects that never go away; otherwise each full collection walks
    all of them. Call it at the end of the start, and before a fork
    (Python's documentation of ``gc.freeze``).
    """
    gc.collect()
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(YOUNG, *older)

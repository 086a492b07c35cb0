"""Garbage collection for processes that live long and make many short-lived objects."""

from __future__ import annotations

import gc

#: So many more objects made than dropped before the young ones are looked through; CPython's usual number,
#: 700, comes up several times in each request and batch, and finds nothing: nearly all that they make goes
#: with its last reference.
YOUNG = 50_000


def settle() -> None:
    """Take what is loaded now for permanent, and look for cycles seldom.

    The models, views and URL patterns of a started process are some hundred
    thousand objects that never go away; otherwise each full collection walks
    all of them. Call it at the end of the start, and before a fork
    (Python's documentation of ``gc.freeze``).
    """
    gc.collect()
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(YOUNG, *older)

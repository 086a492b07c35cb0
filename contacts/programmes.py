"""The names of programmes, for apps that know no more of them than the name.

People opt out of a programme by its name, in a word that they send. An app
that has programmes says here what they are called, so that nobody sets up a
word for one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_sources: list[Callable[[], Iterable[str]]] = []


def register(names: Callable[[], Iterable[str]]) -> None:
    """``names`` is asked each time somebody wants to know."""
    if names not in _sources:
        _sources.append(names)


def known() -> list[str]:
    """All names, in order."""
    return sorted({name for names in _sources for name in names()})

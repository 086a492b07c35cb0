"""Which scopes there are: those that some interface asks of limited tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.urls import URLResolver, get_resolver

from accounts.operations import InvalidScope, check_scopes


@cache
def known_scopes() -> frozenset[str]:
    return frozenset(_asked_for(get_resolver().url_patterns))


def check_known_scopes(scopes: Iterable[str]) -> list[str]:
    """As ``check_scopes``; also raises InvalidScope for one that would open nothing."""
    checked = check_scopes(scopes)
    for scope in checked:
        if scope.removesuffix(":read") not in known_scopes():
            there_are = ", ".join(sorted(known_scopes()))
            raise InvalidScope(f"No interface has the scope {scope!r}; there are: {there_are}.")
    return checked


def _asked_for(patterns: Iterable[Any]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _asked_for(pattern.url_patterns)
        else:
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            if scope := getattr(view, "token_scope", None):
                yield scope

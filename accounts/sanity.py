"""What must hold among the stored records, beyond what the database itself keeps true.

An app has a module ``sanity`` that registers its checks; ``manage.py
sanity_check`` runs them all. A check reads, and says how many records break
its rule, with a few of them by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import QuerySet

#: Records of a finding that are named.
SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """How many records break a rule, and the ids of a few."""

    count: int
    some: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """``name`` for the command line; ``broken`` says what it means when the rule is broken."""

    name: str
    broken: str
    find: Callable[[], Finding]


_RULES: dict[str, Rule] = {}


def register(name: str, broken: str, find: Callable[[], Finding]) -> None:
    """Names are unique: ``app.what``."""
    _RULES[name] = Rule(name, broken, find)


def rules() -> list[Rule]:
    """All of them, by name."""
    return [_RULES[name] for name in sorted(_RULES)]


def among(rows: QuerySet[Any]) -> Finding:
    """Of rows that should not be there."""
    some = tuple(str(key) for key in rows.order_by("pk").values_list("pk", flat=True)[:SHOWN])
    return Finding(rows.count() if len(some) == SHOWN else len(some), some)


def of(found: Iterable[Any]) -> Finding:
    """Of ids that were found one by one."""
    each = iter(found)
    some = tuple(str(key) for key in islice(each, SHOWN))
    return Finding(len(some) + sum(1 for _ in each), some)

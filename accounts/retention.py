"""What is forgotten with time: rules that the apps bring, applied by ``manage.py prune`` and each night.

An app has a module ``retention`` that registers its rules. A rule removes in
bites, each a transaction of its own, so that nobody waits long for a lock and
an interruption loses nothing: the next run goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiToken

log = logging.getLogger(__name__)
#: Rows removed in one transaction.
BITE = 1000


@dataclass(frozen=True)
class Rule:
    """One thing that is forgotten.

    ``days`` asks the settings how long it is kept; None: for ever. ``count``
    says how much would go, ``bites`` removes it and says after each bite how
    much that was; both get the days. A rule may have something to clear away
    though it keeps what it keeps for ever.
    """

    name: str
    what: str
    days: Callable[[], float | None]
    count: Callable[[float | None], int]
    bites: Callable[[float | None], Iterator[int]]


class UnknownRule(LookupError):
    """There is no rule of that name."""


_RULES: dict[str, Rule] = {}


def register(rule: Rule) -> None:
    _RULES[rule.name] = rule


def rules(names: Iterable[str] = ()) -> list[Rule]:
    """All of them, or those named, in the order of names. Raises UnknownRule."""
    if unknown := sorted(set(names) - set(_RULES)):
        raise UnknownRule(unknown[0])
    return [_RULES[name] for name in sorted(set(names) or _RULES)]


def rows(name: str, what: str, *, days: Callable[[], float | None], old: Callable[[datetime], Any]) -> Rule:
    """A rule about the rows that ``old`` finds, given the moment before which they have had their time."""

    def before(kept: float) -> datetime:
        return timezone.now() - timedelta(days=kept)

    return Rule(
        name,
        what,
        days,
        count=lambda kept: 0 if kept is None else old(before(kept)).count(),
        bites=lambda kept: iter(()) if kept is None else bites(old(before(kept))),
    )


def bites(old: QuerySet[Any]) -> Iterator[int]:
    """Delete rows in the order of their keys, with one walk through the table."""
    ordered, last = old.order_by("pk").values_list("pk", flat=True), None
    while keys := list((ordered if last is None else ordered.filter(pk__gt=last))[:BITE]):
        with transaction.atomic():
            # Asked again: somebody may have changed a row since it was found.
            _, removed = old.filter(pk__in=keys).delete()
        yield removed.get(old.model._meta.label, 0)
        last = keys[-1]


def apply(rule: Rule, *, days: float | None = None, until: float | None = None) -> Iterator[int]:
    """Remove what the rule says, or what is older than ``days``; the sum so far after each bite.

    Stops between two bites when ``until`` (of ``time.monotonic``) is over;
    the last sum is then not all there is.
    """
    total = 0
    for removed in rule.bites(rule.days() if days is None else days):
        total += removed
        yield total
        if until is not None and time.monotonic() > until:
            return


def prune(names: Iterable[str] = (), *, seconds: float) -> list[str]:
    """Apply every rule, or those named, for so many seconds at most; the names of those still to be applied.

    One rule's trouble is logged and does not hold up the others. A rule that
    used up the time is still to be applied if it had something to remove.
    """
    end, left = time.monotonic() + seconds, rules(names)
    while left:
        removed = _applied(left[0], until=end)
        over = time.monotonic() > end
        if not (over and removed):
            left.pop(0)
        if over:
            break
    return [rule.name for rule in left]


def _applied(rule: Rule, *, until: float) -> int:
    """How much the rule removed, also where it broke off."""
    sums = [0]
    try:
        sums.extend(apply(rule, until=until))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rules are to be applied
        log.error("%s could not be removed: %s", rule.what, type(error).__name__)
    if sums[-1]:
        log.info("removed %d %s", sums[-1], rule.what)
    return sums[-1]


register(
    rows(
        "sessions",
        "log-in sessions that are over",
        days=lambda: 0,
        old=lambda moment: Session.objects.filter(expire_date__lt=moment),
    )
)
register(
    rows(
        "tokens",
        "API tokens that were revoked or have expired",
        days=lambda: settings.TOKEN_RETENTION_DAYS,
        old=lambda moment: ApiToken.objects.filter(Q(revoked_at__lt=moment) | Q(expires_at__lt=moment)),
    )
)

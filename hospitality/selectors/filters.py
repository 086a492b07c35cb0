"""What a search for hosts may be narrowed by beside the place or the word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User

_LOOKUPS = {"guests": "maxcyclists__gte", "seen_since": "seen_at__gte"}


@dataclass(frozen=True)
class Wishes:
    """``languages``: words that must all be among the languages spoken; ``guests``: for at least so
    many; ``bikeshop``: one is near; ``seen_days``: used an app within so many days."""

    languages: tuple[str, ...] = ()
    guests: int = 0
    bikeshop: bool = False
    seen_days: int = 0

    def values(self) -> dict[str, Any]:
        """What is wished for, by the names that ``condition`` takes."""
        values: dict[str, Any] = {f"language{at}": word for at, word in enumerate(self.languages)}
        if self.guests > 1:
            values["guests"] = min(self.guests, 5)
        if self.bikeshop:
            values["no_bikeshop"] = ""
        if self.seen_days:
            values["seen_since"] = timezone.now() - timedelta(days=min(self.seen_days, 36_500))
        return values


NO_WISHES = Wishes()


def condition(values: Mapping[str, Any]) -> Q:
    """Wishes as a condition on members: ``Wishes.values``, or expressions in place of them."""
    found = Q()
    for name, value in values.items():
        if name == "no_bikeshop":
            found &= ~Q(bikeshop=value)
        else:
            found &= Q(**{_LOOKUPS.get(name, "languagesspoken__icontains"): value})
    return found


def listed() -> Q:
    """Members whom searches show at all.

    Asked for in this way round because next to nobody is blocked: looking for
    them in their own small index costs a third of looking up every account.
    """
    blocked = User.objects.filter(pk=OuterRef("pk"), is_active=False)
    return Q(validated=True) & ~Q(Exists(blocked))

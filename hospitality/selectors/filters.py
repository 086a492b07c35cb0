"""What a search for hosts may be narrowed by beside the place or the word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone


@dataclass(frozen=True)
class Wishes:
    """``languages``: words that must all be among the languages spoken; ``guests``: for at least so
    many; ``bikeshop``: one is near; ``seen_days``: used an app within so many days."""

    languages: tuple[str, ...] = ()
    guests: int = 0
    bikeshop: bool = False
    seen_days: int = 0

    def condition(self) -> Q:
        """The wishes as a condition on members."""
        found = Q()
        for language in self.languages:
            found &= Q(languagesspoken__icontains=language)
        if self.guests > 1:
            found &= Q(maxcyclists__gte=min(self.guests, 5))
        if self.bikeshop:
            found &= ~Q(bikeshop="")
        if self.seen_days:
            found &= Q(seen_at__gte=timezone.now() - timedelta(days=min(self.seen_days, 36_500)))
        return found


NO_WISHES = Wishes()
LISTED = Q(validated=True, user__is_active=True)


def found(which: Q, wishes: Wishes) -> Q:
    """Members whom searches show at all, of those."""
    return LISTED & which & wishes.condition()

"""Which types of events anybody wants, so that nothing is written where nobody listens."""

from __future__ import annotations

import time
from collections.abc import Iterable

from webhooks.kinds import KINDS
from webhooks.models import Endpoint

#: Seconds for which a process goes by what it knows. A new endpoint hears of what happens from then on.
KEPT = 5.0


class _Interest:
    def __init__(self) -> None:
        self._kinds: frozenset[str] = frozenset()
        self._until = float("-inf")

    def __contains__(self, kind: str) -> bool:
        if time.monotonic() >= self._until:
            self.know(_asked_for(), seconds=KEPT)
        return kind in self._kinds

    def know(self, kinds: Iterable[str], *, seconds: float) -> None:
        self._kinds, self._until = frozenset(kinds), time.monotonic() + seconds

    def forget(self) -> None:
        self._until = float("-inf")


def _asked_for() -> set[str]:
    found: set[str] = set()
    for types in Endpoint.objects.filter(enabled=True).order_by().values_list("types", flat=True):
        found |= set(types.split() or KINDS)
    return found


interest = _Interest()

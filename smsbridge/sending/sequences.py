"""The alarm for consecutive numbers: somebody walks through a range that they earn from.

Number ranges that pay for each call or message are tested and milked by going
through them one by one. So what an account sent to within the last hour is
remembered, as keyed digests, and a new number that completes a run is refused.
A run is made of numbers at most three apart, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from django.conf import settings

#: Seconds for which numbers count, and how many of them.
WINDOW = 3600.0
REMEMBERED = 300
_NEAR = (1, 2, 3)


class Runs:
    """An account's numbers of the last hour, to which new ones are added."""

    def __init__(self, recent: Iterable[tuple[float, str]], *, limit: int, now: float) -> None:
        self._limit, self._now = limit, now
        self._seen = {digest: at for at, digest in recent if at > now - WINDOW}
        self._key = settings.SECRET_KEY.encode()[:64]

    def completes_run(self, msisdn: str) -> bool:
        """Whether the number, which is remembered thereby, makes a run of ``limit`` or more."""
        if not self._limit:
            return False
        number = int(msisdn)
        self._seen[self._digest(number)] = self._now
        return 1 + self._walk(number, 1) + self._walk(number, -1) >= self._limit

    def _walk(self, number: int, direction: int) -> int:
        """How many further numbers of the run lie in that direction, counted up to the limit."""
        count = 0
        while count < self._limit:
            near = (number + direction * step for step in _NEAR)
            following = next((other for other in near if self._digest(other) in self._seen), None)
            if following is None:
                break
            number, count = following, count + 1
        return count

    def _digest(self, number: int) -> str:
        return blake2b(b"%d" % number, key=self._key, digest_size=8).hexdigest()

    def remembered(self) -> list[tuple[float, str]]:
        """What to keep, the newest last."""
        return [(at, digest) for digest, at in self._seen.items()][-REMEMBERED:]

"""Beat's schedule, steady when the host's clock is set.

Celery keeps when each entry last ran as wall-clock time. After the clock was
set back, no entry would be due until it has caught up with that time: hours
without a tick. Here every entry begins anew when the clock was set, and one
whose last run lies in the future (a wrong clock before the start) does too.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.beat import PersistentScheduler

log = logging.getLogger(__name__)
#: Seconds by which the wall clock may drift from the steady one between two ticks without being called set.
TOLERANCE = 2.0


class SteadyScheduler(PersistentScheduler):
    """Celery's scheduler, which notices that the clock was set."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ahead = _ahead()
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            now = entry.default_now()
            entry.last_run_at = min(entry.last_run_at or now, now)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        ahead = _ahead()
        if abs(ahead - self._ahead) > TOLERANCE:
            log.warning("The clock was set by %+.0f seconds; the schedule begins anew.", ahead - self._ahead)
            self._begin_anew()
        self._ahead = ahead
        return super().tick(*args, **kwargs)

    def _begin_anew(self) -> None:
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now()
        # Celery's own list of what is due when; made again at the next tick.
        self._heap = None


def _ahead() -> float:
    """By how much the wall clock is ahead of the steady one, in seconds."""
    return time.time() - time.monotonic()

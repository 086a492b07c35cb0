"""A registration hub that posts without pause, and remembers what it was told."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter

from tests.chaos.installation import Installation, Web


class Hub:
    """Threads that post registrations; a refused one is tried again under its id, as hubs do."""

    def __init__(self, web: Web, token: str, *, messageset: int, schedule: int, threads: int = 4) -> None:
        self.web, self.token, self.messageset, self.schedule = web, token, messageset, schedule
        self.accepted: set[str] = set()
        self.statuses: Counter[int] = Counter()
        #: Refusals that do not say when to come again.
        self.curt: list[int] = []
        #: Seconds of the longest wait for an answer.
        self.slowest = 0.0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Hub:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _run(self) -> None:
        while not self.stopping.is_set():
            key = str(uuid.uuid4())
            while not self._register(key) and not self.stopping.wait(0.2):
                pass
            self.stopping.wait(0.02)

    def _register(self, key: str) -> bool:
        data = {
            "id": key, "identity": str(uuid.uuid4()), "messageset": self.messageset,
            "schedule": self.schedule, "lang": "eng_ZA", "next_sequence_number": 1, "metadata": {},
        }  # fmt: skip
        since = time.monotonic()
        answer = self.web.call("POST", "/api/v1/subscriptions/request", {"data": data}, token=self.token)
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - since)
            self.statuses[answer.status] += 1
            if answer.status >= 500 and "Retry-After" not in answer.headers:
                self.curt.append(answer.status)
            if answer.status == 201:
                self.accepted.add(key)
        return answer.status == 201

    def lost(self, system: Installation) -> set[str]:
        """Those that were accepted and are not there."""
        with self._lock:
            # Before the rows are read: what is accepted meanwhile may come after them.
            accepted = set(self.accepted)
        rows = system.sql(
            "SELECT hub_request_id FROM stagebased_subscription WHERE hub_request_id IS NOT NULL"
        )
        return accepted - {str(row[0]) for row in rows}

    def doubled(self, system: Installation) -> int:
        """How many requests made more than one subscription."""
        [(count,)] = system.sql(
            "SELECT count(*) FROM (SELECT hub_request_id FROM stagebased_subscription"
            " WHERE hub_request_id IS NOT NULL GROUP BY hub_request_id HAVING count(*) > 1) AS several"
        )
        return count

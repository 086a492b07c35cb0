"""How many due subscriptions a second become files in the spool, beside the bare limit.

``make bench-sends`` or ``python -m bench.sends --due 200000``. Needs
PostgreSQL; uses Redis as broker where it is installed. Prints

- sends a second of two worker processes: due subscriptions, delivery rows,
  files in the spool, while a plain consumer empties ``outgoing``;
- the bare limit in the same run, and the ratio;
- what a send costs when the same number is due among ever more subscriptions;
- the largest memory of a worker, and the SQL statements of a batch.

Ends with status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.common import Stopwatch, database, say, set_up_django, workspace
from tests import servers

LEAST_RATIO = 0.5
MOST_SPREAD = 1.2
MOST_MEMORY = 300
WORKERS = 2


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-sends", options.directory))
        set_up_django(**_environment(stack, home))
        missed = [name for name, met in _measure(home, options) if not met]
    if missed:
        sys.exit("Missed: " + ", ".join(missed))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--due", type=int, default=200_000)
    parser.add_argument(
        "--scales", type=_numbers, default="10000,100000,1000000", help="numbers of subscribers"
    )
    parser.add_argument("--due-at-each-scale", type=int, default=10_000)
    parser.add_argument("--directory", type=Path, default=_memory(), help="where the spool is put")
    return parser.parse_args()


def _memory() -> Path | None:
    """A file system in memory, where there is one, else None for the temporary directory.

    On a disk much of what is measured is the disk: ext4, for one, searches
    long for a free inode when many files were removed in the last seconds.
    """
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK | os.X_OK) else None


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _environment(stack: ExitStack, home: Path) -> dict[str, str]:
    spool = home / "spool"
    for folder in ("outgoing", "checked", "sent", "failed", "incoming"):
        (spool / folder).mkdir(parents=True)
    environment = {
        "DATABASE_URL": stack.enter_context(database("sends")),
        "VAR_DIR": str(home / "var"),
        "SMS_SPOOL": str(spool),
        # The consumer empties the spool, so nothing waits long; the mark must not bind, and a
        # transaction may be larger than with the usual mark of 500.
        "SMS_HIGH_WATER": "1000000",
        "OUTBOX_BATCH": "1000",
    }
    if servers.find_redis():
        broker = servers.Redis().start()
        stack.callback(broker.close)
        environment["BROKER_URL"] = broker.url
    return environment


def _measure(home: Path, options: argparse.Namespace) -> Iterator[tuple[str, bool]]:
    from bench import sending

    consumer = sending.Consumer(home, home / "spool")
    yield "ratio", _against_limit(home, consumer, options.due)
    yield "cost at scale", _at_scales(consumer, options.scales, options.due_at_each_scale)
    yield "statements", _statements(consumer)


def _against_limit(home: Path, consumer: Any, due: int) -> bool:
    from bench import programme, sending

    say(f"{due:,} due subscriptions, {WORKERS} worker processes, spool in {home.parent}")
    programme.fill(subscribers=due, due=due)
    with consumer.running():
        limit = sending.rate_of_bare_limit(consumer, due)
    say(f"  bare limit            {limit:10,.0f} sends/s")
    programme.fill(subscribers=due, due=due)
    with consumer.running(), sending.workers(home, WORKERS) as pids:
        rate = sending.rate_of_workers(consumer, due)
        memory = sending.largest_memory(pids)
        names, files = consumer.taken()
    ratio = rate / limit
    say(f"  sends                 {rate:10,.0f} sends/s ({files:,} files, {files - names} of them twice)")
    say(f"  ratio                 {ratio:10.2f}  (goal: at least {LEAST_RATIO})")
    say(f"  largest worker        {memory:10.0f} MB (goal: under {MOST_MEMORY})")
    return ratio >= LEAST_RATIO and memory < MOST_MEMORY and files == names == due


def _at_scales(consumer: Any, scales: list[int], due: int) -> bool:
    from bench import programme

    say(f"{due:,} due among ever more subscriptions, one process, best of five")
    costs = []
    for subscribers in scales:
        programme.fill(subscribers=subscribers, due=due)
        with consumer.running():
            costs.append(min(_cost(due, minutes) for minutes in range(1, 6)))
        say(f"  {subscribers:10,} subscribers {1e6 * costs[-1]:10.0f} µs a send")
    spread = max(costs) / min(costs)
    say(f"  spread                {spread:10.2f}  (goal: at most {MOST_SPREAD})")
    return spread <= MOST_SPREAD


def _cost(due: int, minutes: int) -> float:
    """Seconds a send, for what is due in so many minutes."""
    watch = Stopwatch()
    _send_all(datetime.now(UTC) + timedelta(minutes=minutes), due)
    return watch.wall() / due


def _send_all(now: datetime, due: int) -> None:
    from outbox.dispatcher import dispatch
    from stagebased import planner, slots

    slots.record_due_slots(now)
    planner.plan(now)
    handed = dispatch("sms", now=now, budget=600).handed
    if handed != due:
        raise RuntimeError(f"{handed} handed over, {due} were due")


def _statements(consumer: Any) -> bool:
    """Count the statements of one planner batch and of one hand-over, small and large."""
    from bench import programme
    from outbox.dispatcher import dispatch
    from stagebased import planner, slots

    def plan(now: datetime) -> None:
        slots.record_due_slots(now)
        planner.plan(now)

    say("SQL statements of a batch")
    met = True
    for name, setting, work in (
        ("planned", "PLANNER_BATCH", plan),
        ("handed over", "OUTBOX_BATCH", lambda now: dispatch("sms", now=now, budget=600)),
    ):
        counts = []
        for size in (100, 1000):
            programme.fill(subscribers=10 * size, due=10 * size)
            now = datetime.now(UTC) + timedelta(minutes=1)
            if setting == "OUTBOX_BATCH":
                plan(now)
            with consumer.running(), _set(setting, size), _counted() as count:
                work(now)
            counts.append(count() / 10)
        say(f"  {name:<21} {counts[0]:10.1f} for each 100, {counts[1]:.1f} for each 1000")
        met = met and abs(counts[0] - counts[1]) < 1
    return met


@contextmanager
def _set(name: str, value: int) -> Iterator[None]:
    from django.conf import settings

    before = getattr(settings, name)
    setattr(settings, name, value)
    yield
    setattr(settings, name, before)


@contextmanager
def _counted() -> Iterator[Callable[[], int]]:
    """Count this process's SQL statements."""
    from django.db import connection

    statements = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield lambda: statements


if __name__ == "__main__":
    main()

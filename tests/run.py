"""``make test``: the whole suite, on real servers where the machine has them.

Three runs of pytest, each in two processes: the fast tests on SQLite,
all that is not indifferent to it on PostgreSQL, and the tests that start programs. Then one table of
the real programs that were used. Arguments are handed to pytest
(``make test ARGS="-k planner"``).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from tests import servers

SLOW = ("processes", "generated", "postgres", "own_postgres", "redis", "smsd", "browser")
FAST = " and ".join(f"not {marker}" for marker in SLOW)
GENERATED = "tests/openapi/test_generated_requests.py"
#: What the kind of database makes no difference to has run among the fast ones.
OF_DATABASE = " or ".join(("database", *SLOW))


@dataclass
class Run:
    """One run of pytest: its title, its arguments, its database (None: SQLite), and what came of it."""

    title: str
    arguments: list[str]
    database: str | None
    status: int = 0
    seconds: float = 0
    totals: dict[str, int] = field(default_factory=dict)
    parts: list[dict] = field(default_factory=list)

    def go(self, report: Path) -> None:
        print(f"\n===== {self.title}", flush=True)
        begun = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", *self.arguments, *sys.argv[1:]]
        self.status = subprocess.run(command, env=environment(self.database, report)).returncode
        self.seconds = time.monotonic() - begun
        if self.status < 0:
            print(f"pytest was ended by {signal.Signals(-self.status).name}", flush=True)
        if report.exists():
            found = json.loads(report.read_text())
            self.totals, self.parts = found["totals"], found["parts"]
            report.unlink()

    @property
    def ok(self) -> bool:
        # 5: nothing was collected, which is right when arguments narrow the suite down.
        return self.status == 0 or (self.status == 5 and len(sys.argv) > 1)


def environment(database: str | None, report: Path) -> dict[str, str]:
    """The caller's environment without what would point the tests at an installation of theirs."""
    mine = {"DATABASE_URL", "BROKER_URL", "CACHE_URL", "SMS_SPOOL", "SMS_GATEWAYS", "VAR_DIR"}
    # Six processes read the tests, and the tests start many more: one of them compiles for all.
    mine.add("PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    return kept | {"TEST_REPORT": str(report)} | ({"DATABASE_URL": database} if database else {})


def main() -> int:
    database, close = find_database()
    try:
        runs = plan(database)
        with tempfile.TemporaryDirectory() as folder:
            for run in runs:
                run.go(Path(folder) / "report.json")
    finally:
        close()
    print_parts(runs)
    return print_closing(runs)


def plan(database: str | None) -> list[Run]:
    """The runs that this machine allows; without PostgreSQL everything goes to SQLite."""
    parallel = ["-n", "2", "--dist", "loadfile"]
    # Only to collect it takes many seconds.
    without_generated = [*parallel, f"--ignore={GENERATED}"]
    runs = [Run("fast tests, SQLite", [*without_generated, "-m", FAST], None)]
    where = "PostgreSQL" if database else "SQLite (no PostgreSQL here)"
    rest = (
        f"not processes and not sqlite and ({OF_DATABASE})" if database else f"not processes and not ({FAST})"
    )
    runs.append(Run(f"all tests, {where}", [*parallel, "-m", f"not processes and {rest}"], database))
    started = [*without_generated, "-m", "processes and not chaos"]
    if os.environ.get("CHAOS") == "later":
        # Whoever says so runs ``make chaos`` next: the same faults at full scale.
        started.append("--ignore=tests/chaos")
    runs.append(Run(f"tests that start processes, {where}", started, database))
    return runs


def find_database():
    """The URL of a PostgreSQL for the suite (None without one), and what to call at the end.

    A cluster of our own where the programs are installed, else the given
    ``DATABASE_URL``, else a server on this machine that lets us in.
    """
    if servers.find_postgres():
        cluster = servers.Postgres().start()
        return cluster.url("switchboard"), cluster.close
    for url in (os.environ.get("DATABASE_URL"), "postgres://postgres@127.0.0.1:5432/postgres"):
        if url and url.startswith("postgres") and reachable(url):
            return url, lambda: None
    return None, lambda: None


def reachable(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=3).close()
    except psycopg2.OperationalError:
        return False
    return True


def print_parts(runs: list[Run]) -> None:
    print("\n===== real programs used in these tests")
    for name in dict.fromkeys(part["name"] for run in runs for part in run.parts):
        rows = [part for run in runs for part in run.parts if part["name"] == name]
        present = [row for row in rows if row["where"] is not None]
        ran = sum(row["ran"] for row in rows)
        if present:
            print(f"  {name:<26} {present[0]['version'] or 'yes':<16} {ran} tests")
        else:
            left_out = sum(row["left_out"] for row in rows)
            print(f"  {name:<26} LEFT OUT: {rows[0]['absence']} ({left_out} tests)")


def print_closing(runs: list[Run]) -> int:
    """pytest's closing line of each run and of all together; the exit status."""
    print()
    for run in runs:
        print(f"{'ok    ' if run.ok else 'FAILED'} {run.title}: {closing(run.totals, run.seconds)}")
    together: dict[str, int] = {}
    for run in runs:
        for outcome, count in run.totals.items():
            together[outcome] = together.get(outcome, 0) + count
    print(f"===== {closing(together, sum(run.seconds for run in runs))} =====")
    return 0 if all(run.ok for run in runs) else 1


def closing(totals: dict[str, int], seconds: float) -> str:
    order = ("failed", "passed", "skipped", "xfailed", "xpassed", "error")
    counts = ", ".join(f"{totals[outcome]} {outcome}" for outcome in order if totals.get(outcome))
    return f"{counts or 'no tests ran'} in {seconds:.2f}s"


if __name__ == "__main__":
    sys.exit(main())

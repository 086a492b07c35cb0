"""Which real programs a run of the tests used, and which it had to leave out.

A test says by its marker what it needs. Where that is missing it is skipped,
and the run ends with a table of what was used and left out; with
``REQUIRE_REAL=true`` anything left out is a failure.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pytest
from django.db import connection
from django.test import SimpleTestCase

from tests import servers

REQUIRE_REAL = os.environ.get("REQUIRE_REAL") == "true"


@dataclass(frozen=True)
class Part:
    """A real program: the marker of the tests that need it, its name, where it is or None, its version."""

    marker: str
    name: str
    where: str | None
    version: str

    @property
    def absence(self) -> str:
        if self.marker == "postgres":
            return f"the test database is {connection.vendor}, not PostgreSQL (set DATABASE_URL)"
        return f"{self.name} is not installed"


@cache
def parts() -> list[Part]:
    """The real programs that this machine and this run have."""
    found = [_postgres_of_this_run()]
    for marker, name, path, argument in (
        ("own_postgres", "PostgreSQL cluster", _program(servers.find_postgres(), "postgres"), "--version"),
        ("redis", "Redis", servers.find_redis(), "--version"),
        ("smsd", "smsd", servers.find_smsd(), "-V"),
        ("browser", "Chromium", servers.find_chromium(), "--version"),
    ):
        found.append(
            Part(marker, name, str(path) if path else None, servers.version(path, argument) if path else "")
        )
    return found


def _program(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder else None


def _postgres_of_this_run() -> Part:
    url = os.environ.get("DATABASE_URL", "") if connection.vendor == "postgresql" else None
    return Part("postgres", "PostgreSQL test database", url, "")


@cache
def absent() -> dict[str, str]:
    """Marker → why its tests cannot run here."""
    why = {part.marker: part.absence for part in parts() if part.where is None}
    if connection.vendor != "sqlite":
        why["sqlite"] = f"the test database is {connection.vendor}, not SQLite"
    return why


#: Fixtures by which a test comes to the test database, and the marker of pytest-django.
_WAYS_TO_DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "django_db_setup", "live_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the test database, before markers choose: the rest need not run on two kinds of it."""
    for item in items:
        fixtures = _WAYS_TO_DATABASE.intersection(getattr(item, "fixturenames", ()))
        django_case = issubclass(getattr(item, "cls", None) or object, SimpleTestCase)
        if fixtures or django_case or item.get_closest_marker("django_db"):
            item.add_marker("database")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, why in absent().items():
        if item.get_closest_marker(marker):
            pytest.skip(why)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, object, object]:
    """Where everything real is required, a skipped test is a failed one."""
    report = yield
    if REQUIRE_REAL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"left out though REQUIRE_REAL=true: {report.longrepr[-1]}"
    return report


def tally(stats: dict[str, list]) -> dict[str, dict[str, int]]:
    """Marker → how many of its tests ran and how many were left out."""
    ran: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for outcome, reports in stats.items():
        for report in reports:
            if isinstance(report, pytest.TestReport) and (report.when == "call" or outcome == "skipped"):
                (left_out if outcome == "skipped" else ran).update(set(report.keywords))
    return {part.marker: {"ran": ran[part.marker], "left_out": left_out[part.marker]} for part in parts()}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table; ``TEST_REPORT=path`` gets it as JSON too, for ``tests/run.py``."""
    counts = tally(terminalreporter.stats)
    rows = [asdict(part) | counts[part.marker] | {"absence": part.absence} for part in parts()]
    if path := os.environ.get("TEST_REPORT"):
        totals = {outcome: len(reports) for outcome, reports in terminalreporter.stats.items() if outcome}
        Path(path).write_text(json.dumps({"parts": rows, "totals": totals}))
        return
    terminalreporter.section("real parts")
    for row in rows:
        terminalreporter.write_line(describe(row))


def describe(row: dict) -> str:
    """One line of the table."""
    if row["where"] is None:
        return f"  {row['name']:<26} LEFT OUT: {row['absence']} ({row['left_out']} tests)"
    return f"  {row['name']:<26} {row['version'] or 'yes':<12} {row['ran']} tests"

"""What pytest does for the tests of faults: collect what each saw, and tell it at the end."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.faults import FAULTS, OUTCOMES, Outcome


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("fault"):
            unknown = set(mark.args) - FAULTS.keys()
            if unknown or not mark.args:
                raise pytest.UsageError(f"{item.nodeid}: not a fault: {unknown}")


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """What this test saw, to be filled in; it is printed at the end."""
    [mark] = request.node.iter_markers("fault")
    found = Outcome(mark.args[0], request.node.name)
    request.node.stash[_KEY] = found
    return found


_KEY = pytest.StashKey[Outcome]()
_PROPERTY = "fault"
#: Characters of each log that are told of a test that failed.
_TOLD = 6000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    marks = [fault for mark in item.iter_markers("fault") for fault in mark.args]
    if marks and (report.when == "call" or report.failed):
        found = item.stash.get(_KEY, None) or Outcome(marks[0], item.name)
        for fault in marks:
            told = asdict(found) | {"fault": fault, "passed": report.passed}
            # With the report, so that it comes to the process that prints, whichever runs the test.
            report.user_properties.append((_PROPERTY, told))
    if marks and report.failed and "tmp_path" in item.funcargs:  # type: ignore[attr-defined]
        report.sections += _logs(item.funcargs["tmp_path"])  # type: ignore[attr-defined]
    return report


def _logs(home: Path) -> list[tuple[str, str]]:
    """How the log of each process of an installation ends: a failure far away is understood by it alone."""
    ends = [(log.name, log.read_text(errors="replace")[-_TOLD:]) for log in sorted(home.glob("*.log"))]
    return [(name, end) for name, end in ends if end]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    OUTCOMES.extend(Outcome(**told) for name, told in report.user_properties if name == _PROPERTY)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if path := os.environ.get(faults.REPORT):
        faults.write(path)
    elif told := [one for one in OUTCOMES if one.injected]:
        terminalreporter.section("faults")
        for line in faults.table(told):
            terminalreporter.write_line(line)

"""A run of the tests says which real programs it used; CI takes no omission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import real_parts, run

ROOT = Path(__file__).resolve().parents[2]
STORY = """
import pytest

@pytest.mark.redis
def test_with_redis():
    pass

def test_without():
    pass
"""


def pytest_run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one small file, on a machine without Redis."""
    (folder / "test_story.py").write_text(STORY)
    (folder / "bin").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TEST_REPORT")}
    environment = kept | {"PATH": str(folder / "bin"), "PYTHONPATH": str(ROOT)} | variables
    command = [
        sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.real_parts",
        "-p", "no:randomly", str(folder / "test_story.py"),
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)


def test_what_is_missing_is_left_out_and_said(tmp_path):
    done = pytest_run(tmp_path, REQUIRE_REAL="false")
    assert done.returncode == 0, done.stdout
    assert "Redis                      LEFT OUT: Redis is not installed (1 tests)" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, 1 skipped")


def test_where_everything_real_is_required_an_omission_is_a_failure(tmp_path):
    done = pytest_run(tmp_path, REQUIRE_REAL="true")
    assert done.returncode == 1
    assert "left out though REQUIRE_REAL=true" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, 1 error")


def test_the_report_is_written_for_the_closing_table(tmp_path):
    pytest_run(tmp_path, REQUIRE_REAL="false", TEST_REPORT=str(tmp_path / "report.json"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["totals"] == {"passed": 1, "skipped": 1}
    assert {part["marker"]: part["left_out"] for part in report["parts"]}["redis"] == 1


@pytest.mark.parametrize(
    ("totals", "line"),
    [
        ({"passed": 3}, "3 passed in 1.50s"),
        ({"passed": 3, "failed": 1, "skipped": 2, "deselected": 9}, "1 failed, 3 passed, 2 skipped in 1.50s"),
        ({}, "no tests ran in 1.50s"),
    ],
)
def test_the_closing_line_is_as_pytest_writes_it(totals, line):
    assert run.closing(totals, 1.5) == line


@pytest.mark.parametrize(("status", "failed"), [(0, 0), (1, 1), (5, 1)])
def test_one_failed_run_fails_the_whole(monkeypatch, capsys, status, failed):
    monkeypatch.setattr("sys.argv", ["run.py"])
    runs = [run.Run("a", [], None, status=0, totals={"passed": 2}), run.Run("b", [], None, status=status)]
    assert run.print_closing(runs) == failed
    assert capsys.readouterr().out.splitlines()[-1] == "===== 2 passed in 0.00s ====="


def test_every_marker_of_a_real_program_has_its_row():
    assert {part.marker for part in real_parts.parts()} == {
        "postgres", "own_postgres", "redis", "smsd", "browser",
    }  # fmt: skip

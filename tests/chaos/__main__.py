"""``make chaos``: every fault, at full scale, with a report of what was lost, doubled and healed.

Needs PostgreSQL's programs and Redis; nothing may be left out. Arguments go to
pytest (``make chaos ARGS="-k redis"``).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tests.chaos import faults
from tests.chaos.faults import FAULTS, Outcome
from tests.run import environment, find_database


def main() -> int:
    database, close = find_database()
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "faults.json"
            given = environment(database, Path(folder) / "tests.json")
            given |= {"CHAOS": "full", "REQUIRE_REAL": "true", faults.REPORT: str(report)}
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "--tb=short",
                # Much of each test is waiting.
                "-n",
                "2",
                "--dist",
                "loadfile",
                # In their own order the long ones come first, and the many quick ones even out the end.
                "--no-loadscope-reorder",
                "-m",
                "fault and not sqlite",
            ]
            status = subprocess.run([*command, *sys.argv[1:]], env=given).returncode
            outcomes = faults.read(report) if report.exists() else []
    finally:
        close()
    tell(outcomes, time.monotonic() - begun)
    missing = [fault for fault in FAULTS if fault not in {one.fault for one in outcomes}]
    if missing and not sys.argv[1:]:
        print("No test showed: " + ", ".join(missing))
        return 1
    return status


def tell(outcomes: list[Outcome], seconds: float) -> None:
    print("\n===== faults")
    injected = [one for one in outcomes if one.injected or not one.passed]
    for line in faults.table(injected):
        print(line)
    others: dict[str, int] = defaultdict(int)
    for one in outcomes:
        if one not in injected:
            others[one.fault] += 1
    for fault, count in sorted(others.items(), key=lambda pair: list(FAULTS).index(pair[0])):
        print(f"{fault:<5} ok     {count} more tests  {FAULTS[fault]}")
    failed = sum(not one.passed for one in outcomes)
    print(f"===== {len(outcomes)} tests of faults, {failed} failed, in {seconds:.0f} s =====")


if __name__ == "__main__":
    sys.exit(main())

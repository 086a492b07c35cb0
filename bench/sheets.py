"""How long a list of many people takes to be checked, imported, imported again and exported, in which memory.

``make bench-sheets`` or ``python -m bench.sheets --people 100000``. Each step
runs in a process of its own, as web servers and workers do; *more* is how much
its memory grew at its peak beyond what Django itself takes. Ends with status 1
when a step took more than 100 MB more.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from bench.common import Stopwatch, database, say, set_up_django, workspace

MOST_MEGABYTES = 100
HEADER = ["identity", "msisdn", "email", "name", "language", "timezone", "details"]


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-sheets"))
        url = stack.enter_context(database("sheets"))
        set_up_django(DATABASE_URL=url, VAR_DIR=str(home / "var"), SECRET_KEY="bench " * 10)
        grown = [_csv(home, options.people)]
        if not options.no_xlsx:
            grown.append(_xlsx(home, options.people))
    if max(grown) > MOST_MEGABYTES:
        sys.exit(f"A step took more than {MOST_MEGABYTES} MB more.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--no-xlsx", action="store_true")
    return parser.parse_args()


def _rows(people: int) -> Iterable[list[str]]:
    for number in range(people):
        yield [
            "", f"+2782{number:07}", f"p{number}@example.org", f"Person {number}", "zul_ZA",
            "Africa/Johannesburg", f'{{"clinic": "{number % 500}"}}',
        ]  # fmt: skip


def _csv(home: Path, people: int) -> float:
    from sheets.writing import csv_lines

    path = home / "people.csv"
    path.write_bytes(b"".join(csv_lines(HEADER, _rows(people))))
    say(f"{people:,} people, CSV of {path.stat().st_size / 1e6:.1f} MB")
    grown = _through(path)
    say("the same file again")
    grown = max(grown, _through(path))
    return max(grown, _step("export as CSV", people, _export))


def _xlsx(home: Path, people: int) -> float:
    from sheets.writing import xlsx_file

    path = home / "people.xlsx"
    with xlsx_file(HEADER, _rows(people)) as file:
        path.write_bytes(file.read())
    say(f"the same as a workbook of {path.stat().st_size / 1e6:.1f} MB")
    return _through(path)


def _through(path: Path) -> float:
    """Bring, check and import one file; the largest growth of the three, in megabytes."""
    from sheets.models import Import

    steps: list[float] = [_step("bring (web server)", 0, lambda: _bring(path))]
    job = Import.objects.order_by("-created_at").values_list("pk", flat=True)[0]
    _disconnect()

    def work() -> None:
        from sheets.operations import work

        work(import_id=job)

    rows = _rows_of(path)
    steps.append(_step("check (worker)", rows, work))
    if _confirm(job):
        steps.append(_step("import (worker)", rows, work))
    found = Import.objects.get(pk=job)
    counts = f"new {found.new:,}, changed {found.changed:,}, as they are {found.unchanged:,}"
    say(f"    {found.state}: {counts}, faulty {found.faulty:,}")
    _disconnect()
    return max(steps)


def _rows_of(path: Path) -> int:
    from sheets.reading import read

    with path.open("rb") as file:
        return sum(1 for _ in read(file).rows())


def _bring(path: Path) -> None:
    from django.core.files import File

    from sheets.operations import bring

    with path.open("rb") as file:
        bring(kind_name="people", subject="", file=File(file, name=path.name), user=None)


def _confirm(job: UUID) -> bool:
    from sheets.operations import NotPossible, confirm

    try:
        confirm(import_id=job, user=None)
    except NotPossible:
        return False
    finally:
        _disconnect()
    return True


def _export() -> None:
    from contacts.models import Contact
    from contacts.sheets import exported
    from sheets.writing import csv_lines

    for _line in csv_lines(HEADER, exported(Contact.objects.all())):
        pass


def _step(name: str, rows: int, do: Callable[[], None]) -> float:
    """Do it in a child; how many megabytes more it took."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        before, watch = _memory("VmRSS"), Stopwatch()
        do()
        answer = f"{watch.wall()} {max(0.0, _memory('VmHWM') - before)}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        sys.exit(f"{name}: broke off")
    seconds, more = map(float, told.split())
    speed = f", {rows / seconds:,.0f} rows/s" if rows else ""
    say(f"  {name:<20} {seconds:6.1f} s{speed}, {more:5.1f} MB more")
    return more


def _memory(what: str) -> float:
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(what))
    return int(line.split()[1]) / 1024


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    main()

"""A real day's mixed traffic, tenfold, while 100,000 sends are due: ``make load``.

The installation is what ``docker-compose.yml`` starts, in processes of this
machine: gunicorn with two workers, a Celery worker with two processes, beat,
the collector's sweeps, PostgreSQL and Redis of its own, and the built-in
loopback gateway, which takes each file, and writes a status report for it, at
``--delay`` seconds a step. The workers run at a lower priority than the web
server, as docs/operations.md says.

``bench/locustfile.py`` is the traffic: a day of an installation with
half a million subscribers, ten times as fast (``DAY``). Each kind of client
calls at its own constant rate, whatever the answers take, for ``--seconds``.

Ends with status 1 when a dialect's 95th percentile is 250 ms or more, when a
call fails, or when the processes' memory grows: by more than a tenth from the
end of the first third, when every worker has met every kind of call, to the
end of the run.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from bench.common import ROOT, database, execute, say, set_up_django, workspace
from bench.day import DAY
from bench.http import served
from tests import servers

if TYPE_CHECKING:
    from accounts.models import User

#: Messages in the reader's inbox.
LETTERS = 10_000
MOST_SECONDS = 0.25
MOST_GROWTH = 1.1
#: Seconds of traffic that do not count: in them each server process answers each kind of call first.
WARMING = 20


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("load"))
        environment = _environment(stack, home)
        set_up_django(**environment)
        say(f"Filling in {options.subscribers:,} subscribers, of whom {options.due:,} are due …")
        _fill(options)
        port = stack.enter_context(
            served("config.wsgi:application", environment=environment, log=home / "web.log")
        )
        given = _introduced(options, port)
        say("Warming up …")
        _traffic(home, port, given, WARMING, Memory(os.getpid()))
        for name, arguments in _programs(options, home).items():
            stack.enter_context(_running(name, arguments, home, environment))
        memory = Memory(os.getpid())
        say(f"{options.seconds} s of traffic, {' '.join(f'{k} {v:.1f}/s' for k, v in _rates().items())}")
        _traffic(home, port, given, options.seconds, memory)
        missed = _tell(home, memory)
        _tell_sends()
    if missed:
        sys.exit("Missed: " + ", ".join(missed))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--due", type=int, default=100_000)
    parser.add_argument("--subscribers", type=int, default=200_000)
    parser.add_argument("--members", type=int, default=50_000)
    parser.add_argument("--delay", type=float, default=1.0, help="seconds of the loopback gateway's steps")
    return parser.parse_args()


def _environment(stack: ExitStack, home: Path) -> dict[str, str]:
    url = stack.enter_context(database("load"))
    redis = servers.Redis().start()
    stack.callback(redis.close)
    stack.callback(_disconnect)
    return {
        "DATABASE_URL": url,
        "BROKER_URL": redis.url,
        "VAR_DIR": str(home / "var"),
        "SECRET_KEY": "bench " * 10,
        "ENV_FILE": "",
    }


def _disconnect() -> None:
    from django.db import connection

    connection.close()


def _rates() -> dict[str, float]:
    return {name: calls * 10 / 86_400 for name, calls in DAY.items()}


class Given(NamedTuple):
    """What the clients know: API tokens, an app's headers, ids; ``members`` are the first and the last."""

    token: str
    reader_token: str
    cookie: str
    csrf: str
    messageset: int
    schedule: int
    members: str


def _fill(options: argparse.Namespace) -> None:
    from bench import hosts, programme
    from smsbridge.gateways import spool_of
    from stagebased.models import Schedule

    spool_of("sms")
    often = programme.fill(subscribers=options.subscribers, due=options.due)
    # Once, and when the traffic has begun.
    due = datetime.now(UTC) + timedelta(seconds=WARMING + 40)
    Schedule.objects.filter(pk=often).update(minute=str(due.minute), hour=str(due.hour))
    hosts.fill(options.members)
    execute(hosts.LETTERS, [_member(2).pk, LETTERS, _member(1).pk])
    execute(
        "INSERT INTO sendables_inbox (user_id, entity, unread, version) VALUES (%s, 'message', %s, %s)",
        [_member(1).pk, LETTERS, LETTERS],
    )
    execute("VACUUM ANALYZE")


def _member(number: int) -> User:
    from accounts.models import User

    return User.objects.get(username=f"member{number}")


def _introduced(options: argparse.Namespace, port: int) -> Given:
    """Log everybody in at the server on that port."""
    from django.test import RequestFactory

    from accounts.operations import account_for_email, issue_token
    from hospitality.api import sessions
    from stagebased.models import MessageSet, Schedule

    reader = _member(1)
    visit = sessions.begin(reader)
    asked = RequestFactory().get("/", headers={"Host": f"127.0.0.1:{port}"})
    staff = account_for_email(email="load@example.org", is_staff=True)
    return Given(
        token=issue_token(user=staff)[1],
        reader_token=issue_token(user=reader)[1],
        cookie=f"{sessions.cookie_name(asked)}={visit.key}",
        csrf=visit.token,
        messageset=MessageSet.objects.get().pk,
        schedule=Schedule.objects.get(month_of_year="2").pk,
        members=",".join(str(_member(number).pk) for number in (3, options.members - 1)),
    )


def _programs(options: argparse.Namespace, home: Path) -> dict[str, Sequence[str]]:
    """Everything beside the web server, at a lower priority than it."""
    celery = ("nice", "-n", "10", sys.executable, "-m", "celery", "-A", "config")
    return {
        "worker": (
            *celery, "worker", "--queues", "switchboard,gateway.sms", "--concurrency", "2",
            "--without-mingle", "--without-gossip", "--loglevel", "INFO",
        ),
        "beat": (*celery, "beat", "--loglevel", "INFO", "--schedule", str(home / "beat")),
        "network": (
            "nice", "-n", "10", sys.executable, "manage.py", "run_loopback", "--delay", str(options.delay),
        ),
    }  # fmt: skip


@contextmanager
def _running(name: str, command: Sequence[str], home: Path, environment: dict[str, str]) -> Iterator[None]:
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment | {"LOG_LEVEL": "WARNING"},
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield
        if process.poll() is not None:
            sys.exit(f"{name} ended: {(home / f'{name}.log').read_text()[-2000:]}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Memory:
    """Resident memory in MB of the servers and workers that a process has started, over time."""

    def __init__(self, parent: int) -> None:
        self._parent = psutil.Process(parent)
        #: By what each process is, its sizes in order of time.
        self.sizes: dict[str, list[float]] = defaultdict(list)

    def look(self) -> None:
        for process in self._parent.children(recursive=True):
            try:
                words, size = process.cmdline(), process.memory_info().rss / 2**20
            except psutil.Error:
                continue
            for kind in ("gunicorn", "celery", "run_loopback"):
                if kind in " ".join(words):
                    self.sizes[f"{kind} {process.pid}"].append(size)

    def grown(self) -> tuple[float, float]:
        """The sum over all processes after a third of the time and at the end."""
        lasting = [sizes for sizes in self.sizes.values() if len(sizes) >= 6]
        return sum(sizes[len(sizes) // 3] for sizes in lasting), sum(sizes[-1] for sizes in lasting)


def _traffic(home: Path, port: int, given: Given, seconds: int, memory: Memory) -> None:
    """Run Locust without its window, looking at the memory meanwhile."""
    environment = os.environ | {f"LOAD_{name.upper()}": str(value) for name, value in given._asdict().items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "--headless", "--locustfile", str(ROOT / "bench/locustfile.py"),
         "--host", f"http://127.0.0.1:{port}", "--users", "50", "--spawn-rate", "25",
         "--run-time", f"{seconds}s", "--csv", str(home / "load"), "--only-summary", "--loglevel", "WARNING"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + seconds + 60
    while process.poll() is None:
        memory.look()
        if time.monotonic() > end:
            process.kill()
        time.sleep(2)


def _tell(home: Path, memory: Memory) -> list[str]:
    """Print what each dialect's calls took; what was missed."""
    missed = []
    with (home / "load_stats.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["Name"] != "Aggregated"]
    say(f"{'dialect':<14} {'calls':>7} {'a second':>9} {'failed':>7} {'median':>8} {'95 %':>8} {'99 %':>8}")
    for row in rows:
        median, late, later = (float(row[share] or 0) for share in ("50%", "95%", "99%"))
        say(
            f"{row['Name']:<14} {row['Request Count']:>7} {float(row['Requests/s']):>9.1f}"
            f" {row['Failure Count']:>7} {median:>5.0f} ms {late:>5.0f} ms {later:>5.0f} ms"
        )
        if late >= MOST_SECONDS * 1000:
            missed.append(f"95 % of {row['Name']} within {MOST_SECONDS * 1000:g} ms")
        if int(row["Failure Count"]) or not int(row["Request Count"]):
            missed.append(f"{row['Name']} without a failure")
    with (home / "load_failures.csv").open() as table:
        for row in csv.DictReader(table):
            say(f"  {row['Occurrences']} × {row['Name']}: {row['Error']}")
    early, last = memory.grown()
    say(
        f"memory of {len(memory.sizes)} processes: {early:.0f} MB after a third of the time,"
        f" {last:.0f} MB at the end"
    )
    if last > early * MOST_GROWTH:
        missed.append("memory that does not grow")
    return missed


def _tell_sends() -> None:
    from django.db.models import Count

    from outbox.models import Delivery

    counted = Delivery.objects.values_list("state").annotate(n=Count("pk")).order_by("state")
    say("deliveries at the end: " + ", ".join(f"{n:,} {state}" for state, n in counted))


if __name__ == "__main__":
    main()

"""A whole installation in processes of its own, and an independent reader of its spool."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from celery import Celery
from kombu.exceptions import OperationalError

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent


class Installation:
    """The program's processes under one environment, in a directory of their own."""

    def __init__(self, home: Path, *, database_url: str, broker_url: str, **settings: str) -> None:
        self.home, self.database_url = home, database_url
        self.spool = home / "spool"
        for folder in ("outgoing", "checked", "sent", "failed", "incoming"):
            (self.spool / folder).mkdir(parents=True)
        own = {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "VAR_DIR": str(home / "var")}
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environment = inherited | own | {"SMS_SPOOL": str(self.spool), "LOG_LEVEL": "INFO"} | settings
        self.processes: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=True,
            capture_output=True, timeout=600,
        )  # fmt: skip

    def start(self, name: str, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """A Celery program; it leads a process group, so that all of it can be killed at once.

        ``before`` is a program that runs it.
        """
        return self._start(name, *before, sys.executable, "-m", "celery", "-A", "config", *arguments)

    def start_shell(self, statements: str) -> subprocess.Popen[bytes]:
        """Our code in a process that may be killed or kill itself."""
        return self._start("shell", sys.executable, "manage.py", "shell", "-c", statements)

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def worker(
        self, name: str, *, queues: str = "switchboard,gateway.sms", before: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        return self.start(
            name, "worker", "--queues", queues, "--concurrency", "2", "--hostname", f"{name}@chaos",
            "--without-mingle", "--without-gossip", "--loglevel", "INFO", before=before,
        )  # fmt: skip

    def beat(self, name: str) -> subprocess.Popen[bytes]:
        return self.start(name, "beat", "--schedule", str(self.home / f"{name}-schedule"))

    def web(self, *options: str, workers: int = 2, before: Sequence[str] = ()) -> Web:
        """gunicorn with the site, ready to answer."""
        port = servers.free_port()
        process = self._start(
            "web", *before, sys.executable, "-m", "gunicorn", "config.wsgi:application",
            "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", str(workers),
            "--threads", "8", "--no-control-socket", *options,
        )  # fmt: skip
        wait_for("the web server", lambda: servers.listens(port), seconds=30)
        return Web(port, process)

    def token(self, email: str = "hub@example.org", *options: str) -> str:
        """A new API token's key."""
        said = subprocess.run(
            [sys.executable, "manage.py", "create_token", email, *options], cwd=ROOT, env=self.environment,
            check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return said.stdout.splitlines()[-1]

    def hint(self, task: str, *arguments: str, times: int = 1, queue: str = "switchboard") -> None:
        """Give the workers a hint, also too many times, as clocks gone mad would. A dead broker loses it."""
        with Celery(broker=self.environment["BROKER_URL"]) as sender, suppress(OperationalError):
            for _ in range(times):
                sender.send_task(task, arguments, queue=queue, ignore_result=True, retry=False, expires=5)

    def log(self, name: str) -> str:
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        """What the database says, asked without any of our code."""
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def close(self) -> None:
        for process in self.processes:
            kill_all_of(process)


class Answer(NamedTuple):
    """A response, or with status 0 that there was none (refused, broken off, in time)."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Web:
    """A running web server, spoken to without any of our code."""

    port: int
    process: subprocess.Popen[bytes]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        timeout: float = 30,
        **headers: str,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        if token:
            sent["Authorization"] = f"Token {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return Answer(response.status, response.read(), dict(response.headers))
        except (OSError, http.client.HTTPException):
            return Answer(0, b"", {})
        finally:
            connection.close()


def kill_all_of(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for a program and everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Its pool processes, whichever of its threads started them."""
    found: list[int] = []
    for listing in Path(f"/proc/{process.pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in listing.read_text().split()]
    return sorted(found)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Assassin:
    """Kills workers at random moments, now a pool process, now the whole worker, and starts them anew."""

    def __init__(
        self, installation: Installation, names: list[str], seed: int, *, whole: float = 0.25
    ) -> None:
        """``whole``: how often it is a whole worker."""
        self.installation, self.chance, self.whole = installation, random.Random(seed), whole
        self.workers = {name: installation.worker(name) for name in names}
        self.killed = 0

    def strike(self) -> None:
        """Kill one that has pool processes, that is, one that has started."""
        wait_for("a worker to kill", self._started, seconds=30)
        worker, children = self.chance.choice(self._started())
        if self.chance.random() < self.whole:
            kill_all_of(worker)
        else:
            _kill(self.chance.choice(children))
        self._struck()

    def strike_at_hand_over(self, outgoing: Path) -> None:
        """Kill whoever may be handing over, within the few milliseconds after the first file is staged.

        That is before, amid or after the files are shown, and before, or just after, that is recorded.
        """
        wait_for("a worker to kill", self._started, seconds=30)
        children = [child for worker in self.workers.values() for child in children_of(worker)]
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if any(name.startswith(".") for name in os.listdir(outgoing)):
                break
        time.sleep(self.chance.random() * 0.012)
        for child in children:
            _kill(child)
        self._struck()

    def _struck(self) -> None:
        self.killed += 1
        self.revive()

    def revive(self) -> None:
        """As a supervisor does: start what has ended. (Celery ends when it loses a child while it starts.)"""
        for name, worker in self.workers.items():
            if worker.poll() is not None:
                self.workers[name] = self.installation.worker(name)

    def _started(self) -> list[tuple[subprocess.Popen[bytes], list[int]]]:
        self.revive()
        found = [(worker, children_of(worker)) for worker in self.workers.values()]
        return [(worker, children) for worker, children in found if children]


class Nudger(threading.Thread):
    """Gives the gateway's workers hints many times a second, as a busy web server would."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(daemon=True)
        self.installation, self.stopping = installation, threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(0.15):
            self.installation.hint("outbox.run_gateway", "sms", queue="gateway.sms", times=2)

    def stop(self) -> None:
        self.stopping.set()
        self.join(timeout=30)


class Reader(threading.Thread):
    """An independent smsd: takes each file out of outgoing, slowly, and puts it into sent.

    It knows nothing of our code. ``seen`` counts how often each name has
    appeared, ``numbers`` how often each recipient.
    """

    def __init__(self, spool: Path, *, per_second: int) -> None:
        super().__init__(daemon=True)
        self.spool, self.pause = spool, 1 / per_second
        self.seen: Counter[str] = Counter()
        self.numbers: Counter[str] = Counter()
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            names = [name for name in os.listdir(self.spool / "outgoing") if not name.startswith(".")]
            for name in names:
                self._take(name)
                time.sleep(self.pause)
            self.stopping.wait(0.02)

    def _take(self, name: str) -> None:
        path = self.spool / "outgoing" / name
        head, _, body = path.read_bytes().partition(b"\n\n")
        self.seen[name] += 1
        to = next(line for line in head.split(b"\n") if line.startswith(b"To:"))
        self.numbers[to.partition(b":")[2].strip().decode()] += 1
        sent = head + time.strftime("\nModem: GSM1\nSent: %y-%m-%d %H:%M:%S", time.gmtime()).encode()
        # Through checked, as smsd does; never written in place in sent.
        waiting = self.spool / "checked" / name
        os.rename(path, waiting)
        waiting.write_bytes(sent + b"\n\n" + body)
        os.rename(waiting, self.spool / "sent" / name)

    def stop(self) -> None:
        self.stopping.set()
        self.join(timeout=10)


def wait_for(what: str, ready, *, seconds: float) -> None:
    servers.wait_until(ready, seconds=seconds, what=what, every=0.2)

"""Real servers for tests: each a process of our own in a directory of its own.

Nothing here touches a server that was there before, so tests may stop, kill
and restart what they are given. ``find_*`` return None where the machine has
no such program.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import redis


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody on 127.0.0.1 takes connections on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(ready: Callable[[], object], *, seconds: float, what: str, every: float = 0.05) -> None:
    """Return once ``ready()`` is true; TimeoutError naming ``what`` when it is not in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} not within {seconds} s")
        time.sleep(every)


def find_postgres() -> Path | None:
    """The directory with ``initdb`` and ``pg_ctl`` of the newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).resolve().parent if other else None


def find_redis() -> Path | None:
    return _which("redis-server", "valkey-server")


def find_smsd() -> Path | None:
    return _which("smsd", "/usr/sbin/smsd")


def find_chromium() -> Path | None:
    return _which("chromium", "chromium-browser", "google-chrome")


def _which(*names: str) -> Path | None:
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def version(program: Path, argument: str = "--version") -> str:
    """The first version number that the program prints about itself."""
    said = subprocess.run([program, argument], capture_output=True, text=True, timeout=30)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found.group() if found else "of unknown version"


class Postgres:
    """A PostgreSQL cluster in a temporary directory, with one superuser ``switchboard``.

    ``like`` is a stopped cluster to begin as a copy of.
    """

    def __init__(self, like: Postgres | None = None) -> None:
        programs = find_postgres()
        if programs is None:
            raise FileNotFoundError("initdb")
        self.programs = programs
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="switchboard-postgres-"))
        self.account = _unprivileged() if os.geteuid() == 0 else None
        if self.account:
            shutil.chown(self.home, self.account)
        if like is not None:
            # With its owners, which shutil.copytree does not keep.
            subprocess.run(["cp", "-a", like.home / "data", self.home / "data"], check=True)
            return
        self._run(
            "initdb", "-D", self.home / "data", "-U", "switchboard", "-A", "trust", "-E", "UTF8", "--no-sync"
        )

    def _run(self, program: str, *arguments: object) -> None:
        # A file, not a pipe: the started server inherits it and would hold a pipe open.
        with (self.home / "commands.log").open("ab") as log:
            done = subprocess.run(
                [self.programs / program, *map(str, arguments)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.home, user=self.account,
                env=os.environ | {"LC_ALL": "C.UTF-8"}, timeout=120,
            )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {(self.home / 'commands.log').read_text()[-2000:]}")

    def url(self, database: str = "postgres") -> str:
        return f"postgres://switchboard@127.0.0.1:{self.port}/{database}"

    def start(self) -> Postgres:
        # fsync only matters when the machine loses power; a killed server loses nothing without it.
        options = (
            f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        )
        self._run(
            "pg_ctl", "-D", self.home / "data", "-l", self.home / "server.log", "-o", options, "-w", "start"
        )
        return self

    def stop(self, mode: str = "fast") -> None:
        """``fast`` ends sessions in order, ``immediate`` is a crash."""
        self._run("pg_ctl", "-D", self.home / "data", "-m", mode, "-w", "stop")

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    def create_database(self, name: str, *, like: str = "template1") -> str:
        """Make a database, empty or a copy of another that nobody is connected to, and return its URL."""
        connection = psycopg2.connect(self.url())
        connection.autocommit = True
        try:
            connection.cursor().execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        finally:
            connection.close()
        return self.url(name)

    def close(self) -> None:
        if (self.home / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)


def _unprivileged() -> str:
    """An account to run PostgreSQL as, which refuses to be root."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class Redis:
    """A Redis server on a free port that keeps nothing on disk."""

    def __init__(self) -> None:
        program = find_redis()
        if program is None:
            raise FileNotFoundError("redis-server")
        self.program = program
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="switchboard-redis-"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> Redis:
        command = [
            str(self.program), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.home),
            "--save", "", "--appendonly", "no",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, seconds=20, what="Redis")
        return self

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server; SIGKILL is a crash. All it held is gone either way."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            self.process = None

    def restart(self) -> None:
        """Come back empty, as after a crash."""
        self.stop(signal.SIGKILL)
        self.start()

    def close(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)

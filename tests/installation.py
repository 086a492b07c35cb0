"""``make run`` as a person uses it: started and stopped from outside, seen through its files and pages."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import urllib.request
from pathlib import Path

import psutil

from tests import servers

ROOT = Path(__file__).resolve().parents[1]


class Installation:
    """One embedded installation with its own ``var/`` and port, started and stopped as by hand."""

    def __init__(self, folder: Path) -> None:
        self.var, self.log = folder / "var", folder / "run.log"
        self.port = servers.free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.family: list[psutil.Process] = []

    def start(self) -> None:
        """Run make in a session of its own and heeding SIGINT, as a terminal does."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"VAR_DIR": str(self.var), "PORT": str(self.port), "ENV_FILE": ""}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                # The environment is there: it runs these tests.
                ["make", "-o", ".venv/base.done", "run"],
                cwd=ROOT, stdout=log, stderr=log, env=environment, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip
        servers.wait_until(self._ready, seconds=60, what=f"start of {self.log}", every=0.5)
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output()
        try:
            return self.get("/healthz/ready").status == 200
        except OSError:
            return False

    def get(self, path: str):
        return urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=5)

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def ask(self, sql: str) -> list[tuple]:
        """Look into the database without disturbing it."""
        connection = sqlite3.connect(f"file:{self.var}/db.sqlite3?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def count(self, state: str) -> int:
        return self.ask(f"SELECT count(*) FROM outbox_delivery WHERE state = '{state}'")[0][0]

    def stop(self, how: signal.Signals, *, everybody: bool) -> None:
        """Signal make, or like Ctrl-C all that runs in the terminal; then nothing may be left."""
        assert self.process is not None
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        (os.killpg if everybody else os.kill)(self.process.pid, how)
        self.process.wait(timeout=30)
        _, alive = psutil.wait_procs(self.family, timeout=15)
        assert alive == []
        assert "SIGKILL" not in self.output()
        assert "exited with" not in self.output()

    def end(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        for process in self.family:
            if process.is_running():
                process.kill()
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

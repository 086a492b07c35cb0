"""``make run``, as somebody who has just cloned the repository sees it."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError

from config.management.commands import run
from tests import servers

ROOT = Path(__file__).resolve().parents[2]


class Installation:
    """One embedded installation with its own ``var/`` and port, started and stopped as by hand."""

    def __init__(self, folder: Path) -> None:
        self.var, self.log = folder / "var", folder / "run.log"
        self.port = servers.free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.family: list[psutil.Process] = []

    def start(self) -> None:
        """Run make in a session of its own, as a terminal does."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"VAR_DIR": str(self.var), "PORT": str(self.port), "ENV_FILE": ""}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                # The environment is there: it runs these tests.
                ["make", "-o", ".venv/base.done", "run"],
                cwd=ROOT, stdout=log, stderr=log, env=environment, start_new_session=True,
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


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.end()


@pytest.mark.processes
def test_the_demo_sends_delivers_obeys_a_stop_and_goes_on_after_a_restart(installation: Installation):
    installation.start()
    name, password = re.search(r"Log-in: name (\S+), password (\S+)", installation.output()).groups()
    kept = installation.var / "demo-login.txt"
    assert kept.read_text() == f"name: {name}\npassword: {password}\n"
    assert kept.stat().st_mode & 0o777 == 0o600

    servers.wait_until(lambda: installation.count("delivered") >= 3, seconds=100, what="delivery", every=1)
    servers.wait_until(lambda: installation.count("failed") >= 1, seconds=30, what="failure", every=1)
    servers.wait_until(
        lambda: installation.ask("SELECT 1 FROM contacts_optout WHERE lifted_at IS NULL"),
        seconds=60, what="the opt-out of the one who replies STOP", every=1,
    )  # fmt: skip
    installation.stop(signal.SIGINT, everybody=True)

    before = installation.count("delivered")
    installation.start()
    assert password not in installation.output()
    assert f"as before, in {kept}" in installation.output()
    servers.wait_until(lambda: installation.count("delivered") > before, seconds=100, what="more", every=1)
    stopped = installation.ask("SELECT count(*) FROM contacts_contact WHERE opted_out_at IS NOT NULL")
    stopped += installation.ask("SELECT count(*) FROM contacts_address WHERE opted_out_at IS NOT NULL")
    assert sum(count for (count,) in stopped) >= 1
    twice = installation.ask(
        "SELECT cause, slot_key FROM outbox_delivery GROUP BY cause, slot_key, source HAVING count(*) > 1"
    )
    assert twice == []
    installation.stop(signal.SIGTERM, everybody=False)


@pytest.mark.processes
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_only_make_gets_the_signal(installation: Installation, how):
    installation.start()
    installation.stop(how, everybody=False)


def test_a_taken_port_is_said_at_once(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.BIND_ADDRESS, settings.PORT = taken.getsockname()
        with pytest.raises(CommandError, match="Choose another port"):
            run.check_port()


def test_demo_subscribers_are_not_loaded_where_a_real_smsd_would_send_to_them(monkeypatch):
    monkeypatch.delenv("SMS_SPOOL", raising=False)
    assert run.demo_wanted()
    monkeypatch.setenv("SMS_SPOOL", "/var/spool/sms")
    assert not run.demo_wanted()


def test_where_somebody_can_log_in_already_no_account_is_made(db, staff, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    assert "made earlier" in run.log_in_note()
    assert not (tmp_path / "demo-login.txt").exists()

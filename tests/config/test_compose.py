"""The compose file, without Docker: each service's own command line and health check, on real servers.

Only what a container would change is changed: host names, ports and folders.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import servers
from tests.smsd.daemon import Smsd
from tests.smsd.fakemodem import FakeModem

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_it_is_the_set_that_was_promised():
    assert set(SERVICES) == {
        "db", "redis", "migrate", "web", "streams", "worker", "webhooks", "beat", "smsd",
    }  # fmt: skip
    assert "version" not in COMPOSE


def test_everything_that_runs_on_has_a_health_check_and_comes_back_by_itself():
    for name in set(SERVICES) - {"migrate"}:
        assert SERVICES[name]["healthcheck"]["test"], name
        assert SERVICES[name]["restart"] == "unless-stopped", name
    assert SERVICES["migrate"]["restart"] == "no"


def test_nothing_starts_before_the_tables_are_there():
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    for name in ("web", "streams", "worker", "webhooks", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_ports_are_open_to_this_host_only():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8000:8000", "127.0.0.1:8001:8001"]


def test_the_image_has_the_programs_by_which_its_database_is_copied():
    app = (ROOT / "Dockerfile").read_text().partition("AS smsd")[0]
    version = SERVICES["db"]["image"].removeprefix("postgres:")
    assert f"postgresql-client-{version} " in app


def test_every_volume_is_named():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_worker_and_smsd_share_the_spool():
    for name in ("worker", "smsd"):
        assert "spool:/var/spool/sms" in SERVICES[name]["volumes"]


KEYS = {"listener": "0123456789" * 4, "sender": "abcdef0123" * 4}
#: Somebody who listens and somebody who may send notices, with tokens.
PEOPLE = f"""
from accounts.models import ApiToken, User
for name, key in {KEYS}.items():
    user = User.objects.create_user(name, is_staff=name == "sender")
    ApiToken.objects.create(user=user, name="test", key_hash=ApiToken.hash(key), prefix=key[:8])
"""


class Host:
    """Stands in for Docker: starts a service's command and runs its health check."""

    def __init__(self, folder: Path, postgres: servers.Postgres, redis: servers.Redis) -> None:
        self.folder, self.port, self.streams_port = folder, servers.free_port(), servers.free_port()
        self.postgres, self.redis = postgres, redis
        self.started: list[subprocess.Popen[bytes]] = []
        database = postgres.create_database(f"compose{self.port}")
        self.changes = {
            "postgres://switchboard:${POSTGRES_PASSWORD:-switchboard}@db:5432/switchboard": database,
            "redis://redis:6379/0": redis.url,
            "/var/spool/sms": str(folder / "spool"),
            "0.0.0.0:8000": f"127.0.0.1:{self.port}",
            "127.0.0.1:8000": f"127.0.0.1:{self.port}",
            "0.0.0.0": "127.0.0.1",
            "8001": str(self.streams_port),
        }

    def adapt(self, text: str) -> str:
        for old, new in self.changes.items():
            text = text.replace(old, new)
        return text

    def environment(self, service: str) -> dict[str, str]:
        given = SERVICES[service].get("environment", {})
        programs = str(Path(sys.executable).parent)
        return {
            "PATH": f"{programs}:{self.postgres.programs}:{os.environ['PATH']}",
            "VAR_DIR": str(self.folder / "state"), "ENV_FILE": "",
            "PGHOST": "127.0.0.1", "PGPORT": str(self.postgres.port),
        } | {name: self.adapt(value) for name, value in given.items() if value is not None}  # fmt: skip

    def start(self, service: str) -> subprocess.Popen[bytes]:
        command = [self.adapt(word) for word in SERVICES[service]["command"]]
        with (self.folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(service),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def check(self, service: str) -> subprocess.CompletedProcess[str]:
        """One run of the health check, within its own time limit."""
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        words = [self.adapt(word).replace("$$", "$") for word in words]
        command = words if kind == "CMD" else ["/bin/sh", "-c", *words]
        limit = int(SERVICES[service]["healthcheck"]["timeout"].removesuffix("s"))
        return subprocess.run(
            command, cwd=ROOT, env=self.environment(service), capture_output=True, text=True, timeout=limit
        )

    def becomes_healthy(self, service: str) -> None:
        done = None
        for _ in range(20):
            if (done := self.check(service)).returncode == 0:
                return
            time.sleep(1)
        raise AssertionError(f"{service}: {done and done.stdout + done.stderr}\n{self.log(service)}")

    def hears_of_a_notice_at_once(self) -> None:
        """Who listens at the streams process hears what a call of the web process does."""
        subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", PEOPLE],
            cwd=ROOT, env=self.environment("web"), check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        listening = self.request(self.streams_port, "/notices/stream/", "listener")
        with urllib.request.urlopen(listening, timeout=20) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            notice = {"content": "All is well.", "everybody": True}
            sending = self.request(self.port, "/notices/send/", "sender", notice)
            assert urllib.request.urlopen(sending, timeout=20).status == 201
            assert any(b"All is well." in line for line in iter(stream.readline, b"")), self.log("streams")

    @staticmethod
    def request(port: int, path: str, who: str, body: object = None) -> urllib.request.Request:
        headers = {"Authorization": f"Token {KEYS[who]}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def host(tmp_path: Path, postgres_cluster, redis_server) -> Iterator[Host]:
    (tmp_path / "spool").mkdir()
    made = Host(tmp_path, postgres_cluster, redis_server)
    yield made
    made.close()


@pytest.mark.processes
@pytest.mark.own_postgres
@pytest.mark.redis
def test_the_services_start_become_healthy_and_stop_in_good_order(host: Host):
    assert host.start("migrate").wait(timeout=120) == 0, host.log("migrate")
    running = {name: host.start(name) for name in ("web", "streams", "worker", "webhooks", "beat")}
    for name, process in running.items():
        host.becomes_healthy(name)
        assert process.poll() is None, host.log(name)
    host.hears_of_a_notice_at_once()
    for name, process in running.items():
        process.terminate()
        # uvicorn ends by the signal it was sent, once it has put everything in order.
        assert process.wait(timeout=30) in ((-signal.SIGTERM,) if name == "streams" else (0,)), host.log(name)
        assert "Traceback" not in host.log(name), host.log(name)
    assert "Started server process" in host.log("streams"), "in the form of all other lines"


@pytest.mark.processes
@pytest.mark.own_postgres
@pytest.mark.redis
def test_the_health_checks_notice_what_is_not_there(host: Host):
    assert host.check("web").returncode != 0
    assert host.check("worker").returncode != 0
    assert host.check("beat").returncode != 0


@pytest.mark.processes
@pytest.mark.own_postgres
@pytest.mark.redis
def test_the_health_checks_of_the_servers_themselves(host: Host):
    assert host.check("db").returncode == 0
    words = SERVICES["redis"]["healthcheck"]["test"][1:]
    answer = subprocess.run(
        [words[0], "-p", str(host.redis.port), *words[1:]], capture_output=True, text=True, timeout=5
    )
    assert answer.stdout == "PONG\n"


@pytest.mark.redis
def test_redis_starts_with_the_settings_of_its_service(tmp_path):
    words = SERVICES["redis"]["command"]
    port = servers.free_port()
    process = subprocess.Popen([*words, "--port", str(port), "--bind", "127.0.0.1"], cwd=tmp_path)
    try:
        kept = ["redis-cli", "-p", str(port), "config", "get", "save"]
        servers.wait_until(
            lambda: subprocess.run(kept, capture_output=True, text=True).stdout == "save\n\n",
            seconds=10, what="Redis",
        )  # fmt: skip
    finally:
        process.kill()
        process.wait()


@pytest.mark.processes
@pytest.mark.smsd
def test_smsd_starts_with_the_shipped_settings_and_its_health_check_sees_it():
    image = (ROOT / "Dockerfile").read_text()
    assert "COPY docker/smsd.conf /etc/smsd.conf" in image
    command = SERVICES["smsd"]["command"]
    assert shlex.quote(command[2]) == "-c/etc/smsd.conf"
    assert f'CMD ["{command[0]}", "{command[1]}", "{command[2]}"]' in image
    with contextlib.closing(FakeModem()) as modem:
        daemon = Smsd({"GSM1": modem})
        check = SERVICES["smsd"]["healthcheck"]["test"][1].replace("$$", "$")
        check = check.replace("/var/run/smstools/smsd.pid", str(daemon.pidfile))
        try:
            daemon.start()
            assert subprocess.run(["/bin/sh", "-c", check]).returncode == 0
        finally:
            daemon.remove()
        assert subprocess.run(["/bin/sh", "-c", check], capture_output=True).returncode != 0

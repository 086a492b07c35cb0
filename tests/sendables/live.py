"""A real ASGI server in a process of its own, and clients that listen to its streams."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = """
from accounts.models import ApiToken, User
for name in ("alice", "bob", "eve"):
    user = User.objects.create_user(name, password=f"{name}-password")
    key = (name.encode().hex() * 10)[:40]
    ApiToken.objects.create(user=user, name="test", key_hash=ApiToken.hash(key), prefix=key[:8])
"""

SESSION = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
user = User.objects.get(username="{who}")
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""


def token(name: str) -> dict[str, str]:
    return {"Authorization": "Token " + (name.encode().hex() * 10)[:40]}


class Site:
    """The whole project under uvicorn, with alice, bob and eve (ids 1, 2, 3) and a token for each."""

    def __init__(self, database_url: str | None, redis_url: str | None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="switchboard-live-"))
        self.port = free_port()
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.sendables.live_settings",
            "VAR_DIR": str(self.home),
            "ENV_FILE": "",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
        }
        for name, value in (("DATABASE_URL", database_url), ("CACHE_URL", redis_url)):
            self.environment.pop(name, None)
            if value:
                self.environment[name] = value
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "--no-imports", "-c", PEOPLE)
        self.process = self.start()

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=180)

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(self.port)]
        with (self.home / "uvicorn.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--lifespan", "off"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        wait_until(self._answers, seconds=60, what="uvicorn")
        return process

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz/live", timeout=5)
        except OSError:
            return False
        return True

    @property
    def memory(self) -> float:
        """Resident memory of the server in MB."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def close(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def session_of(self, who: str) -> str:
        """The key of a fresh log-in session, as a browser's cookie holds it."""
        command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c"]
        done = subprocess.run(
            [*command, SESSION.format(who=who)],
            cwd=ROOT, env=self.environment, check=True, timeout=60, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip().splitlines()[-1]

    def call(self, who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {**(token(who) if who else {}), "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def send(self, sender: str, *recipients: int, content: str = "hello") -> None:
        status, _ = self.call(
            sender, "POST", "/messages/send/", {"content": content, "recipient_ids": list(recipients)}
        )
        assert status == 201

    def listen(self, who: str, path: str = "/messages/stream/", **headers: str) -> Listener:
        return Listener(self.port, path, {**token(who), "Accept": "text/event-stream", **headers})


class Listener:
    """An open stream; ``event()`` waits for the next one that is no comment."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()
        self.answer.close()

    def blocks(self) -> Iterator[list[str]]:
        """What stands between blank lines, comments included."""
        block: list[str] = []
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            if text:
                block.append(text)
            elif block:
                yield block
                block = []

    def event(self) -> dict[str, Any]:
        for block in self.blocks():
            fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            if "event" in fields:
                return {"id": int(fields["id"]), "event": fields["event"], "data": json.loads(fields["data"])}
        raise AssertionError("the stream ended")

    def events(self, number: int) -> list[dict[str, Any]]:
        return [self.event() for _ in range(number)]


def seconds_until(work: Any) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun

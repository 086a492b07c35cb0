"""Asking an HTTP server as fast as it answers, and serving an application for that."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench.common import ROOT, say
from tests import servers

#: Requests in flight at once: enough that no worker ever waits for one.
CLIENTS = 8
WORKERS = 2


@dataclass(frozen=True)
class Call:
    """One request: method, path with query, body."""

    method: str
    path: str
    body: str = ""


@contextmanager
def served(application: str, *, environment: dict[str, str], log: Path) -> Iterator[int]:
    """The port where gunicorn serves a WSGI application with two workers."""
    port = servers.free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--no-control-socket",
        "--worker-class", "gthread", "--workers", str(WORKERS), "--threads", "4",
    ]  # fmt: skip
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=errors, stderr=errors
        )
    try:
        servers.wait_until(lambda: servers.listens(port), seconds=30, what=application)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def with_token(token: str) -> dict[str, str]:
    """The headers of calls that bring JSON and an API token."""
    return {"Authorization": f"Token {token}", "Content-Type": "application/json"}


def rate(
    port: int,
    calls: Sequence[Call],
    *,
    token: str = "",
    headers: Mapping[str, str] | None = None,
    seconds: float,
    home: Path,
) -> float:
    """Answers a second to these calls, over and over. Any answer but 2xx ends the benchmark.

    With an API token and JSON bodies, or with ``headers`` instead.

    wrk asks where there is one: it takes a tenth of the processor time that
    Python takes for asking, and so measures the server rather than itself.
    """
    asked = _wrk if shutil.which("wrk") else _python
    return asked(port, calls, headers or with_token(token), seconds, home)


def compare(name: str, ports: tuple[int, int], ask: Callable[[int], float], *, rounds: int) -> float:
    """Measure both in turns, so that whatever else the machine does meets both; the ratio of the medians."""
    for port in ports:
        # Does not count: processes import what they need, threads open their connections.
        ask(port)
    rates: dict[int, list[float]] = {port: [] for port in ports}
    for port in ports * rounds:
        rates[port].append(ask(port))
    ours, least = (statistics.median(rates[port]) for port in ports)
    say(f"{name:<28} {ours:>8.1f}/s   bare {least:>8.1f}/s   ratio {ours / least:.2f}")
    return ours / least


def driver() -> str:
    return "wrk" if shutil.which("wrk") else "Python threads (they share the processors with the server)"


_SCRIPT = """
local calls, n = {{{calls}}}, 0
{headers}
local function start() math.randomseed(os.time() * 1000 + math.floor(os.clock() * 1e6) % 1000) end
start()
local function uuid()
  return (string.gsub("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx", "x",
    function() return string.format("%x", math.random(0, 15)) end))
end
request = function()
  n = n % #calls + 1
  local call = calls[n]
  return wrk.format(call[1], call[2], nil, (string.gsub(call[3], "@UUID@", uuid)))
end
"""


def _wrk(port: int, calls: Sequence[Call], headers: Mapping[str, str], seconds: float, home: Path) -> float:
    listed = ",".join(f"{{{_lua(call.method)},{_lua(call.path)},{_lua(call.body)}}}" for call in calls)
    script = home / "calls.lua"
    # With blanks: [[ would begin a text.
    given = "\n".join(f"wrk.headers[ {_lua(name)} ] = {_lua(value)}" for name, value in headers.items())
    script.write_text(_SCRIPT.format(calls=listed, headers=given))
    done = subprocess.run(
        ["wrk", "-t", "1", "-c", str(CLIENTS), "--timeout", "20s", "-d", f"{seconds:g}s", "-s", str(script), f"http://127.0.0.1:{port}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # A script that it cannot read does not stop it: it then asks for / instead.
    if done.stderr or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    return float(found.group(1)) if found else sys.exit(done.stdout)


def _lua(text: str) -> str:
    return f"[==[{text}]==]"


def _python(
    port: int, calls: Sequence[Call], headers: Mapping[str, str], seconds: float, home: Path
) -> float:
    end, counts = time.monotonic() + seconds, [0] * CLIENTS

    def ask(client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for call in cycle(calls[client::CLIENTS] or calls):
            if time.monotonic() > end:
                return
            connection.request(call.method, call.path, _unique(call.body), dict(headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 300:
                return
            counts[client] += 1

    threads = [threading.Thread(target=ask, args=[client]) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not all(counts):
        sys.exit("The server did not answer each call with success.")
    return sum(counts) / seconds


def _unique(body: str) -> bytes | None:
    import uuid

    return re.sub("@UUID@", lambda _: str(uuid.uuid4()), body).encode() or None

"""How fast the SMS interface takes messages and lists them.

``make bench-gateway`` or ``python -m bench.gateway``. Three measurements, each with its own limit:

- a POST with 100 numbers, in messages a second, beside a bare loop in one process that inserts 100 rows
  one by one in one transaction and creates 100 files, with one sync as ours: at least half;
- POSTs with one number by 8 callers: 99 in 100 are answered within 100 ms, while they come at half the
  rate that the same callers get when each sends again at once;
- a list of 100 of 100,000 files takes less than twice as long as of 1,000.

How long an answer takes is a question about a server that keeps up: one that gets more than it can do
has a queue, and the time in it tells of the callers' patience. So the rate at which it is full is measured
first, and shown with its times. Then each caller sends at moments that were fixed before, and a time counts
from that moment: a caller who is late because the server was does not hide it. Callers and server share the
processors; on a machine of two, what the callers take is missing to the server.

Ends with status 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

from bench.common import Stopwatch, database, say, set_up_django, workspace
from bench.http import CLIENTS, served

LEAST_RATIO = 0.5
MOST_SECONDS = 0.1
MOST_LONGER = 2.0
NUMBERS = 100
#: Turns that do not count: each of the server's threads opens its own connection to the database.
WARMING = 10
SEND = "/api/v1.0/sms/outgoing"
_INSERT = """
INSERT INTO outbox_delivery (
       id, source, cause, slot_key, created_by_id, channel, gateway, priority, address, text, options,
       despite_opt_out, state, reason, detail, attempts, not_before, created_at)
VALUES (%s, 'bare', %s, %s, NULL, 'sms', 'sms', 5, %s, %s, '{}', false, 'handed', '', '', 1, now(), now())"""
TEXT = "Your appointment is tomorrow at 9. Please bring your card."


class Caller:
    """One program with one connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Token {key}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, document: object = None) -> dict:
        body = None if document is None else json.dumps(document)
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)

    def send(self, many: int) -> None:
        answer = self.ask("POST", SEND, {"text": TEXT, "mobiles": numbers(many)})
        if any(told["response"] != "Ok" for told in answer["mobiles"].values()):
            sys.exit("A number was refused.")


def numbers(many: int) -> list[str]:
    """Different numbers, never consecutive."""
    start = random.randrange(10**5)
    return [f"2782{7 * (start + n * 10_007) % 10**7:07d}" for n in range(many)]


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-gateway"))
        url = stack.enter_context(database("gateway"))
        environment = {
            "DATABASE_URL": url, "VAR_DIR": str(home / "var"), "SECRET_KEY": "bench " * 10,
            "SMS_LIST_LIMIT": "100",
        }  # fmt: skip
        set_up_django(**environment)
        keys, spool = _prepare(home)
        port = stack.enter_context(
            served("config.wsgi:application", environment=environment, log=home / "log")
        )
        ratio = _many(Caller(port, keys[0]), spool, options.rounds)
        slow = _single(port, keys, spool, options.seconds)
        longer = _lists(port, keys[0], spool, options.files)
    if ratio < LEAST_RATIO or slow > MOST_SECONDS or longer > MOST_LONGER:
        sys.exit("A limit was missed.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="POSTs with 100 numbers, and bare loops")
    parser.add_argument("--seconds", type=float, default=15, help="for which 8 callers send, each time")
    parser.add_argument("--files", type=int, default=100_000)
    return parser.parse_args()


def _prepare(home: Path) -> tuple[list[str], Path]:
    """A token's key for each caller, and the spool."""
    from accounts.operations import account_for_email, issue_token
    from smsbridge.gateways import spool_of

    spool_of("sms")
    users = [account_for_email(email=f"bench{n}@example.org", is_staff=True) for n in range(CLIENTS)]
    return [issue_token(user=user)[1] for user in users], home / "var" / "spool"


def _empty(spool: Path) -> None:
    """What smsd would do: the files that were put are gone."""
    for entry in os.scandir(spool / "outgoing"):
        if not entry.name.startswith("."):
            os.unlink(entry.path)


def _many(caller: Caller, spool: Path, rounds: int) -> float:
    """POSTs with 100 numbers and bare loops, in turns; the ratio of their medians."""
    ours: list[float] = []
    bare: list[float] = []
    for turn in range(rounds + WARMING):
        for times, work in ((ours, lambda: caller.send(NUMBERS)), (bare, lambda: _bare_loop(spool))):
            took = _timed(work)
            if turn >= WARMING:
                times.append(took)
            _empty(spool)
    rates = [NUMBERS / statistics.median(times) for times in (ours, bare)]
    ratio = rates[0] / rates[1]
    say(f"POST of {NUMBERS} numbers: {rates[0]:8.0f} messages/s   bare {rates[1]:8.0f}/s   ratio {ratio:.2f}")
    return ratio


def _timed(work: Callable[[], object]) -> float:
    watch = Stopwatch()
    work()
    return watch.wall()


def _bare_loop(spool: Path) -> None:
    from django.db import connection, transaction

    from smsbridge.spool.folders.disk import sync_file_system

    ids = [uuid.uuid4() for _ in range(NUMBERS)]
    with transaction.atomic(), connection.cursor() as cursor:
        for key, number in zip(ids, numbers(NUMBERS), strict=True):
            cursor.execute(_INSERT, (key, key, number, number, TEXT))
    for key in ids:
        (spool / "outgoing" / str(key)).write_text(f"To: 27820001001\nAlphabet: UTF-8\n\n{TEXT}")
    folder = os.open(spool / "outgoing", os.O_RDONLY)
    sync_file_system(folder)
    os.close(folder)


def _single(port: int, keys: list[str], spool: Path, seconds: float) -> float:
    """The time within which 99 of 100 POSTs with one number are answered at half of the full rate."""
    full = _asked(port, keys, spool, seconds, every=0.0)
    _say_times("at once, as often as they can", full, seconds)
    every = 2 * 0.9 * seconds * len(keys) / len(full)
    paced = _asked(port, keys, spool, seconds, every=every)
    _say_times("at half of that rate", paced, seconds)
    return _share(paced, 0.99)


def _asked(port: int, keys: list[str], spool: Path, seconds: float, *, every: float) -> list[float]:
    """The times of POSTs with one number, without those of the first tenth.

    Each caller sends once in so many seconds, somewhere within each such span; 0: again at once.
    """
    begin = time.perf_counter() + 0.1
    times: list[tuple[float, float]] = []

    def work(key: str) -> None:
        caller = Caller(port, key)
        for turn in count():
            meant = begin + every * (turn + random.random())
            now = time.perf_counter()
            if max(meant, now) > begin + seconds:
                return
            time.sleep(max(0.0, meant - now))
            since = meant if every else time.perf_counter()
            caller.send(1)
            times.append((since, time.perf_counter() - since))

    threads = [threading.Thread(target=work, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        _empty(spool)
        time.sleep(0.2)
    kept = sorted(took for since, took in times if since > begin + seconds / 10)
    return kept or sys.exit("Nothing was answered.")


def _say_times(how: str, times: list[float], seconds: float) -> None:
    say(
        f"POST of 1 number, {CLIENTS} callers {how}: {len(times) / seconds / 0.9:6.0f}/s"
        f"   median {1000 * _share(times, 0.5):.0f} ms   p99 {1000 * _share(times, 0.99):.0f} ms"
    )


def _share(times: list[float], share: float) -> float:
    return times[int(len(times) * share)]


def _lists(port: int, key: str, spool: Path, files: int) -> float:
    """How many times longer a list of 100 takes with all the files than with 1,000; asked for in turns."""
    many = {"failed": 1000, "sent": files}
    for kind, number in many.items():
        for n in range(number):
            (spool / kind / f"other-{n}").write_text("To: 27820001001\n\nhello")
    # A connection of its own: the server has closed one that waited for the files.
    caller = Caller(port, key)
    samples: dict[str, list[float]] = {kind: [] for kind in many}
    for _ in range(60):
        for kind, times in samples.items():
            times.append(_timed(partial(caller.ask, "GET", f"/api/v1.0/sms/{kind}/")))
    took = {kind: statistics.median(times[10:]) for kind, times in samples.items()}
    for kind, number in many.items():
        say(f"list of 100 of {number:>7} files: {1000 * took[kind]:6.1f} ms")
    longer = took["sent"] / took["failed"]
    say(f"longer by {longer:.2f}")
    return longer


if __name__ == "__main__":
    main()

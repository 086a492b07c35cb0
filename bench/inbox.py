"""How fast messages are listed, sent, marked and deleted with a million receipts in the database.

``make bench-inbox`` or ``python -m bench.inbox --receipts 1000000``. Through
gunicorn with two workers, beside bare views and bare SQL in the same run.
Ends with status 1 when a promise of docs/sendables.md is broken.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2

from bench.common import database, say, set_up_django, workspace
from bench.http import CLIENTS, WORKERS, Call, compare, driver, rate, served
from bench.inbox_fill import MARKER, READERS, RECIPIENTS, SENDER, fill

#: Product beside bare view, requests a second.
LEAST_PAGE_RATIO = 0.6
#: Product beside a bare INSERT … SELECT, time.
LEAST_SEND_RATIO = 0.5
#: The largest inbox beside the smallest, a full table beside an empty one, time.
MOST_GROWTH = 1.5


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-inbox"))
        full, empty = (stack.enter_context(database(name)) for name in ("inbox", "inbox_empty"))
        say(f"Filling in {options.receipts:,} receipts …")
        tokens = _prepare(full, home, options.receipts)
        small_tokens = _prepare_aside(stack, empty, home)
        serve = partial(_served, stack, home)
        product, bare = serve("config.wsgi:application", full), serve("bench.bare_inbox:application", full)
        small = serve("config.wsgi:application", empty)
        for port, token in ((product, tokens["100"]), (bare, tokens["100"]), (small, small_tokens["100"])):
            # Both workers, so that no measurement waits for one to start.
            for _ in range(20):
                _connections.pop(port, None)
                _call(port, token, *_PAGE)
        say(f"gunicorn with {WORKERS} workers, {CLIENTS} connections, asked by {driver()}")
        kept = [
            *_pages(options, home, tokens, product, bare),
            _send(options, tokens["sender"], product, full),
            *_changes(options, (tokens["marker"], product), (small_tokens["marker"], small)),
        ]
        _sent_list(tokens["sender"], product)
    if not all(kept):
        sys.exit("A promise is broken.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receipts", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=6, help="per page, server and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=60, help="of each single call")
    return parser.parse_args()


def _environment(url: str, home: Path) -> dict[str, str]:
    own = {"SECRET_KEY": "bench " * 10, "MESSAGES_PER_HOUR": "0"}
    return {"DATABASE_URL": url, "VAR_DIR": str(home / "var"), **own}


def _prepare(url: str, home: Path, receipts: int) -> dict[str, str]:
    """Fill the database; tokens by who has them."""
    set_up_django(**_environment(url, home))
    fill(receipts=receipts)
    return _tokens()


def _tokens() -> dict[str, str]:
    from accounts.models import User
    from accounts.operations import issue_token

    people = {**{name: pk for name, (pk, _) in READERS.items()}, "sender": SENDER, "marker": MARKER}
    return {name: issue_token(user=User.objects.get(pk=pk), name="bench")[1] for name, pk in people.items()}


def _prepare_aside(stack: ExitStack, url: str, home: Path) -> dict[str, str]:
    """The same for a database with almost nothing in it, through this process's second connection."""
    from django.core.management import call_command
    from django.db import connections

    connections.close_all()
    settings = connections["default"].settings_dict
    name, settings["NAME"] = settings["NAME"], url.rpartition("/")[2]
    port, settings["PORT"] = settings["PORT"], _port(url) or settings["PORT"]
    try:
        call_command("migrate", verbosity=0)
        fill(receipts=0)
        return _tokens()
    finally:
        connections.close_all()
        settings["NAME"], settings["PORT"] = name, port


def _port(url: str) -> str:
    from urllib.parse import urlsplit

    return str(urlsplit(url).port or "")


def _served(stack: ExitStack, home: Path, application: str, url: str) -> int:
    return stack.enter_context(
        served(application, environment=_environment(url, home), log=home / "server.log")
    )


def _pages(
    options: argparse.Namespace, home: Path, tokens: dict[str, str], product: int, bare: int
) -> Iterator[bool]:
    calls = [Call("GET", "/messages/?limit=100")]
    took = {}
    for name in READERS:
        ask = partial(rate, calls=calls, token=tokens[name], seconds=options.seconds, home=home)
        yield (
            compare(f"page of 100, inbox of {name}", (product, bare), ask, rounds=options.rounds)
            >= LEAST_PAGE_RATIO
        )
        took[name] = _median(partial(_call, product, tokens[name], *_PAGE), options.repeats)
    yield _grew("page of 100", took["100,000"], took["100"], "on the inbox of 100")


_PAGE = ("GET", "/messages/?limit=100")
_BARE_MESSAGE = """
INSERT INTO sendables_message (content, sent_on, subject, sender_id)
VALUES ('hello', now(), '', %s) RETURNING id"""
_BARE_RECEIPTS = """
INSERT INTO sendables_messagereceipt (sendable_id, recipient_id, sent_on, place)
SELECT %s, u.id, now(), 1 FROM accounts_user u WHERE u.id = ANY(%s) ORDER BY u.id"""


def _send(options: argparse.Namespace, token: str, port: int, url: str) -> bool:
    """The send of the product over HTTP beside two bare statements in one transaction."""
    ids = list(range(101, 101 + RECIPIENTS))
    body = {"content": "hello", "recipient_ids": ids}
    connection = psycopg2.connect(url)

    def bare() -> None:
        with connection, connection.cursor() as cursor:
            cursor.execute(_BARE_MESSAGE, [SENDER])
            cursor.execute(_BARE_RECEIPTS, [cursor.fetchone()[0], ids])

    ours, theirs = _medians(
        lambda: _call(port, token, "POST", "/messages/send/", body), bare, options.repeats // 4
    )
    connection.close()
    both = f"{ours * 1e3:>8.1f} ms  bare {theirs * 1e3:>8.1f} ms"
    say(f"{'send to 10,000':<28} {both}  ratio {theirs / ours:.2f}")
    return theirs / ours >= LEAST_SEND_RATIO


def _changes(options: argparse.Namespace, *servers: tuple[str, int]) -> Iterator[bool]:
    """Mark, delete and detail on the full table beside the same on an empty one."""
    (token, full), (small_token, empty) = servers
    _, items = _call(full, token, "GET", "/messages/?limit=1000")
    _, small_items = _call(empty, small_token, "GET", "/messages/?limit=1000")
    keys, small_keys = ([item["id"] for item in found] for found in (items, small_items))
    steps: dict[str, Callable[[int, str, int], Any]] = {
        "mark as read": lambda port, who, key: _call(port, who, "PATCH", "/messages/mark-read/", _ids(key)),
        "mark as unread": lambda port, who, key: _call(
            port, who, "PATCH", "/messages/mark-unread/", _ids(key)
        ),
        "detail": lambda port, who, key: _call(port, who, "GET", f"/messages/{key}/"),
        "unread count": lambda port, who, key: _call(port, who, "GET", "/messages/unread-count/"),
        "delete": lambda port, who, key: _call(port, who, "DELETE", "/messages/delete/", _ids(key)),
    }
    for name, step in steps.items():
        ours, least = _medians(
            _in_turn(partial(step, full, token), keys),
            _in_turn(partial(step, empty, small_token), small_keys),
            options.repeats * 3,
        )
        yield _grew(name, ours, least, "on an empty table")


def _in_turn(step: Callable[[int], Any], keys: list[int]) -> Callable[[], Any]:
    """Does the step with the next key at each call."""
    rest = iter(keys)
    return lambda: step(next(rest))


def _ids(key: int) -> dict[str, list[int]]:
    return {"message_ids": [key]}


def _sent_list(token: str, port: int) -> None:
    begun = time.perf_counter()
    _, items = _call(port, token, "GET", "/messages/sent/")
    recipients = sum(len(item["recipients"]) for item in items)
    say(f"{'sent list':<28} {(time.perf_counter() - begun) * 1e3:>8.1f} ms  {recipients:,} recipients shown")


def _grew(name: str, took: float, least: float, beside: str) -> bool:
    say(f"{name:<28} {took * 1e3:>8.2f} ms  {beside} {least * 1e3:.2f} ms  growth {took / least:.2f}")
    return took / least <= MOST_GROWTH


def _median(work: Callable[[], Any], repeats: int) -> float:
    return _medians(work, lambda: None, repeats)[0]


def _medians(one: Callable[[], Any], other: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Seconds of both, measured in turns so that whatever else the machine does meets both."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(max(repeats, 3)):
        for seconds, work in zip(took, (one, other), strict=True):
            begun = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begun)
    return statistics.median(took[0]), statistics.median(took[1])


_connections: dict[int, http.client.HTTPConnection] = {}


def _call(port: int, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request over a connection that is kept; ends the benchmark when it fails."""
    connection = _connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=60))
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    content = json.dumps(body) if body is not None else None
    try:
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
    except http.client.RemoteDisconnected:
        # Idle for longer than the server keeps a connection; nothing was done yet.
        connection.close()
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text[:300]!r}")
    return answer.status, json.loads(text) if text else None


if __name__ == "__main__":
    main()

"""What the benchmarks share: servers and a database of their own, a filled database, a table at the end."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from tests import servers

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def workspace(name: str, directory: Path | None = None) -> Iterator[Path]:
    """A temporary directory that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix=f"switchboard-{name}-", dir=directory))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def database(name: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of its own, dropped afterwards.

    Beside the database of DATABASE_URL where that is PostgreSQL, else in a
    cluster started for the purpose (which does not sync to the disk: then
    both sides of every comparison are faster than in production).
    """
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield from _database_beside(given, f"bench_{name}_{os.getpid()}")
        return
    if servers.find_postgres() is None:
        sys.exit("This benchmark needs PostgreSQL: set DATABASE_URL, or install its server.")
    cluster = servers.Postgres()
    try:
        yield cluster.start().create_database(f"bench_{name}")
    finally:
        cluster.close()


def _database_beside(given: str, name: str) -> Iterator[str]:
    parts = urlsplit(given)
    admin = psycopg2.connect(given)
    admin.autocommit = True
    try:
        admin.cursor().execute(f'CREATE DATABASE "{name}"')
        try:
            yield parts._replace(path=f"/{name}").geturl()
        finally:
            admin.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        admin.close()


def set_up_django(**environment: str) -> None:
    """Start Django in this process under the given environment."""
    os.environ.update({"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"} | environment)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def execute(statement: str, params: Sequence[Any] = ()) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def say(*words: object) -> None:
    """Print a line at once, so that it is seen while the next measurement runs."""
    print(*words, flush=True)


class Stopwatch:
    """Wall-clock and this process's own time since it was made, in seconds."""

    def __init__(self) -> None:
        self._wall, self._own = time.perf_counter(), time.process_time()

    def wall(self) -> float:
        return time.perf_counter() - self._wall

    def own(self) -> float:
        return time.process_time() - self._own

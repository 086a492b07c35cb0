"""Another installation's database, from which records are moved in. It is only read."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.db.utils import ConnectionHandler

_POSTGRESQL = ("postgres", "postgresql")
SCHEMES = (*_POSTGRESQL, "mysql", "sqlite")
#: Rows that are read and taken in together.
BITE = 500


class Elsewhere:
    """A connection to it; ValueError when the URL is none."""

    def __init__(self, url: str) -> None:
        scheme = urlsplit(url).scheme
        if scheme not in SCHEMES:
            raise ValueError("the URL must begin with postgres://, mysql:// or sqlite://")
        config: dict[str, Any] = dict(environ.Env.db_url_config(url))
        if scheme in _POSTGRESQL:
            # Whatever is asked, nothing is written there.
            config["OPTIONS"] = config.get("OPTIONS", {}) | {"options": "-c default_transaction_read_only=on"}
        elif scheme == "sqlite" and config["NAME"] != ":memory:":
            # Nor is a file made whose name was mistyped.
            config["NAME"] = f"{Path(config['NAME']).absolute().as_uri()}?mode=rw"
            config["OPTIONS"] = config.get("OPTIONS", {}) | {"init_command": "PRAGMA query_only = ON"}
        self.connection: Any = ConnectionHandler({"default": config})["default"]

    def close(self) -> None:
        self.connection.close()

    def rows(self, statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, params)
            return list(cursor.fetchall())

    def columns(self, table: str) -> set[str]:
        """The table's columns; none when there is no such table."""
        with self.connection.cursor() as cursor:
            if table not in self.connection.introspection.table_names(cursor):
                return set()
            found = self.connection.introspection.get_table_description(cursor, table)
        return {column.name for column in found}

    def count(self, table: str, where: str = "TRUE") -> int:
        return int(self.rows(f"SELECT COUNT(*) FROM {self._quoted(table)} WHERE {where}")[0][0])  # noqa: S608 - our own words

    def records(
        self, table: str, wanted: Sequence[str], *, where: str = "TRUE"
    ) -> Iterator[list[dict[str, Any]]]:
        """A table's records in the order of their ids, ``BITE`` at a time: one statement each.

        Of the ``wanted`` columns those that there are: older versions have fewer.
        """
        there = self.columns(table)
        names = [name for name in wanted if name in there]
        shown = ", ".join(self._quoted(name) for name in names)
        start = f"SELECT {shown} FROM {self._quoted(table)} WHERE {where}"  # noqa: S608 - our own words
        last: list[Any] = []
        while True:
            behind = " AND id > %s" if last else ""
            found = self.rows(f"{start}{behind} ORDER BY id LIMIT {BITE}", last)
            if found:
                yield [dict(zip(names, row, strict=True)) for row in found]
            if len(found) < BITE:
                return
            last = [found[-1][names.index("id")]]

    @staticmethod
    def json(value: Any) -> Any:
        """What a column of JSON says, which a cursor gives as text."""
        return json.loads(value) if isinstance(value, str) else value

    def _quoted(self, name: str) -> str:
        return str(self.connection.ops.quote_name(name))


@dataclass
class Report:
    """What became of the records, by kind. ``tell`` hears of each that was refused or altered, and why."""

    tell: Callable[[str], None]
    #: By kind: new, known, different, refused, altered.
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def new(self, kind: str, count: int = 1) -> None:
        self.counts[kind]["new"] += count

    def known(self, kind: str, count: int = 1) -> None:
        """They are here already, just so."""
        self.counts[kind]["known"] += count

    def differ(self, kind: str, key: Any, how: str) -> None:
        """It is here already, not as it is there, and was left alone."""
        self.counts[kind]["different"] += 1
        self.tell(f"{kind} {key}: left as it is: {how}")

    def refuse(self, kind: str, key: Any, reason: str) -> None:
        self.counts[kind]["refused"] += 1
        self.tell(f"{kind} {key}: refused: {reason}")

    def note(self, kind: str, key: Any, remark: str) -> None:
        """It was taken in, with a change that somebody should know of."""
        self.counts[kind]["altered"] += 1
        self.tell(f"{kind} {key}: {remark}")

    @property
    def left(self) -> int:
        """How many are not here as they are there."""
        return sum(count["refused"] + count["different"] for count in self.counts.values())

    def lines(self, *, dry_run: bool) -> list[str]:
        """The sums, one kind a line."""
        would = "would be " if dry_run else ""
        return [
            f"{kind}: {count['new']} {would}brought in, {count['known']} were here already,"
            f" {count['refused']} refused"
            + "".join(f", {count[what]} {what}" for what in ("different", "altered") if count[what])
            for kind, count in self.counts.items()
            if count.total()
        ]

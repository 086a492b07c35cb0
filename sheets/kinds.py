"""What can be imported: each kind of list is described by the app that has it, and found by settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from sheets.reading import Table, Unreadable
from sheets.resources import SheetResource


@dataclass(frozen=True)
class Column:
    """A column as people are told of it."""

    name: str
    help: str
    example: str = ""


@dataclass(frozen=True)
class Record:
    """What one row says, or one cell of a table that is laid out in two dimensions.

    ``columns`` tells under which name a field stands in the file, where that is not its own.
    """

    line: int
    cells: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)


class UnknownSubject(LookupError):
    """What the list belongs to is not there (any more)."""


class Kind(Protocol):
    """A kind of list. Stateless; one instance serves all threads."""

    #: What people call it, and what one row is.
    title: str
    row_name: str
    columns: Sequence[Column]
    #: Rights that whoever imports needs, as ``app.codename``.
    permissions: Sequence[str]
    #: All rows or none: then a file with faults is not imported, and its rows are few.
    whole: bool
    #: What happens with what was imported; shown when it is done. May be empty.
    afterwards: str

    def subject_title(self, subject: str) -> str:
        """What it belongs to, e.g. a set's name; empty where there is only one. Raises UnknownSubject."""

    def link(self, subject: str) -> str:
        """Where one sees what was imported."""

    def resource(self, subject: str, user: User | None) -> SheetResource:
        """Takes the records in, batch by batch. Raises UnknownSubject."""

    def records(self, table: Table, subject: str) -> Iterator[Record]:
        """The table's rows in the fields' terms. Raises Unreadable for a header that cannot be understood."""


@cache
def _kind(path: str) -> Kind:
    return import_string(path)()


def kind(name: str) -> Kind:
    """The kind of that name; KeyError when the installation has none."""
    return _kind(settings.SHEETS[name])


def kind_names() -> list[str]:
    return list(settings.SHEETS)


def rows_as_they_are(
    table: Table, columns: Sequence[Column], required: Sequence[str] = ()
) -> Iterator[Record]:
    """One record a row, for tables whose columns are the fields. Names are found whatever their case."""
    header = [name.lower() for name in table.header]
    check_header(header, [column.name for column in columns], required)
    for line in table.rows():
        yield Record(line.number, dict(zip(header, line.cells, strict=True)))


def check_header(header: Sequence[str], known: Sequence[str], required: Sequence[str] = ()) -> None:
    strangers = [name for name in header if name not in known]
    if strangers:
        named = ", ".join(name[:40] for name in strangers[:5])
        raise Unreadable(f"Not known: {named}. The columns are {', '.join(known)}.", 1)
    if missing := [name for name in required if name not in header]:
        raise Unreadable(f"The column {missing[0]} is missing.", 1)

"""Reading a drf-sendables installation's tables.

There, a content row has a copy per recipient who still holds it and an
association per recipient it was sent to, both pointing at it by content type
and number. The associations go when the sender removes the message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from accounts.elsewhere import Elsewhere

COPIES, ASSOCIATIONS = "sendables_receivedsendable", "sendables_recipientsendableassociation"


@dataclass
class Original:
    """One content row with everybody it concerns, by user names."""

    key: Any
    values: dict[str, Any]
    sent_on: datetime
    removed: bool
    sender: str | None
    #: Who holds a copy, and whether it was read.
    copies: dict[str, bool] = field(default_factory=dict)
    #: Who it was sent to, as far as is known still.
    sent_to: set[str] = field(default_factory=set)


class Source(Elsewhere):
    """The other installation's database; ValueError when the URL is none."""

    def content_type(self, model: str) -> int | None:
        """The number of ``app_label.model`` there; None when nothing was ever sent."""
        statement = "SELECT id FROM django_content_type WHERE app_label = %s AND model = %s"
        found = self.rows(statement, model.split("."))
        return found[0][0] if found else None

    def originals(
        self, table: str, content_type: int, names: Iterable[str], bite: int
    ) -> Iterator[list[Original]]:
        """All content rows of a table in the order of their ids, a bite at a time."""
        last: Any = None
        while found := self._contents(table, list(names), last, bite):
            self._people(COPIES, content_type, found)
            self._people(ASSOCIATIONS, content_type, found)
            yield list(found.values())
            last = next(reversed(found))

    def _contents(self, table: str, names: list[str], last: Any, bite: int) -> dict[Any, Original]:
        quote = self.connection.ops.quote_name
        sender = "sender_id" in self.columns(table)
        shown = "".join(f", c.{quote(name)}" for name in names)
        who = ", u.username" if sender else ", NULL"
        join = " LEFT JOIN auth_user u ON u.id = c.sender_id" if sender else ""
        behind, params = ("", []) if last is None else (" WHERE c.id > %s", [last])
        rows = self.rows(
            f"SELECT c.id, c.sent_on, c.is_removed{who}{shown} FROM {quote(table)} c{join}{behind}"  # noqa: S608 (names are quoted)
            f" ORDER BY c.id LIMIT {int(bite)}",
            params,
        )
        return {row[0]: _original(row, names) for row in rows}

    def _people(self, table: str, content_type: int, found: dict[Any, Original]) -> None:
        is_read = "t.is_read" if table == COPIES else "NULL"
        statement = (
            f"SELECT t.object_id, u.username, {is_read} FROM {table} t"  # noqa: S608 (our own names)
            " JOIN auth_user u ON u.id = t.recipient_id"
            " WHERE t.content_type_id = %s AND t.object_id BETWEEN %s AND %s ORDER BY t.id"
        )
        for key, name, read in self.rows(statement, [content_type, min(found), max(found)]):
            if key not in found:
                continue  # a copy whose content is gone
            if table == COPIES:
                found[key].copies[name] = bool(read) and found[key].copies.get(name, True)
            else:
                found[key].sent_to.add(name)


def _original(row: tuple[Any, ...], names: list[str]) -> Original:
    key, sent_on, removed, sender = row[:4]
    return Original(key, dict(zip(names, row[4:], strict=True)), _moment(sent_on), bool(removed), sender)


def _moment(value: Any) -> datetime:
    """A moment as the other database gives it: SQLite as text, and some without saying that it is UTC."""
    moment = value if isinstance(value, datetime) else parse_datetime(str(value))
    if moment is None:
        raise ValueError(f"{value!r} is no moment")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def names_in(originals: Iterable[Original]) -> set[str]:
    """Everybody who occurs."""
    found: dict[str, None] = defaultdict()
    for one in originals:
        found |= dict.fromkeys([*one.copies, *one.sent_to, *([one.sender] if one.sender else [])])
    return set(found)

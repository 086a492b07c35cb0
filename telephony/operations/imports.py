"""Many users at once, from rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from telephony.errors import Unusable
from telephony.models import TelephonyUser

#: Rows of one INSERT.
BITE = 1000


@dataclass(frozen=True)
class RowError:
    """What is wrong in one row: its number in the table, the column, the reason."""

    row: int
    column: str
    reason: str


@dataclass
class ImportReport:
    """What an import did, or would do. ``created`` holds the ids, empty when nothing was written."""

    rows: int = 0
    created: list[int] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def import_users(
    *,
    rows: Iterable[tuple[int, Mapping[str, str]]],
    read: Callable[[Mapping[str, str]], dict[str, Any]],
    dry_run: bool = False,
) -> ImportReport:
    """Create a user for each numbered row, all or none.

    ``read`` turns a row into checked columns and raises Unusable for it. Every
    row is looked at, so that all errors are told at once.
    """
    report, users = ImportReport(), []
    for number, row in rows:
        report.rows += 1
        try:
            users.append(_user(read(row)))
        except Unusable as error:
            report.errors += [RowError(number, name, "This value cannot be used.") for name in error.names]
    if not dry_run and not report.errors:
        with transaction.atomic():
            TelephonyUser.objects.bulk_create(users, batch_size=BITE)
        report.created = [user.pk for user in users]
    return report


def _user(values: dict[str, Any]) -> TelephonyUser:
    user = TelephonyUser(**values)
    user.callerid = user.callerid or user.full_name
    return user

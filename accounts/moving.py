"""What commands that move another installation over have in common."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from accounts.elsewhere import Elsewhere, Report


def opened(url: str) -> Elsewhere:
    """The other database. Raises CommandError for what is no URL of one."""
    try:
        return Elsewhere(url)
    except (ImproperlyConfigured, ValueError, KeyError):
        raise CommandError("The source is no database URL.") from None


class MovingCommand(BaseCommand):
    """Reads another installation's database and takes its records in: ``move`` does it, table by table.

    Exit code 1 when some were refused; those that were not are here all the same.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="URL", help="e.g. postgres://user@host/name")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would be brought in or refused, and change nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source, report = opened(options["source"]), Report(self.stderr.write)
        if source.connection.vendor != "postgresql":
            raise CommandError("The source must be a PostgreSQL database.")
        try:
            self.move(source, report, options)
        finally:
            source.close()
        for line in report.lines(dry_run=options["dry_run"]):
            self.stdout.write(line)
        if report.left:
            raise CommandError(
                f"{report.left} records are not here as they are there; the reasons are above."
            )

    def move(self, source: Elsewhere, report: Report, options: dict[str, Any]) -> None:
        """To be written by the command."""
        raise NotImplementedError

    def bar(self, what: str, total: int) -> tqdm[Any]:
        """How far it is, for whoever looks."""
        return tqdm(total=total, desc=what, unit=" rows", file=self.stderr, disable=not self.stderr.isatty())

    def need(self, source: Elsewhere, table: str) -> None:
        """Raises CommandError where the source has no such table."""
        try:
            columns = source.columns(table)
        except DatabaseError as trouble:
            raise CommandError(f"The source cannot be read: {trouble}") from trouble
        if not columns:
            raise CommandError(f"The source has no table {table}: is it the right database?")

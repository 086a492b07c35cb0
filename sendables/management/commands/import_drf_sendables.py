"""Moves the messages and notices of a drf-sendables installation in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from sendables.entities import Entity, entity
from sendables.operations.importing import BITE, Report, import_bite
from sendables.operations.originals import Source


class Command(BaseCommand):
    help = (
        "Copies contents, copies and recipients from the database of a drf-sendables installation."
        " Accounts are matched by user name and must exist here. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="URL", help="e.g. postgres://user:password@host/name")
        parser.add_argument(
            "--name", default="drf-sendables", help="what this source is called in the records"
        )
        parser.add_argument(
            "--entity",
            action="append",
            metavar="ENTITY=APP.MODEL",
            help="entity here and model there; default message=sendables.message notice=sendables.notice",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        pairs = options["entity"] or ["message=sendables.message", "notice=sendables.notice"]
        source = open_source(options["source"])
        try:
            for kind, model in [read_pair(pair) for pair in pairs]:
                report = self.move(source, kind, model, options)
                self.say(kind, report, dry_run=options["dry_run"])
        except DatabaseError as trouble:
            raise CommandError(f"The source cannot be read: {trouble}") from trouble
        finally:
            source.close()

    def move(self, source: Source, kind: Entity, model: str, options: dict[str, Any]) -> Report:
        report, table = Report(), model.replace(".", "_")
        columns, content_type = source.columns(table), source.content_type(model)
        if not columns:
            raise CommandError(f"The source has no table {table} for {kind.name}.")
        if content_type is None:
            return report
        names = [name for name in kind.settings.SENT_FIELD_NAMES if name in columns]
        quiet = not self.stderr.isatty()
        with tqdm(total=source.count(table), desc=kind.name, file=self.stderr, disable=quiet) as bar:
            for originals in source.originals(table, content_type, names, BITE):
                import_bite(
                    kind, originals, source=options["name"], report=report, dry_run=options["dry_run"]
                )
                bar.update(len(originals))
        return report

    def say(self, kind: Entity, report: Report, *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{kind.name}: {report.contents} {would}brought in with {report.receipts} receipts,"
            f" {report.known} were there already, {report.nobodys} belong to nobody here"
        )
        if report.strangers:
            some = ", ".join(sorted(report.strangers)[:10])
            self.stdout.write(f"{kind.name}: {len(report.strangers)} people have no account here: {some}")


def open_source(url: str) -> Source:
    try:
        return Source(url)
    except (ImproperlyConfigured, ValueError, KeyError) as trouble:
        raise CommandError("The source is no database URL.") from trouble


def read_pair(pair: str) -> tuple[Entity, str]:
    name, _, model = pair.partition("=")
    try:
        kind = entity(name)
    except KeyError:
        raise CommandError(f"There is no entity {name!r}.") from None
    if model.count(".") != 1 or not model.replace(".", "").replace("_", "").isalnum():
        raise CommandError(f"{pair!r}: write ENTITY=app_label.model")
    return kind, model

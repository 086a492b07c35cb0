"""``manage.py export_messageset SET``: a set's texts as a spreadsheet."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from sheets.writing import csv_lines, xlsx_file
from stagebased.management.named import message_set_named
from stagebased.sheets import column_by_language, row_by_row

FORMATS = (".csv", ".xlsx")


class Command(BaseCommand):
    help = "Writes a message set's texts (drafts before what is published) as import_messageset reads them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("messageset", metavar="SET", help="short name of the message set")
        parser.add_argument(
            "file",
            metavar="FILE",
            type=Path,
            nargs="?",
            help="….csv or ….xlsx; default: CSV to standard output",
        )
        parser.add_argument(
            "--columns", action="store_true", help="a row for each stage, a column for each language"
        )
        parser.add_argument("--overwrite", action="store_true", help="replace the file if there is one")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be written, and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        self._check(path, overwrite=options["overwrite"])
        message_set = message_set_named(options["messageset"])
        header, rows = (column_by_language if options["columns"] else row_by_row)(message_set)
        if options["dry_run"]:
            self.stdout.write(f"{len(rows)} rows would be written to {path or 'standard output'}")
        elif path is None:
            for line in csv_lines(header, rows):
                self.stdout.write(line.decode(), ending="")
        else:
            _write(path, header, rows)
            self.stdout.write(f"{len(rows)} rows written to {path}")

    def _check(self, path: Path | None, *, overwrite: bool) -> None:
        if path is None:
            return
        if path.suffix.lower() not in FORMATS:
            raise CommandError(f"{path}: the name ends with {' or '.join(FORMATS)}.")
        if path.exists() and not overwrite:
            raise CommandError(f"{path} is there already (--overwrite replaces it).")


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The whole file or, when the disk is full, none: written beside it and renamed."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                _fill(file, path.suffix.lower(), header, rows)
                beside.chmod(0o666 & ~_umask())
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None


def _fill(file: Any, suffix: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if suffix == ".csv":
        file.writelines(csv_lines(header, rows))
    else:
        with xlsx_file(header, rows) as book:
            file.writelines(book)
    file.flush()


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now

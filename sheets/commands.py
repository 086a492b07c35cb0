"""What management commands that import a spreadsheet have in common."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from sheets import operations
from sheets.models import Import
from sheets.operations import NotPossible

State = Import.State


class ImportCommand(BaseCommand):
    """Checks a file, tells of each faulty row, and takes it in: what the admin's pages do, in one go."""

    #: Of ``sheets.kinds``.
    kind: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a CSV file or an Excel workbook (.xlsx)")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what is wrong and what would be done, and do nothing"
        )

    def take_in(self, path: Path, subject: str, *, dry_run: bool) -> None:
        """The file, row by row. Raises CommandError when it or some of its rows were refused."""
        job = self._check(path, subject)
        self._tell(job, "would be " if dry_run else "")
        if dry_run or not (job.new or job.changed):
            operations.discard(import_id=job.pk)
        else:
            self._import(job)
        if job.faulty:
            raise CommandError(f"{path}: {job.faulty} rows were refused.")

    def _check(self, path: Path, subject: str) -> Import:
        try:
            with path.open("rb") as file:
                made = operations.bring(
                    kind_name=self.kind, subject=subject, file=File(file, path.name), user=None
                )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        job = self._go_on(made, "checked")
        if job.state == State.REFUSED:
            raise CommandError(f"{path}: row {job.problem_line or 1}: {job.problem}")
        for fault in job.faults.order_by("line", "pk").iterator():
            self.stderr.write(str(fault))
        return job

    def _import(self, job: Import) -> None:
        try:
            operations.confirm(import_id=job.pk, user=None)
        except NotPossible as error:
            operations.discard(import_id=job.pk)
            raise CommandError(str(error)) from None
        job = self._go_on(job, "imported", total=job.rows)
        if job.state != State.DONE:
            raise CommandError("Nothing was imported: what the list is about has changed meanwhile.")

    def _go_on(self, job: Import, what: str, total: int | None = None) -> Import:
        with tqdm(total=total, desc=what, unit=" rows", file=self.stderr, disable=self._quiet()) as bar:
            return operations.finish(import_id=job.pk, told=lambda done: bar.update(done - bar.n))

    def _quiet(self) -> bool:
        """No bar where nobody looks at it."""
        return not self.stderr.isatty()

    def _tell(self, job: Import, would: str) -> None:
        self.stdout.write(
            f"{job.new} {would}new, {job.changed} {would}changed, {job.unchanged} as they are,"
            f" {job.faulty} refused"
        )


def report_lines(errors: dict[str, Any]) -> list[str]:
    """A refusal's errors, one a line."""
    return [f"{place}: {' '.join(texts)}" for place, texts in errors.items()]

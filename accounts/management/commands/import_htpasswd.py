"""``manage.py import_htpasswd FILE``: accounts with the passwords they have in an htpasswd file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.operations import Imported, import_account


class Command(BaseCommand):
    help = (
        "Makes an account for each line (name:hash) of an htpasswd file (apr1, bcrypt, SHA-1, crypt)."
        " Nobody needs a new password; each is hashed anew when it is first used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="name:hash on each line")
        parser.add_argument(
            "--overwrite", action="store_true", help="replace the passwords of accounts that exist already"
        )
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            told = self._take_in(options)
            transaction.set_rollback(options["dry_run"])
        self.stdout.write("; ".join(f"{result.value}: {count}" for result, count in told.items() if count))
        if options["dry_run"]:
            self.stdout.write("Nothing was changed (dry run).")
        if told[Imported.BAD_NAME] or told[Imported.UNKNOWN_HASH]:
            raise CommandError("Some lines were not taken over.")

    def _take_in(self, options: dict[str, Any]) -> dict[Imported, int]:
        told: dict[Imported, int] = dict.fromkeys(Imported, 0)
        for number, line in enumerate(_lines(options["file"]), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            username, _, rest = line.partition(":")
            result = import_account(
                username=username, hashed=rest.partition(":")[0].strip(), overwrite=options["overwrite"]
            )
            told[result] += 1
            if result in (Imported.BAD_NAME, Imported.UNKNOWN_HASH):
                self.stderr.write(f"Line {number}: {result.value}.")
        return told


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not a text file.") from None

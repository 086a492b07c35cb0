"""``manage.py backup FILE``: everything but the keys, in one file, while all runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import backups


class Command(BaseCommand):
    help = "Writes the database and the uploaded files into one file. Keys are kept apart from it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to write it; an older one there is replaced")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            about = backups.save(path)
        except (backups.Unusable, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{options['file']}: {options['file'].stat().st_size} bytes, as of {about['made_at']}"
        )

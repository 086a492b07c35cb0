"""``manage.py import_contacts FILE``: people from a spreadsheet."""

from __future__ import annotations

from typing import Any

from sheets.commands import ImportCommand


class Command(ImportCommand):
    help = (
        "Makes and corrects people as a list tells of them (columns identity, msisdn, email, name, language,"
        " timezone, details). Faulty rows are told of and left out; the same list twice changes nothing."
    )
    kind = "people"

    def handle(self, *args: Any, **options: Any) -> None:
        self.take_in(options["file"], "", dry_run=options["dry_run"])

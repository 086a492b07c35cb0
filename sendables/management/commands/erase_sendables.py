"""Erases all messages and notices of one person."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sendables.management.commands.export_sendables import person_named
from sendables.operations import erase_person, export_person


class Command(BaseCommand):
    help = "Removes what was sent to a person and what they wrote, everywhere. The account stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the account's user name")
        parser.add_argument(
            "--keep-sent", action="store_true", help="leave what they wrote with its readers, without a name"
        )
        parser.add_argument("--dry-run", action="store_true", help="say how much there is and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        person = person_named(options["username"])
        if options["dry_run"]:
            self.stdout.write(f"{sum(1 for _ in export_person(person))} records are the person's")
            return
        erased = erase_person(person, keep_sent=options["keep_sent"])
        self.stdout.write(f"{erased} contents and copies are erased")

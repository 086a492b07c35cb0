"""``manage.py seed_demo``: something to look at in every dialect."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, call_command

#: One for each app that has something to show.
PARTS = ("seed_programme", "seed_members")


class Command(BaseCommand):
    help = "Load the demo: a programme with its subscribers, and members of a hospitality network."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="Leave each part out where something of its kind exists."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be loaded.")

    def handle(self, *args: Any, **options: Any) -> None:
        for part in PARTS:
            call_command(part, if_empty=options["if_empty"], dry_run=options["dry_run"], stdout=self.stdout)

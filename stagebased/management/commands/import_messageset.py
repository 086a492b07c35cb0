"""``manage.py import_messageset FILE SET``: a set's texts from a spreadsheet."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.db import transaction

from sheets.commands import ImportCommand, report_lines
from stagebased.errors import Refused
from stagebased.management.named import message_set_named
from stagebased.models import MessageSet
from stagebased.operations.content import publish, save_message_set


class Command(ImportCommand):
    help = (
        "Takes the texts of a message set in as drafts, all of them or none: a row for each text (columns"
        " stage, lang, text, file, metadata) or for each stage with a column for each language, as"
        " export_messageset writes them. The same file twice changes nothing."
    )
    kind = "texts"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("messageset", metavar="SET", help="short name of the message set")
        parser.add_argument(
            "--create", type=int, metavar="SCHEDULE", help="make the set, on the schedule with this id"
        )
        parser.add_argument("--publish", action="store_true", help="publish the set's drafts afterwards")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        subject = self._create(options) if options["create"] else message_set_named(options["messageset"])
        # All of it is undone after a trial, so that a trial finds what the real thing would.
        self.take_in(options["file"], str(subject.pk), dry_run=False)
        if options["publish"]:
            self._publish(subject)
        if options["dry_run"]:
            transaction.set_rollback(True)
            self.stdout.write("Nothing was changed (dry run).")

    def _create(self, options: dict[str, Any]) -> MessageSet:
        try:
            return save_message_set(
                message_set=MessageSet(
                    short_name=options["messageset"], default_schedule_id=options["create"]
                )
            )
        except Refused as refused:
            raise CommandError("\n".join(report_lines(refused.errors))) from None

    def _publish(self, message_set: MessageSet) -> None:
        try:
            done = publish(message_set_id=message_set.pk)
        except Refused as refused:
            raise CommandError("\n".join(["Nothing is published:", *report_lines(refused.errors)])) from None
        self.stdout.write(f"{done.texts} texts published, edition {done.edition}")

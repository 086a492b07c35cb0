"""``manage.py restore FILE``: what a backup holds, without sending again what has gone out since."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from broadcasts.operations import pause_all
from config import backups
from hospitality.operations import mail as hospitality
from outbox import failures
from outbox.operations import cancel_due
from stagebased import bulk
from stagebased.operations.outages import forgo_slots
from telephony import operations as telephony


class Command(BaseCommand):
    help = (
        "Puts back what a backup holds; workers and beat must be stopped. What was due before now is not "
        "sent: it may have gone out after the backup was made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="one that backup has written")
        parser.add_argument("--replace", action="store_true", help="although there is something here already")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            about = backups.read_about(options["file"])
            if backups.is_in_use() and not options["replace"]:
                raise CommandError("This installation is in use. With --replace what it knows is lost.")
            backups.load(options["file"])
        except backups.Unusable as error:
            raise CommandError(str(error)) from None
        # The backup may be of an earlier version.
        call_command("migrate", verbosity=0, interactive=False)
        self._settle()
        self.stdout.write(f"Restored as of {about['made_at']}. Look at it, then start workers and beat.")

    @transaction.atomic
    def _settle(self) -> None:
        now, why = timezone.now(), "Due before the database was restored."
        orders = failures.stop_all() + bulk.stop_resends(why=why)
        cancelled = cancel_due(now=now, reason="restored", detail=why)
        slots, paused = forgo_slots(now=now), pause_all()
        mails = telephony.forgo_mails() + hospitality.forgo_mails()
        self.stdout.write(
            f"Not sent again: {cancelled} messages, {slots} slots, {mails} e-mails; "
            f"stopped: {orders} orders to send again; paused: {paused} broadcasts."
        )

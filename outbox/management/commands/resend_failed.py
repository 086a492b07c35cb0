"""``manage.py resend_failed``: repeat messages that did not arrive."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from outbox import failures
from outbox.models import Resend

MOST_HOURS = 24 * 366
#: Seconds of work between two looks at how far it is, and of waiting for a worker that is at it already.
TURN, WAIT = 1.0, 0.2


class Command(BaseCommand):
    help = (
        "Queues messages again that failed or came too late, each at most once however often this runs. Slots"
        " in which no message could be made are left to the list of what needs attention."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--hours", type=int, default=24, help="what ended in the last so many; default: 24"
        )
        parser.add_argument("--state", choices=failures.STATES, help="only these; default: both")
        parser.add_argument("--reason", help="only those that ended for this reason, e.g. no_report")
        parser.add_argument("--source", help="only what this has sent: subscription, broadcast, sms-api, …")
        parser.add_argument("--channel", help="only this channel")
        parser.add_argument("--gateway", help="only this gateway")
        parser.add_argument("--dry-run", action="store_true", help="count, and queue nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["hours"] <= MOST_HOURS:
            raise CommandError(f"--hours lies between 1 and {MOST_HOURS}.")
        since = timezone.now() - timedelta(hours=options["hours"])
        criteria = {name: options[name] for name in failures.NAMES if options[name]}
        if options["dry_run"]:
            self.stdout.write(
                f"{failures.sendable(criteria, since=since).count()} found. Nothing was queued."
            )
            return
        done = self._go_on(failures.order(criteria=criteria, since=since))
        self.stdout.write(
            f"{done.total} found: {done.queued} queued again, {done.refused} cannot be sent now either,"
            f" {done.passed_over} repeated before"
        )
        if done.stopped:
            raise CommandError("Somebody has stopped it.")

    def _go_on(self, order: Resend) -> Resend:
        """Work on it here, beside the workers, until it is done. Ended early, they do what is left."""
        quiet = not self.stderr.isatty()
        with tqdm(total=order.total, unit=" messages", file=self.stderr, disable=quiet) as bar:
            while order.finished_at is None:
                if not failures.work(budget=TURN):
                    time.sleep(WAIT)
                order.refresh_from_db()
                bar.update(order.queued + order.refused + order.passed_over - bar.n)
        return order

"""``manage.py prune``: remove what has had its time."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts import retention
from accounts.retention import Rule

#: Seconds between two lines about one rule's work.
_PROGRESS = 5.0
#: Exit codes beside 0 (done) and 1 (wrong arguments).
_FAILED, _TIME_OVER = 2, 3


class Command(BaseCommand):
    help = (
        "Remove what has had its time, in bites, as the retention settings say; the worker does the same "
        "each night. Exit code 0: done, 1: wrong arguments, 2: something could not be removed, "
        "3: --seconds are over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say how much there is and do nothing.")
        parser.add_argument("--list", action="store_true", help="Say what there is to remove, and when.")
        parser.add_argument("--only", action="append", metavar="NAME", help="These rules; see --list.")
        parser.add_argument("--older-than", type=float, metavar="DAYS", help="Instead of the setting's days.")
        parser.add_argument("--seconds", type=float, help="Stop after so long; the next run goes on.")

    def handle(self, *args: Any, **options: Any) -> None:
        rules, days = self._chosen(options)
        if options["list"]:
            for rule in rules:
                self.stdout.write(f"{rule.name}: {rule.what}, {_kept(rule.days())}")
            return
        seconds = options["seconds"]
        until = None if seconds is None else time.monotonic() + seconds
        failed = False
        for rule in rules:
            if until is not None and time.monotonic() > until:
                break
            failed |= not self._deal_with(rule, days, until, dry_run=options["dry_run"])
        if failed:
            sys.exit(_FAILED)
        if until is not None and time.monotonic() > until:
            self.stderr.write("The time is over; there may be more.")
            sys.exit(_TIME_OVER)

    def _chosen(self, options: dict[str, Any]) -> tuple[list[Rule], float | None]:
        days, names = options["older_than"], options["only"] or []
        if days is not None and not 0 < days < 36_500:
            raise CommandError("--older-than: write a number of days above 0")
        if days is not None and not names:
            raise CommandError("--older-than counts for the rules that --only names")
        try:
            return retention.rules(names), days
        except retention.UnknownRule as unknown:
            raise CommandError(f"There is no rule {unknown}; --list names them.") from None

    def _deal_with(self, rule: Rule, days: float | None, until: float | None, *, dry_run: bool) -> bool:
        try:
            if dry_run:
                found = rule.count(rule.days() if days is None else days)
                self.stdout.write(f"{rule.name}: {found} {rule.what}")
            else:
                self._remove(rule, days, until)
        except Exception as error:  # noqa: BLE001 - the other rules are to be applied
            self.stderr.write(f"{rule.name}: {type(error).__name__}: {error}")
            return False
        return True

    def _remove(self, rule: Rule, days: float | None, until: float | None) -> None:
        total, told = 0, time.monotonic()
        for total in retention.apply(rule, days=days, until=until):
            if time.monotonic() - told > _PROGRESS:
                told = time.monotonic()
                self.stdout.write(f"{rule.name}: {total} so far")
                self.stdout.flush()
        self.stdout.write(f"{rule.name}: {total} {rule.what} removed")


def _kept(days: float | None) -> str:
    if days is None:
        return "kept for ever"
    return f"kept for {days:g} day{'' if days == 1 else 's'}" if days else "removed at once"

"""``manage.py next_runs``: when schedules are due next."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from stagebased.calendar import BadCronField, next_slots
from stagebased.models import Schedule
from stagebased.slots import cron_of, own_zone


class Command(BaseCommand):
    help = "Show the next times at which each schedule is due, in its own time zone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schedule", type=int, nargs="*", help="ids of schedules; default: all")
        parser.add_argument("--count", type=int, default=5, help="how many times to show; default: 5")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["schedule"]
        schedules = Schedule.objects.in_bulk(wanted or None)
        if missing := set(wanted) - schedules.keys():
            raise CommandError(f"There is no schedule {min(missing)}.")
        for key in sorted(schedules):
            self._show(schedules[key], options["count"])

    def _show(self, schedule: Schedule, count: int) -> None:
        where = f"{schedule.timezone}{' or where each person lives' if schedule.in_contact_timezone else ''}"
        self.stdout.write(f"Schedule {schedule.pk}: {schedule.cron}, {where}")
        try:
            cron = cron_of(schedule)
        except BadCronField as error:
            self.stdout.write(f"  never: {error.field}: {error.message}")
            return
        zone = own_zone(schedule)
        for slot in next_slots(cron, zone, timezone.now(), count):
            self.stdout.write(f"  {slot.astimezone(zone):%a %Y-%m-%d %H:%M %Z}")

"""``manage.py next_runs``: when schedules are due next."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from outbox.hours import zone_named
from stagebased.calendar import BadCronField, next_slots
from stagebased.models import Schedule
from stagebased.slots import cron_of, own_zone

#: Most times that are shown of a schedule.
MOST = 10_000


class Command(BaseCommand):
    help = "Show the next times at which each schedule is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schedule", type=int, nargs="*", help="ids of schedules; default: all")
        parser.add_argument("--count", type=int, default=5, help="how many times to show; default: 5")
        parser.add_argument(
            "--zone", help="where somebody lives: for schedules that are read in each person's own zone"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["schedule"]
        if not 1 <= options["count"] <= MOST:
            raise CommandError(f"--count takes a number from 1 to {MOST}.")
        schedules = Schedule.objects.in_bulk(wanted or None)
        if missing := set(wanted) - schedules.keys():
            raise CommandError(f"There is no schedule {min(missing)}.")
        theirs = None if options["zone"] is None else zone_named(options["zone"])
        if options["zone"] is not None and theirs is None:
            raise CommandError(f"--zone: {options['zone']!r} is not a time zone name.")
        show = self._as_json if options["json"] else self._as_lines
        for key in sorted(schedules):
            schedule = schedules[key]
            zone = theirs if theirs and schedule.in_contact_timezone else own_zone(schedule)
            try:
                slots = next_slots(cron_of(schedule), zone, timezone.now(), options["count"])
            except BadCronField as error:
                show(schedule, [], zone, f"{error.field}: {error.message}")
            else:
                show(schedule, slots, zone, "")

    def _as_lines(self, schedule: Schedule, slots: Sequence[datetime], zone: ZoneInfo, wrong: str) -> None:
        where = f"{schedule.timezone}{' or where each person lives' if schedule.in_contact_timezone else ''}"
        self.stdout.write(f"Schedule {schedule.pk}: {schedule.cron}, {where}")
        for slot in slots:
            self.stdout.write(f"  {slot.astimezone(zone):%a %Y-%m-%d %H:%M %Z}")
        if wrong:
            self.stdout.write(f"  never: {wrong}")

    def _as_json(self, schedule: Schedule, slots: Sequence[datetime], zone: ZoneInfo, wrong: str) -> None:
        record = {
            "schedule": schedule.pk,
            "cron": schedule.cron,
            "timezone": zone.key,
            "error": wrong,
            "due": [slot.astimezone(zone).isoformat() for slot in slots],
        }
        self.stdout.write(json.dumps(record))

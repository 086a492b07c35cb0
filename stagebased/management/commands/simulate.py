"""``manage.py simulate``: what somebody would get, and when."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from outbox.hours import zone_named
from stagebased.calendar import BadCronField
from stagebased.management.named import message_set_named
from stagebased.models import MessageSet, Schedule
from stagebased.operations.dates import YEARS
from stagebased.programmes import usual_language
from stagebased.simulation import Send, simulate
from stagebased.stages import simulate_dated


class Command(BaseCommand):
    help = "Show what somebody who joins a message set gets and when, to the end of the sets that follow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("messageset", help="short name of the message set")
        parser.add_argument("--lang", help="language; default: the set's, or the first it has messages in")
        parser.add_argument("--start", help="moment of joining, e.g. 2026-11-21T08:00+02:00; default: now")
        parser.add_argument("--zone", default="", help="the person's time zone; default: not known")
        parser.add_argument("--schedule", type=int, help="id of the schedule; default: the set's")
        parser.add_argument("--position", type=int, default=1, help="first message number")
        parser.add_argument("--date", help="for sets that follow one (due date, birth): the person's")
        left_out = "messages of this set to leave out"
        parser.add_argument("--without", type=int, nargs="+", default=[], metavar="N", help=left_out)
        parser.add_argument("--drafts", action="store_true", help="as if all drafts were published")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        messageset = message_set_named(options["messageset"])
        try:
            sends = _sends(messageset, options)
        except BadCronField as error:
            raise CommandError(f"The schedule means nothing: {error.field}: {error.message}") from None
        for send in sends:
            self.stdout.write(json.dumps(_record(send)) if options["json"] else _line(send))
        if not sends:
            self.stdout.write("Nothing is ever due.")


def _sends(messageset: MessageSet, options: dict[str, Any]) -> list[Send]:
    start, zone = _start(options["start"]), _zone(options["zone"])
    if options["position"] < 1:
        raise CommandError("--position takes a number from 1.")
    lang = options["lang"] or usual_language(messageset)
    how: dict[str, Any] = {
        "schedule": _schedule(options["schedule"]),
        "left_out": [(messageset.pk, number) for number in options["without"]],
        "welcome": True,
        "drafts": options["drafts"],
    }
    if options["date"] is None:
        return simulate(messageset, start, lang, zone, position=options["position"], **how)
    if messageset.starts_after is None:
        raise CommandError(f"--date: {messageset.short_name} does not say when it begins.")
    return simulate_dated(messageset, _date(options["date"]), start, lang, zone, **how)


def _start(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        start = parse_datetime(text)
    except ValueError:
        start = None
    if start is None or start.year not in YEARS:
        raise CommandError(f"--start: {text!r} is not a moment like 2026-11-21T08:00+02:00.")
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _date(text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise CommandError(f"--date: {text!r} is not a date like 2026-11-21.")
    return found


def _zone(name: str) -> str:
    if name and zone_named(name) is None:
        raise CommandError(f"--zone: {name!r} is not a time zone name.")
    return name


def _schedule(key: int | None) -> Schedule | None:
    found = None if key is None else Schedule.objects.filter(pk=key).first()
    if key is not None and found is None:
        raise CommandError(f"--schedule: there is no schedule {key}.")
    return found


def _record(send: Send) -> dict[str, Any]:
    found = send.step
    return {
        "due_at": send.due_at.isoformat(),
        "goes_out": send.goes_out.isoformat(),
        "messageset": send.programme.short_name,
        "sequence_number": send.number,
        "lang": found.lang,
        "state": found.state,
        "reason": found.reason,
        "detail": found.detail,
        "text": found.text,
        "parts": found.parts,
    }


def _line(send: Send) -> str:
    found = send.step
    what = found.detail if found.reason else f"({found.parts}) {found.text}"
    where = f"{send.programme.short_name} {send.number or 'welcome'}"
    return f"{send.goes_out:%Y-%m-%d %H:%M} UTC  {where}  {what}"

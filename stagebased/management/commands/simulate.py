"""``manage.py simulate``: what somebody would get, and when."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from stagebased.calendar import zone_named
from stagebased.models import MessageSet, Schedule
from stagebased.simulation import Send, simulate


class Command(BaseCommand):
    help = "Show what somebody who joins a message set gets and when, to the end of the sets that follow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("messageset", help="short name of the message set")
        parser.add_argument("--lang", help="language; default: the set's, or the first it has messages in")
        parser.add_argument("--start", help="moment of joining, e.g. 2026-11-21T08:00+02:00; default: now")
        parser.add_argument("--zone", default="", help="the person's time zone; default: not known")
        parser.add_argument("--schedule", type=int, help="id of the schedule; default: the set's")
        parser.add_argument("--position", type=int, default=1, help="first message number")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        messageset = MessageSet.objects.filter(short_name=options["messageset"]).first()
        if messageset is None:
            raise CommandError(f"There is no message set {options['messageset']!r}.")
        sends = simulate(
            messageset,
            _start(options["start"]),
            options["lang"] or _usual_language(messageset),
            _zone(options["zone"]),
            schedule=_schedule(options["schedule"]),
            position=options["position"],
        )
        for send in sends:
            self.stdout.write(json.dumps(_record(send)) if options["json"] else _line(send))
        if not sends:
            self.stdout.write("Nothing is ever due.")


def _start(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        start = parse_datetime(text)
    except ValueError:
        start = None
    if start is None:
        raise CommandError(f"--start: {text!r} is not a moment like 2026-11-21T08:00+02:00.")
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _zone(name: str) -> str:
    if name and zone_named(name) is None:
        raise CommandError(f"--zone: {name!r} is not a time zone name.")
    return name


def _schedule(key: int | None) -> Schedule | None:
    found = None if key is None else Schedule.objects.filter(pk=key).first()
    if key is not None and found is None:
        raise CommandError(f"--schedule: there is no schedule {key}.")
    return found


def _usual_language(messageset: MessageSet) -> str:
    first = messageset.messages.order_by("sequence_number", "lang").first()
    return messageset.default_language or (first.lang if first else "")


def _record(send: Send) -> dict[str, Any]:
    found = send.step
    return {
        "due_at": send.due_at.isoformat(),
        "goes_out": send.goes_out.isoformat(),
        "messageset": send.programme.short_name,
        "sequence_number": found.number or send.position,
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
    where = f"{send.programme.short_name} {found.number or send.position}"
    return f"{send.goes_out:%Y-%m-%d %H:%M} UTC  {where}  {what}"

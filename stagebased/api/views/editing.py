"""What editors' tools ask of a set besides its records: stages in the middle, completeness, preview.

These calls are this service's own; the original has nothing like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.http import Http404
from django.utils.timezone import now
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.errors import refuse
from outbox.hours import zone_named
from stagebased.api import inputs, outputs
from stagebased.api.views.base import DialectView, whole_key
from stagebased.calendar import BadCronField
from stagebased.models import MessageSet, Schedule
from stagebased.operations import content
from stagebased.operations.content.sets import unknown_key
from stagebased.programmes import usual_language
from stagebased.simulation import Send, simulate
from stagebased.slots import own_zone
from stagebased.stages import simulate_dated


class Stages(DialectView):
    """POST: a new stage before the one that has its number now, for everybody who has not passed it."""

    def post(self, request: Request, pk: str) -> Response:
        given = inputs.STAGE.whole(request.data)
        edition = content.insert_stage(
            message_set_id=whole_key(pk),
            at=given["sequence_number"],
            texts=given.get("texts", {}),
            by=self.caller,
        )
        return Response({"edition": edition}, status=status.HTTP_201_CREATED)


class Stage(DialectView):
    """DELETE: the stage goes in all languages, and those behind it move up."""

    def delete(self, request: Request, pk: str, number: str) -> Response:
        content.remove_stage(message_set_id=whole_key(pk), number=_number(number), by=self.caller)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StageMove(DialectView):
    """POST ``{"to": number}``."""

    def post(self, request: Request, pk: str, number: str) -> Response:
        edition = content.move_stage(
            message_set_id=whole_key(pk),
            number=_number(number),
            to=inputs.MOVE.whole(request.data)["to"],
            by=self.caller,
        )
        return Response({"edition": edition})


class Completeness(DialectView):
    """What the set lacks; with ``?drafts=true`` as if its drafts were published."""

    def get(self, request: Request, pk: str) -> Response:
        drafts = request.query_params.get("drafts", "").lower() in ("true", "1")
        findings = content.check_completeness(message_set_id=whole_key(pk), drafts=drafts)
        complete = all(found.level != content.Level.ERROR for found in findings)
        return Response({"complete": complete, "findings": [outputs.finding(found) for found in findings]})


class Preview(DialectView):
    """What somebody would get and when, to the end of the chain of sets, by the planner's own rules.

    POST, because a wish may be long; nothing is stored.
    """

    only_reads = True

    def post(self, request: Request, pk: str) -> Response:
        wish = inputs.PREVIEW.whole(request.data)
        rows = MessageSet.objects.select_related("default_schedule")
        messageset = rows.filter(pk=whole_key(pk)).first()
        if messageset is None:
            raise Http404
        try:
            sends = _foreseen(messageset, wish)
        except BadCronField as error:
            raise refuse("schedule", f"{error.field}: {error.message}") from None
        return Response(
            {"count": len(sends), **_totals(sends), "messages": list(map(outputs.foreseen, sends))}
        )


def _foreseen(messageset: MessageSet, wish: Mapping[str, Any]) -> list[Send]:
    schedule = _schedule(wish.get("schedule")) or messageset.default_schedule
    zone = wish.get("timezone", "")
    lang = wish.get("lang") or usual_language(messageset)
    start = _moment(wish.get("start"), zone, schedule)
    how: dict[str, Any] = {
        "schedule": schedule,
        "left_out": [(messageset.pk, number) for number in wish.get("without", [])],
        "welcome": True,
        "drafts": wish.get("drafts", False),
    }
    anchor = wish.get("anchor_date")
    if anchor is None:
        return simulate(messageset, start, lang, zone, position=wish.get("next_sequence_number", 1), **how)
    if messageset.starts_after is None:
        raise refuse("anchor_date", f"The set {messageset.short_name} does not say when it begins.")
    return simulate_dated(messageset, anchor, start, lang, zone, **how)


def _totals(sends: list[Send]) -> dict[str, Any]:
    """Whether it goes on to the end, and what it costs."""
    last = sends[-1].step if sends else None
    stuck = last is not None and last.state == "failed" and not last.completes
    return {"reaches_end": not stuck, "parts": sum(send.step.parts for send in sends)}


def _schedule(key: int | None) -> Schedule | None:
    if key is None:
        return None
    found = Schedule.objects.filter(pk=key).first()
    if found is None:
        raise refuse("schedule", unknown_key(key))
    return found


def _moment(start: date | datetime | None, zone: str, schedule: Schedule) -> datetime:
    """A bare date is its beginning where the person lives, or else where the schedule is read."""
    if start is None:
        return now()
    theirs = (zone_named(zone) if zone else None) or own_zone(schedule)
    if not isinstance(start, datetime):
        start = datetime.combine(start, time())
    return (start if start.tzinfo else start.replace(tzinfo=theirs)).astimezone(UTC)


def _number(text: str) -> int:
    number = whole_key(text)
    if number > 2**31 - 1:
        raise Http404
    return number

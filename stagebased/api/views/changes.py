"""Changes of subscriptions: each kind of change is one call, all or nothing, on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.pagination import EnvelopePagination
from stagebased.api import changes, filters
from stagebased.api.inputs import Shape
from stagebased.api.views.base import DialectView, whole_key
from stagebased.models import Change
from stagebased.operations import dates, forward, stopping, switch
from stagebased.operations.audit import Author
from stagebased.operations.once import Call, once
from stagebased.operations.switch import Target, target
from stagebased.operations.which import Which, meant

Kind = Change.Kind


class ChangeViewSet(DialectView, viewsets.ViewSet):
    """The record of changes, newest first."""

    def rows(self) -> QuerySet[Change]:
        return Change.objects.order_by("-created_at", "-id")

    def list(self, request: Request) -> Response:
        rows = filters.narrowed(filters.ChangeFilters, request.query_params, self.rows())
        paginator = EnvelopePagination()
        page = paginator.paginate_queryset(rows, request, self)
        return paginator.get_paginated_response(changes.ChangeOutput(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        found = self.rows().filter(pk=whole_key(pk)).first()
        if found is None:
            raise Http404
        return Response(changes.ChangeOutput(found).data)


class ChangeCall(DialectView):
    """``POST``: do it, once for each ``id``; 201 with the changes that this made.

    A subclass names its kind and the shape of what it takes, and does it.
    """

    kind: ClassVar[str]
    input_serializer: ClassVar[type[changes.ChangeCallInput]]
    shape: ClassVar[Shape]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.shape = Shape(cls.input_serializer)

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        raise NotImplementedError

    def post(self, request: Request) -> Response:
        said = self.shape.whole(request.data)
        key = said.get("id") or None
        made = once(
            call=Call(self.kind, changes.digest(said), key),
            author=Author("api", self.caller, said.get("reason", "")),
            act=lambda author: self.act(_which(said), said, author),
        )
        body = changes.ChangesAnswer({"accepted": True, "id": key, "changes": made}).data
        return Response(body, status=status.HTTP_201_CREATED)


def _which(said: Mapping[str, Any]) -> Which:
    return meant(contact_id=said.get("identity"), subscription_ids=said.get("subscriptions", ()))


def _target(said: Mapping[str, Any]) -> Target:
    return target(
        short_name=said.get("short_name") or "",
        messageset_id=said.get("messageset"),
        position=said.get("next_sequence_number", 1),
        anchor_date=said.get("anchor_date"),
        schedule_id=said.get("schedule"),
        lang=said.get("lang", ""),
    )


class SwitchSet(ChangeCall):
    """Stop these and begin another set."""

    kind, input_serializer = Kind.SET, changes.SwitchSetInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return switch.switch_set(which=which, to=_target(said), author=author)


class BabyBorn(ChangeCall):
    """Stop what speaks of pregnancy and begin the baby's set, counted from the birth."""

    kind, input_serializer = Kind.BIRTH, changes.BirthInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return switch.baby_born(which=which, to=_target(said), author=author)


class Loss(ChangeCall):
    """Stop everything at once with all that waits; perhaps begin another set."""

    kind, input_serializer = Kind.LOSS, changes.LossInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        named = said.get("messageset") or said.get("short_name")
        return switch.loss(which=which, to=_target(said) if named else None, author=author)


class SwitchLanguage(ChangeCall):
    """Go on in another language, which the person is then known to prefer."""

    kind, input_serializer = Kind.LANGUAGE, changes.SwitchLanguageInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return switch.switch_language(which=which, lang=said["lang"], author=author)


class SwitchChannel(ChangeCall):
    """Go on at the same place in the set's counterpart over another channel."""

    kind, input_serializer = Kind.CHANNEL, changes.SwitchChannelInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return switch.switch_channel(which=which, channel=said["channel"], author=author)


class SwitchSchedule(ChangeCall):
    """Go on at another schedule's times."""

    kind, input_serializer = Kind.SCHEDULE, changes.SwitchScheduleInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return switch.switch_schedule(which=which, schedule_id=said["schedule"], author=author)


class SwitchPosition(ChangeCall):
    """Go on, or back, at another message number."""

    kind, input_serializer = Kind.POSITION, changes.SwitchPositionInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        position = said["next_sequence_number"]
        return switch.switch_position(which=which, position=position, author=author)


class Rewind(ChangeCall):
    """Go back by some messages (one, unless said), so that they are heard again."""

    kind, input_serializer = Kind.POSITION, changes.RewindInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return forward.rewind(which=which, messages=said.get("messages", 1), author=author)


class FastForward(ChangeCall):
    """Go where they would be had every slot that counts sent its message; nothing is sent."""

    kind, input_serializer = Kind.POSITION, changes.ChangeCallInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return forward.fast_forward(which=which, author=author)


class CorrectDate(ChangeCall):
    """Follow another due date or birth; of a person's all that follow one."""

    kind, input_serializer = Kind.DATE, changes.DateInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        repeat = said.get("repeat", False)
        return dates.correct_dates(which=which, anchor_date=said["anchor_date"], author=author, repeat=repeat)


class Pause(ChangeCall):
    """Stop until somebody resumes them, or until a time."""

    kind, input_serializer = Kind.PAUSE, changes.PauseInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return stopping.pause(which=which, author=author, until=said.get("until"))


class Resume(ChangeCall):
    """Go on after a pause, or after having been stopped for failures."""

    kind, input_serializer = Kind.RESUME, changes.ChangeCallInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return stopping.resume(which=which, author=author)


class OptOut(ChangeCall):
    """The person wants no more: of anything (by identity), or of the programmes of these subscriptions."""

    kind, input_serializer = Kind.STOP, changes.ChangeCallInput

    def act(self, which: Which, said: Mapping[str, Any], author: Author) -> object:
        return stopping.opt_out(which=which, author=author)


#: The calls by the last part of their path.
CALLS: dict[str, type[ChangeCall]] = {
    "set": SwitchSet,
    "language": SwitchLanguage,
    "channel": SwitchChannel,
    "schedule": SwitchSchedule,
    "position": SwitchPosition,
    "rewind": Rewind,
    "fast-forward": FastForward,
    "date": CorrectDate,
    "birth": BabyBorn,
    "loss": Loss,
    "pause": Pause,
    "resume": Resume,
    "opt-out": OptOut,
}

"""The shape of what callers send. Rules that need the database are in ``stagebased.operations``.

One instance of each checks all requests (``run_validation`` keeps nothing on
the instance): building some twenty fields for every request would cost more
than checking them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.fields import SkipField, empty, get_error_detail

from stagebased.api.fields import (
    Flag,
    Identity,
    Key,
    Language,
    Languages,
    Metadata,
    Moment,
    Number,
    Zone,
)
from stagebased.models import MessageSet
from stagebased.operations.dates import YEARS

#: Longest text taken in at all; the channel then says how long a message may be.
MOST_TEXT = 50_000
_MOST_SMALL = 2**15 - 1
MOST_LANGUAGES, MOST_LEFT_OUT = 100, 5000


# The framework's serializer, with less to do where the body is a JSON object: which fields there are, and
# which method looks at each of them again, is found out once; what may be left out and is costs nothing.
# (Not a docstring: the OpenAPI document would describe each body with it.)
class Input(serializers.Serializer):
    @cached_property
    def _steps(self) -> list[tuple[str, Any, Callable[[Any], Any] | None, bool]]:
        return [
            (name, field, getattr(self, f"validate_{name}", None), self._may_lack(field))
            for name, field in self.fields.items()
        ]

    def _may_lack(self, field: Any) -> bool:
        return self.partial or (not field.required and field.default is empty)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            # A form, whose empty fields have a meaning, or nothing that has fields.
            return super().to_internal_value(data)
        found: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, field, look_again, may_lack in self._steps:
            if may_lack and name not in data:
                continue
            try:
                value = field.run_validation(data.get(name, empty))
                found[field.source] = look_again(value) if look_again else value
            except serializers.ValidationError as error:
                errors[name] = error.detail
            except DjangoValidationError as error:
                errors[name] = get_error_detail(error)
            except SkipField:
                pass
        if errors:
            raise serializers.ValidationError(errors)
        return found

    def run_validators(self, value: Any) -> None:
        # Else the framework looks for read-only fields with defaults to add for them.
        if self.validators:
            super().run_validators(value)


class ScheduleInput(Input):
    minute = serializers.CharField(max_length=64, required=False)
    hour = serializers.CharField(max_length=64, required=False)
    day_of_week = serializers.CharField(max_length=64, required=False)
    day_of_month = serializers.CharField(max_length=64, required=False)
    month_of_year = serializers.CharField(max_length=64, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    in_contact_timezone = Flag(required=False)


class MessageSetInput(Input):
    short_name = serializers.CharField(max_length=100)
    # The dialect's field is named like an attribute that every framework field has.
    label = serializers.CharField(max_length=100, allow_blank=True, required=False)  # type: ignore[assignment]
    content_type = serializers.ChoiceField(choices=MessageSet.ContentType.choices, required=False)
    notes = serializers.CharField(max_length=MOST_TEXT, allow_blank=True, allow_null=True, required=False)
    next_set = Key(source="next_set_id", allow_null=True, required=False)
    default_schedule = Key(source="default_schedule_id")
    channel = serializers.CharField(max_length=20, required=False)
    gateway = serializers.CharField(max_length=32, allow_blank=True, required=False)
    fall_back = Flag(required=False)
    fallback_languages = Languages(required=False)
    default_language = Language(allow_blank=True, required=False)
    not_before = serializers.TimeField(allow_null=True, required=False)
    not_after = serializers.TimeField(allow_null=True, required=False)
    grace = serializers.DurationField(
        min_value=timedelta(0), max_value=timedelta(days=31), allow_null=True, required=False
    )
    catch_up = serializers.ChoiceField(choices=MessageSet.CatchUp.choices, required=False)
    spacing = serializers.DurationField(required=False)
    spread = serializers.DurationField(allow_null=True, required=False)
    starts_after = Number(allow_null=True, required=False)
    stop_after_failures = Number(least=1, most=_MOST_SMALL, allow_null=True, required=False)
    repeats = Flag(required=False)
    one_active = Flag(required=False)

    def validate_fallback_languages(self, chain: list[str]) -> str:
        """As the model keeps them."""
        return ", ".join(chain)


class MessageInput(Input):
    messageset = Key(source="messageset_id")
    sequence_number = Number(least=1)
    lang = Language()
    metadata = Metadata(required=False)
    text_content = serializers.CharField(
        max_length=MOST_TEXT, allow_blank=True, allow_null=True, required=False
    )
    binary_content = Key(source="binary_content_id", allow_null=True, required=False)


class WelcomeInput(Input):
    messageset = Key(source="messageset_id")
    lang = Language()
    text_content = serializers.CharField(max_length=MOST_TEXT, allow_blank=True, required=False)
    binary_content = Key(source="binary_content_id", allow_null=True, required=False)


class BinaryContentInput(Input):
    content = serializers.FileField(max_length=None, allow_empty_file=True)


class SubscriptionInput(Input):
    identity = Identity(source="contact_id")
    version = Number(required=False)
    messageset = Key(source="messageset_id")
    schedule = Key(source="schedule_id")
    lang = Language()
    next_sequence_number = Number(least=1, required=False)
    initial_sequence_number = Number(least=1, required=False)
    active = Flag(required=False)
    completed = Flag(required=False)
    process_status = Number(least=-_MOST_SMALL - 1, most=_MOST_SMALL, required=False)
    metadata = Metadata(allow_null=True, required=False)
    anchor_date = serializers.DateField(allow_null=True, required=False)

    def validate_metadata(self, metadata: dict[str, Any] | None) -> dict[str, Any] | None:
        if not isinstance((metadata or {}).get("prepend_next_delivery", ""), str | None):
            raise serializers.ValidationError("prepend_next_delivery: Not a valid string.")
        return metadata


class StageInput(Input):
    """Where a new stage goes, and what it says in which languages."""

    sequence_number = Number(least=1)
    texts = serializers.DictField(child=serializers.CharField(max_length=MOST_TEXT), required=False)

    def validate_texts(self, texts: dict[str, str]) -> dict[str, str]:
        if len(texts) > MOST_LANGUAGES:
            raise serializers.ValidationError(f"At most {MOST_LANGUAGES} languages.")
        for lang in texts:
            Language().run_validation(lang)
        return texts


class MoveInput(Input):
    to = Number(least=1)


class PreviewInput(Input):
    """Somebody who might join a set."""

    start = Moment(required=False)
    lang = Language(required=False)
    timezone = Zone(allow_blank=True, required=False)
    schedule = Key(allow_null=True, required=False)
    next_sequence_number = Number(least=1, required=False)
    anchor_date = serializers.DateField(allow_null=True, required=False)
    without = serializers.ListField(child=Number(least=1), max_length=MOST_LEFT_OUT, required=False)
    drafts = Flag(required=False)

    def validate_anchor_date(self, value: date | None) -> date | None:
        if value is not None and value.year not in YEARS:
            raise serializers.ValidationError("This date is out of range.")
        return value


class RequeueInput(Input):
    """Which of what needs attention is tried again; empty: all."""

    reason = serializers.CharField(max_length=40, allow_blank=True, required=False)
    messageset = Key(allow_null=True, required=False)
    since = serializers.DateTimeField(allow_null=True, required=False)


class Shape:
    """Checks of one record's shape: all of it (POST, PUT) or the named part (PATCH)."""

    def __init__(self, serializer: type[serializers.Serializer[Any]]) -> None:
        self._whole = serializer()
        self._part = serializer(partial=True)

    def whole(self, data: Any) -> dict[str, Any]:
        """The fields given, by attribute name. Raises the framework's ValidationError."""
        return self._whole.run_validation(data)

    def part(self, data: Any) -> dict[str, Any]:
        return self._part.run_validation(data)


SCHEDULE = Shape(ScheduleInput)
MESSAGE_SET = Shape(MessageSetInput)
MESSAGE = Shape(MessageInput)
WELCOME = Shape(WelcomeInput)
BINARY_CONTENT = Shape(BinaryContentInput)
SUBSCRIPTION = Shape(SubscriptionInput)
STAGE = Shape(StageInput)
MOVE = Shape(MoveInput)
PREVIEW = Shape(PreviewInput)
REQUEUE = Shape(RequeueInput)

"""Changes of subscriptions on the wire: what callers ask for and the record of what was done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from stagebased.api.fields import Flag, Identity, Key, Language, Number
from stagebased.models import Change

#: Most subscriptions that one call names, and longest id of a call; hubs use UUIDs.
MOST_NAMED, MOST_ID = 1000, 100
#: Most messages that somebody is taken back by at once.
MOST_BACK = 1000


class CallId(serializers.CharField):
    """The caller's own id of a call: text, or a whole number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MOST_ID, allow_blank=True, allow_null=True, **options)


class Subscriptions(serializers.ListField):
    """Ids of subscriptions; what is wrong with one of them is said of the field."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Identity(), allow_empty=False, max_length=MOST_NAMED, **options)

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            texts = error.detail.values() if isinstance(error.detail, dict) else [error.detail]
            raise serializers.ValidationError(next(iter(texts))) from None


class ChangeCallInput(serializers.Serializer):
    """What every call says: whose subscriptions, and perhaps why and under which id.

    ``identity`` means all of a person's that have not come to their end,
    ``subscriptions`` those named.
    """

    id = CallId(required=False)
    identity = Identity(required=False, allow_null=True)
    subscriptions = Subscriptions(required=False)
    reason = serializers.CharField(max_length=200, allow_blank=True, required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        _exactly_one(data, "identity", "subscriptions")
        return data


def _exactly_one(data: Mapping[str, Any], *names: str) -> None:
    if sum(data.get(name) is not None for name in names) != 1:
        raise serializers.ValidationError(f"Give one of {' and '.join(names)}.")


class SwitchSetInput(ChangeCallInput):
    """The set to go on in: its id or its short name."""

    messageset = Key(required=False, allow_null=True)
    short_name = serializers.CharField(max_length=100, required=False, allow_null=True)
    schedule = Key(required=False, allow_null=True)
    lang = Language(required=False)
    next_sequence_number = Number(least=1, required=False)
    anchor_date = serializers.DateField(required=False, allow_null=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        _exactly_one(data, "messageset", "short_name")
        return super().validate(data)


class BirthInput(SwitchSetInput):
    """The baby's set, counted from the birth."""

    anchor_date = serializers.DateField()


class LossInput(SwitchSetInput):
    """Perhaps a set that begins instead."""

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if any(data.get(name) is not None for name in ("messageset", "short_name")):
            return super().validate(data)
        return ChangeCallInput.validate(self, data)


class SwitchLanguageInput(ChangeCallInput):
    lang = Language()


class SwitchChannelInput(ChangeCallInput):
    channel = serializers.CharField(max_length=20)


class SwitchScheduleInput(ChangeCallInput):
    schedule = Key()


class SwitchPositionInput(ChangeCallInput):
    next_sequence_number = Number(least=1)


class DateInput(ChangeCallInput):
    anchor_date = serializers.DateField()
    repeat = Flag(required=False)


class PauseInput(ChangeCallInput):
    until = serializers.DateTimeField(required=False, allow_null=True)


class RewindInput(ChangeCallInput):
    messages = Number(least=1, most=MOST_BACK, required=False)


class ChangeOutput(serializers.ModelSerializer):
    """One change of one subscription, as it is on record."""

    identity = serializers.UUIDField(source="contact_id")

    class Meta:
        model = Change
        fields = [
            "id", "kind", "identity", "subscription", "successor", "before", "after", "reason", "source",
            "created_by", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ChangesAnswer(serializers.Serializer):
    """What a call changed, now or when it was made first."""

    accepted = serializers.BooleanField(default=True)
    id = serializers.CharField(allow_null=True)
    changes = ChangeOutput(many=True)


def digest(fields: Mapping[str, Any]) -> str:
    """What a call says apart from its id, so that a repeat is known from another call."""
    said = {name: value for name, value in fields.items() if name != "id"}
    text = json.dumps(said, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()

"""Endpoints and events on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from webhooks.addresses import MOST_URL, Forbidden, target
from webhooks.kinds import UnknownKind, check
from webhooks.models import Endpoint, Event


class EndpointInput(serializers.Serializer):
    """What a caller may say of an endpoint; all else is the program's."""

    url = serializers.CharField(max_length=MOST_URL)
    types = serializers.ListField(child=serializers.CharField(max_length=30), max_length=50, required=False)
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    include_content = serializers.BooleanField(required=False)

    def validate_url(self, value: str) -> str:
        try:
            target(value)
        except Forbidden as forbidden:
            raise serializers.ValidationError(str(forbidden)) from None
        return value

    def validate_types(self, value: list[str]) -> list[str]:
        try:
            return check(value)
        except UnknownKind as unknown:
            raise serializers.ValidationError(str(unknown)) from None


class RotationInput(serializers.Serializer):
    overlap_hours = serializers.IntegerField(min_value=0, max_value=30 * 24, default=24)


class ReplayInput(serializers.Serializer):
    since = serializers.DateTimeField()


class EndpointOutput(serializers.ModelSerializer):
    types = serializers.ListField(source="kinds", child=serializers.CharField())

    class Meta:
        model = Endpoint
        fields = (
            "id", "url", "description", "types", "include_content", "enabled", "disabled", "disabled_at",
            "failures", "failing_since", "last_success_at", "last_answer", "previous_until", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class EventOutput(serializers.ModelSerializer):
    message_id = serializers.CharField(read_only=True)

    class Meta:
        model = Event
        fields = (
            "id", "message_id", "endpoint", "type", "object_id", "facts", "occurred_at", "state", "attempts",
            "due_at", "posted_at", "answer",
        )  # fmt: skip
        read_only_fields = fields


def with_secret(endpoint: Endpoint, secret: str) -> dict[str, Any]:
    """The endpoint and its new secret, which no later answer repeats."""
    return {**EndpointOutput(endpoint).data, "secret": secret}

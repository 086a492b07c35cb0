"""Serializer fields whose usual description is not what they read."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from accounts.api.openapi.shapes import Shape, string


class TimeShape(OpenApiSerializerFieldExtension):
    """A time of day has no zone here; JSON Schema's ``time`` has one."""

    target_class = "rest_framework.fields.TimeField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Shape:
        return string(pattern=r"^[0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?$")


class DurationShape(OpenApiSerializerFieldExtension):
    """``[days ]HH:MM:SS`` and not only ISO 8601's ``duration``."""

    target_class = "rest_framework.fields.DurationField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Shape:
        return string(pattern=r"^([0-9]+ )?([0-9]+:)?[0-9]+:[0-9]+(\.[0-9]+)?$")

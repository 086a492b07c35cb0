"""The dialect's own serializer fields in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from accounts.api.openapi.shapes import KEY, Shape, string


class KeyShape(OpenApiSerializerFieldExtension):  # registers itself
    target_class = "stagebased.api.fields.Key"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Shape:
        return KEY


class MomentShape(OpenApiSerializerFieldExtension):
    target_class = "stagebased.api.fields.Moment"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Shape:
        return {"anyOf": [string(format="date"), string(format="date-time")]}


class MetadataShape(OpenApiSerializerFieldExtension):
    target_class = "stagebased.api.fields.Metadata"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Shape:
        return {"type": "object", "additionalProperties": True}

"""Fields that this dialect checks more strictly than the framework does.

Each refuses what the database could not store (numbers beyond its columns,
objects too large) with the framework's own words, so that a bad value is a
400 that names its field.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty

from accounts.api.parsers import check_document
from outbox.hours import zone_named
from stagebased.models import validate_language

#: A 32-bit column's and a 64-bit key's bounds.
MOST_INT, MOST_KEY = 2**31 - 1, 2**63 - 1
#: The years that a moment may lie in.
MOMENTS = range(1990, 2200)
#: Largest metadata object, in bytes of JSON.
MOST_METADATA = 64 * 1024


class Number(serializers.IntegerField):
    """A whole number that fits its column; 32 bits unless narrowed."""

    def __init__(self, *, least: int = -MOST_INT - 1, most: int = MOST_INT, **options: Any) -> None:
        super().__init__(min_value=least, max_value=most, **options)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Key(serializers.Field):
    """The id of another record; whether it exists is for the operation to say."""

    default_error_messages = {
        "incorrect_type": "Incorrect type. Expected pk value, received {data_type}.",
        "does_not_exist": 'Invalid pk "{pk_value}" - object does not exist.',
    }

    def run_validation(self, data: Any = empty) -> int | None:
        # An empty form field means none, as for the framework's own relations.
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and data.isascii() and data.isdecimal() and len(data) <= 20:
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("incorrect_type", data_type=type(data).__name__)
        if not 0 < data <= MOST_KEY:
            self.fail("does_not_exist", pk_value=data if abs(data) <= MOST_KEY else "…")
        return data

    def to_representation(self, value: int) -> int:
        return value


class Flag(serializers.BooleanField):
    """True or false. Left out of a form it is left out, not false."""

    default_empty_html = empty


class Identity(serializers.UUIDField):
    """A person's id. Text only: the framework would also make a UUID of any number."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Language(serializers.CharField):
    """A language code such as eng_ZA."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=6, **options)
        self.validators.append(_language)


def _language(value: str) -> None:
    if not value:
        return
    try:
        validate_language(value)
    except DjangoValidationError as error:
        raise serializers.ValidationError(error.messages) from None


class Languages(serializers.ListField):
    """Language codes in an order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Language(), max_length=20, **options)


class Zone(serializers.CharField):
    """The name of a time zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name and zone_named(name) is None:
            raise serializers.ValidationError("This is not the name of a time zone.")
        return name


class Moment(serializers.Field):
    """A date, or a date and time, that lies in a time when programmes run."""

    default_error_messages = {
        "invalid": "Write a date or a moment, such as 2026-11-21 or 2026-11-21T08:00:00+02:00.",
        "out_of_range": "This date is out of range.",
    }

    def to_internal_value(self, data: Any) -> date | datetime:
        found = self._read(data) if isinstance(data, str) and len(data) <= 40 else None
        if found is None:
            self.fail("invalid")
        if found.year not in MOMENTS:
            self.fail("out_of_range")
        return found

    def _read(self, text: str) -> date | datetime | None:
        try:
            return parse_date(text) or parse_datetime(text)
        except ValueError:
            return None


class Metadata(serializers.JSONField):
    """A JSON object of at most ``MOST_METADATA`` bytes."""

    default_error_messages = {
        "not_an_object": "Must be an object.",
        "too_large": "Must be at most {most} bytes of JSON.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        in_form = getattr(data, "is_json_string", False)
        try:
            value = super().to_internal_value(data) if in_form else data
            size = len(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            self.fail("invalid")
        if not isinstance(value, dict):
            self.fail("not_an_object")
        if size > MOST_METADATA:
            self.fail("too_large", most=MOST_METADATA)
        if in_form:
            # JSON inside a form's field has not passed the JSON parser.
            _check_texts(value)
        return value


def _check_texts(value: dict[str, Any]) -> None:
    """Look for what cannot be stored."""
    try:
        check_document([value])
    except ParseError as error:
        raise serializers.ValidationError(str(error.detail)) from None
    except serializers.ValidationError as error:
        texts = error.detail.values() if isinstance(error.detail, dict) else error.detail
        raise serializers.ValidationError(next(iter(texts))) from None

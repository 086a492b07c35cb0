"""What lists can be narrowed and ordered by.

A parameter that is not named here is ignored, as the original service does; a
value that means nothing is a 400 under the parameter's name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.fields import IsoDateTimeField
from rest_framework import exceptions

from stagebased.api.fields import MOST_KEY
from stagebased.models import Message, MessageSet, Schedule, Subscription


class WholeNumberFilter(filters.Filter):
    """A whole number, also one that no column could hold: it matches nothing."""

    field_class = forms.IntegerField

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        # Only some of the framework's look-ups bear such numbers on SQLite.
        beyond = isinstance(value, int) and abs(value) > MOST_KEY
        return qs.none() if beyond else super().filter(qs, value)


class _StrictBoolean(forms.Field):
    values = {"true": True, "false": False, "1": True, "0": False}

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        try:
            return self.values[str(value).strip().lower()]
        except KeyError:
            raise ValidationError("Must be true or false.") from None


class FlagFilter(filters.Filter):
    """``true`` or ``false`` in any case: existing clients send Python's ``True``."""

    field_class = _StrictBoolean


class _Instant(IsoDateTimeField):
    def clean(self, value: Any) -> datetime | None:
        found = super().clean(value)
        try:
            return found and found.astimezone(UTC)
        except OverflowError:
            raise ValidationError("Enter a date and time that exists in UTC.") from None


class InstantFilter(filters.Filter):
    """An ISO 8601 time; without a zone it is UTC."""

    field_class = _Instant


class LeanFilterSet(filters.FilterSet):
    """Builds only the filters that the request names: most requests name one of some twenty."""

    def __init__(self, data: Mapping[str, Any], queryset: QuerySet[Any]) -> None:
        self.is_bound = True
        self.data, self.queryset, self.request, self.form_prefix = data, queryset, None, None
        named = {name: self.base_filters[name] for name in self.base_filters if name in data}
        self.filters = copy.deepcopy(named)
        for each in self.filters.values():
            each.parent, each.model = self, queryset.model


def narrowed(
    filterset: type[LeanFilterSet], data: Mapping[str, Any], queryset: QuerySet[Any]
) -> QuerySet[Any]:
    """The queryset narrowed and ordered as the parameters say. Raises a 400 naming the bad ones."""
    bound = filterset(data, queryset)
    if not bound.filters:
        return queryset
    if not bound.is_valid():
        raise exceptions.ValidationError({name: list(texts) for name, texts in bound.errors.items()})
    return _with_tie_break(bound.qs)


def _with_tie_break(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Ordered to the last row by id: pages of rows that tie would repeat some and lose others."""
    order = [str(name) for name in rows.query.order_by]
    if not order or order[-1].lstrip("-") == "id":
        return rows
    return rows.order_by(*order, "-id" if order[-1].startswith("-") else "id")


class ScheduleFilters(LeanFilterSet):
    ordering = filters.OrderingFilter(fields=["id"])

    class Meta:
        model = Schedule
        fields: list[str] = []


class MessageSetFilters(LeanFilterSet):
    short_name = filters.CharFilter()
    content_type = filters.ChoiceFilter(choices=MessageSet.ContentType.choices)
    ordering = filters.OrderingFilter(fields=["id", "short_name", "created_at", "updated_at"])

    class Meta:
        model = MessageSet
        fields: list[str] = []


class MessageFilters(LeanFilterSet):
    messageset = filters.ModelChoiceFilter(queryset=MessageSet.objects.all())
    sequence_number = WholeNumberFilter()
    lang = filters.CharFilter()
    ordering = filters.OrderingFilter(fields=["id", "sequence_number", "lang", "created_at", "updated_at"])

    class Meta:
        model = Message
        fields: list[str] = []


class BinaryContentFilters(ScheduleFilters):
    pass


class SubscriptionFilters(LeanFilterSet):
    id = filters.UUIDFilter()
    identity = filters.UUIDFilter(field_name="contact_id")
    version = WholeNumberFilter()
    messageset = filters.ModelChoiceFilter(queryset=MessageSet.objects.all())
    schedule = filters.ModelChoiceFilter(queryset=Schedule.objects.all())
    lang = filters.CharFilter()
    initial_sequence_number = WholeNumberFilter()
    next_sequence_number = WholeNumberFilter()
    active = FlagFilter()
    completed = FlagFilter()
    process_status = WholeNumberFilter()
    created_by = WholeNumberFilter(field_name="created_by_id")
    updated_by = WholeNumberFilter(field_name="updated_by_id")
    created_at = InstantFilter()
    updated_at = InstantFilter()
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lte")
    metadata_has_key = filters.CharFilter(field_name="metadata", lookup_expr="has_key")
    metadata_not_has_key = filters.CharFilter(field_name="metadata", lookup_expr="has_key", exclude=True)
    messageset_contains = filters.CharFilter(field_name="messageset__short_name", lookup_expr="contains")
    # Only what an index can order: a page of millions must not be a sort of millions.
    ordering = filters.OrderingFilter(fields=["created_at", "id"])

    class Meta:
        model = Subscription
        fields: list[str] = []

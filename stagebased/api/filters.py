"""What lists can be narrowed and ordered by.

A parameter that is not named here is ignored, as the original service does; a
value that means nothing is a 400 under the parameter's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters.constants import EMPTY_VALUES
from django_filters.fields import IsoDateTimeField
from rest_framework import exceptions

from stagebased.api.fields import MOST_KEY
from stagebased.models import (
    BehindSubscription,
    Change,
    Message,
    MessageSet,
    Schedule,
    SendEstimate,
    Subscription,
    Welcome,
)


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


def narrowed(
    filterset: type[filters.FilterSet], data: Mapping[str, Any], rows: QuerySet[Any, Any]
) -> QuerySet[Any, Any]:
    """The rows narrowed and ordered as the parameters say. Raises a 400 naming the bad ones."""
    return applied(filterset, wishes(filterset, data), rows)


def wishes(filterset: type[filters.FilterSet], data: Mapping[str, Any]) -> dict[str, Any]:
    """What the parameters ask of the filters, by name. Raises a 400 naming the bad ones.

    Asks only the filters that the request names, and keeps their form fields:
    making a form of all twenty for each request would cost more than the
    database does.
    """
    found, errors = {}, {}
    for name in filterset.base_filters:
        if name in data:
            try:
                found[name] = _cleaned(filterset.base_filters[name].field, data, name)
            except ValidationError as error:
                errors[name] = error.messages
    if errors:
        raise exceptions.ValidationError(errors)
    return {name: value for name, value in found.items() if value not in EMPTY_VALUES}


def _cleaned(field: forms.Field, data: Mapping[str, Any], name: str) -> Any:
    return field.clean(field.widget.value_from_datadict(data, {}, name))


def applied(
    filterset: type[filters.FilterSet], values: Mapping[str, Any], rows: QuerySet[Any, Any]
) -> QuerySet[Any, Any]:
    """The rows narrowed and ordered by these filters."""
    for name, value in values.items():
        rows = filterset.base_filters[name].filter(rows, value)
    return _with_tie_break(rows)


def compares_columns(filterset: type[filters.FilterSet], values: Mapping[str, Any]) -> bool:
    """Whether these filters compare columns with values and nothing else."""
    return all(isinstance(filterset.base_filters[name], _COMPARING) for name in values) and not any(
        isinstance(value, int) and abs(value) > MOST_KEY for value in values.values()
    )


def _with_tie_break(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Ordered to the last row by id: pages of rows that tie would repeat some and lose others."""
    order = [str(name) for name in rows.query.order_by]
    if not order or order[-1].lstrip("-") == "id":
        return rows
    return rows.order_by(*order, "-id" if order[-1].startswith("-") else "id")


_COMPARING = (filters.UUIDFilter, WholeNumberFilter, FlagFilter, InstantFilter)


class ScheduleFilters(filters.FilterSet):
    ordering = filters.OrderingFilter(fields=["id"])

    class Meta:
        model = Schedule
        fields: list[str] = []


class MessageSetFilters(filters.FilterSet):
    short_name = filters.CharFilter()
    content_type = filters.ChoiceFilter(choices=MessageSet.ContentType.choices)
    ordering = filters.OrderingFilter(fields=["id", "short_name", "created_at", "updated_at"])

    class Meta:
        model = MessageSet
        fields: list[str] = []


class MessageFilters(filters.FilterSet):
    messageset = filters.ModelChoiceFilter(queryset=MessageSet.objects.all())
    sequence_number = WholeNumberFilter()
    lang = filters.CharFilter()
    ordering = filters.OrderingFilter(fields=["id", "sequence_number", "lang", "created_at", "updated_at"])

    class Meta:
        model = Message
        fields: list[str] = []


class WelcomeFilters(filters.FilterSet):
    messageset = filters.ModelChoiceFilter(queryset=MessageSet.objects.all())
    lang = filters.CharFilter()
    ordering = filters.OrderingFilter(fields=["id", "lang"])

    class Meta:
        model = Welcome
        fields: list[str] = []


class BinaryContentFilters(ScheduleFilters):
    pass


class _SubscriptionOrSuccessor(filters.UUIDFilter):
    """Changes of a subscription, also the one by which it began."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.filter(Q(subscription=value) | Q(successor=value)) if value else qs


class ChangeFilters(filters.FilterSet):
    identity = filters.UUIDFilter(field_name="contact_id")
    subscription = _SubscriptionOrSuccessor()
    kind = filters.ChoiceFilter(choices=Change.Kind.choices)
    request = filters.CharFilter(field_name="request__key")
    created_by = WholeNumberFilter(field_name="created_by_id")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lte")

    class Meta:
        model = Change
        fields: list[str] = []


class AttentionFilters(filters.FilterSet):
    """Read by ``stagebased.attention``, which makes its list of them."""

    reason = filters.CharFilter()
    messageset = filters.ModelChoiceFilter(queryset=MessageSet.objects.all())
    since = InstantFilter()

    class Meta:
        model = Subscription
        fields: list[str] = []


class BehindFilters(filters.FilterSet):
    subscription = filters.UUIDFilter(field_name="subscription_id")
    messageset = filters.ModelChoiceFilter(field_name="current_messageset", queryset=MessageSet.objects.all())

    class Meta:
        model = BehindSubscription
        fields: list[str] = []


class EstimateFilters(filters.FilterSet):
    date = filters.DateFilter()
    messageset = filters.ModelChoiceFilter(queryset=MessageSet.objects.all())

    class Meta:
        model = SendEstimate
        fields: list[str] = []


class SubscriptionFilters(filters.FilterSet):
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

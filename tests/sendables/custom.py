"""What a project might put into SENDABLES: policies, serializers, paginators and the like."""

from __future__ import annotations

from typing import Any

from rest_framework import pagination, serializers, throttling
from rest_framework.permissions import BasePermission

calls: list[tuple[Any, ...]] = []


class Person(serializers.Serializer):
    def to_representation(self, user: Any) -> Any:
        return f"{user.username} <{user.email}>"


class Receipt(serializers.Serializer):
    """The representation gets the copy, not the content."""

    text = serializers.CharField(source="sendable.content")
    seen = serializers.BooleanField(source="is_read")
    by = serializers.CharField(source="sendable.sender.username")


class Sent(serializers.Serializer):
    text = serializers.CharField(source="content")
    number = serializers.SerializerMethodField()

    def get_number(self, message: Any) -> int:
        return len(message.receipts.all())


def recipients_like_the_original(request: Any, keys: Any, serializer: Any, *args: Any, **kwargs: Any) -> Any:
    """Written as for drf-sendables: by the serializer's ``item_key_name``."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects.filter(**{f"{serializer.item_key_name}__in": keys})
    return users.exclude(username="eve")


def items_like_the_original(
    request: Any, keys: Any, serializer: Any, model: Any, role: str, **removal: Any
) -> Any:
    return model.objects.filter(**{f"{serializer.item_key_name}__in": keys, role: request.user, **removal})


def no_bobs(kind: Any, sender: Any, people: Any) -> Any:
    return people.exclude(username="bob")


def to_self_if_staff(request: Any) -> bool:
    return bool(request.user.is_staff)


def remember(request: Any, fields: Any, recipients: Any) -> None:
    calls.append((request.user.username, fields, [each.username for each in recipients]))


def fail(request: Any, fields: Any, recipients: Any) -> None:
    raise RuntimeError("a callback's own trouble")


def only_shouted(request: Any, sendables: Any, settings: Any) -> Any:
    return sendables.filter(content__endswith="!")


def by_length(receipt: Any) -> int:
    return len(receipt.sendable.content)


def by_length_sent(message: Any) -> int:
    return len(message.content)


def nothing_more(model: Any) -> list[str]:
    return ["sendable"]


class Pages(pagination.PageNumberPagination):
    page_size = 2


class Window(pagination.LimitOffsetPagination):
    default_limit = 2


class Cursor(pagination.CursorPagination):
    page_size = 2
    ordering = "-sent_on"


class Nobody(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class OncePerDay(throttling.UserRateThrottle):
    rate = "1/day"

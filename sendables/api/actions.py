"""Views that change the caller's inbox, and the unread count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from sendables import operations
from sendables.api.base import EntityView
from sendables.api.errors import refuse
from sendables.api.serializers import SelectSerializer


class SelectView(EntityView):
    """An action on the asked ones of the caller's copies; 400 when none of them is the caller's."""

    def select(self, act: Callable[[list[Any]], int]) -> None:
        body = SelectSerializer(data=self.request.data, context=self.serializer_context())
        body.is_valid(raise_exception=True)
        if not act(body.valid_keys()):
            raise refuse(body.items_field_name, f"No valid {body.item_entity_name}s.", "no_valid")


def done() -> HttpResponse:
    """200 with neither body nor Content-Type."""
    response = HttpResponse()
    del response["Content-Type"]
    return response


class MarkReadView(SelectView):
    view_name = "MARK_AS_READ"

    def patch(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.select(self.mark)
        return done()

    def mark(self, keys: list[Any]) -> int:
        return operations.mark_read(entity_name=self.entity_name, reader=self.user, keys=keys).found


class MarkUnreadView(SelectView):
    view_name = "MARK_AS_UNREAD"

    def patch(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.select(self.mark)
        return done()

    def mark(self, keys: list[Any]) -> int:
        return operations.mark_unread(entity_name=self.entity_name, reader=self.user, keys=keys).found


class MarkAllReadView(EntityView):
    view_name = "MARK_ALL_READ"

    def patch(self, request: Request, **kwargs: Any) -> HttpResponse:
        operations.mark_all_read(entity_name=self.entity_name, reader=self.user)
        return done()


class DeleteView(SelectView):
    view_name = "DELETE"

    def delete(self, request: Request, **kwargs: Any) -> Response:
        self.select(self.remove)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def remove(self, keys: list[Any]) -> int:
        return operations.delete_received(entity_name=self.entity_name, reader=self.user, keys=keys)


class UnreadCountView(EntityView):
    view_name = "UNREAD_COUNT"

    def get(self, request: Request, **kwargs: Any) -> Response:
        count = operations.unread_count(entity_name=self.entity_name, reader=self.user)
        return Response({"unread_count": count})

"""Subscriptions, and sending by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from stagebased.api import outputs
from stagebased.api.filters import SubscriptionFilters, narrowed
from stagebased.api.inputs import SUBSCRIPTION
from stagebased.api.pagination import SubscriptionPagination
from stagebased.api.views.base import DialectView, created
from stagebased.errors import ProgrammeError
from stagebased.models import Subscription
from stagebased.operations import send, subscribe


class SubscriptionViewSet(DialectView, viewsets.ViewSet):
    """Lists and single records are read as bare rows: there may be millions and they are asked for most."""

    def list(self, request: Request) -> Response:
        rows = Subscription.objects.order_by("-created_at", "-id")
        paginator = SubscriptionPagination()
        page = paginator.paginate_queryset(narrowed(SubscriptionFilters, request.query_params, rows), request)
        collection = self.absolute("subscriptions-list")
        return paginator.get_paginated_response([outputs.subscription(row, collection) for row in page])

    def create(self, request: Request) -> Response:
        made = subscribe.subscribe(fields=SUBSCRIPTION.whole(request.data), by=self.caller)
        body = self._body(made.pk)
        return created(body, body["url"])

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._body(_key(pk)))

    def update(self, request: Request, pk: str) -> Response:
        return self._change(_key(pk), SUBSCRIPTION.whole(request.data))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self._change(_key(pk), SUBSCRIPTION.part(request.data))

    def destroy(self, request: Request, pk: str) -> Response:
        subscribe.delete_subscription(subscription_id=_key(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        """Queue the next message now: 201, or 400 with the reason."""
        return _accepted(send.send_now, pk, status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: str) -> Response:
        """Queue the latest message again: 202, or 400 with the reason."""
        return _accepted(send.resend, pk, status.HTTP_202_ACCEPTED)

    def _change(self, key: UUID, fields: dict[str, Any]) -> Response:
        subscribe.change_subscription(subscription_id=key, fields=fields, by=self.caller)
        return Response(self._body(key))

    def _body(self, key: UUID) -> dict[str, Any]:
        for row in Subscription.objects.filter(pk=key).values_list(*outputs.SUBSCRIPTION_COLUMNS):
            return outputs.subscription(row, self.absolute("subscriptions-list"))
        raise Http404


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _accepted(operation: Callable[..., Any], pk: str, success: int) -> Response:
    try:
        operation(subscription_id=_key(pk))
    except Http404:
        return _not_accepted("This is no id of a subscription.")
    except ProgrammeError as error:
        return _not_accepted(str(error))
    return Response({"accepted": True}, status=success)


def _not_accepted(reason: str) -> Response:
    return Response({"accepted": False, "reason": reason}, status=status.HTTP_400_BAD_REQUEST)

"""Subscriptions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.prepared import Parameter, Prepared
from stagebased.api import outputs
from stagebased.api.inputs import SUBSCRIPTION
from stagebased.api.pagination import ROWS, SubscriptionPagination
from stagebased.api.views.base import DialectView, created
from stagebased.models import Subscription
from stagebased.operations import subscribe

_ONE = Prepared(lambda: ROWS.filter(pk=Parameter("pk", Subscription._meta.pk)).order_by())


class SubscriptionViewSet(DialectView, viewsets.ViewSet):
    """Lists and single records are read as bare rows: there may be millions and they are asked for most."""

    def list(self, request: Request) -> Response:
        paginator = SubscriptionPagination()
        page = paginator.page(request)
        collection = self.absolute("subscriptions-list")
        return paginator.get_paginated_response([outputs.subscription(row, collection) for row in page])

    def create(self, request: Request) -> Response:
        made = subscribe.subscribe(fields=SUBSCRIPTION.whole(request.data), by=self.caller)
        body = self._body(made.pk)
        return created(body, body["url"])

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._body(subscription_key(pk)))

    def update(self, request: Request, pk: str) -> Response:
        return self._change(subscription_key(pk), SUBSCRIPTION.whole(request.data))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self._change(subscription_key(pk), SUBSCRIPTION.part(request.data))

    def destroy(self, request: Request, pk: str) -> Response:
        subscribe.delete_subscription(subscription_id=subscription_key(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, key: UUID, fields: dict[str, Any]) -> Response:
        subscribe.change_subscription(subscription_id=key, fields=fields, by=self.caller)
        return Response(self._body(key))

    def _body(self, key: UUID) -> dict[str, Any]:
        for row in _ONE.rows(pk=key):
            return outputs.subscription(row, self.absolute("subscriptions-list"))
        raise Http404


def subscription_key(text: str) -> UUID:
    """The id in a path. Raises Http404 for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None

"""``/api/v1/webhooks/…``: for accounts that hold the rights to webhook endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.errors import Conflict
from accounts.authentication import BasicAuthentication, TokenAuthentication
from accounts.models import User
from accounts.permissions import HasScope
from webhooks import operations
from webhooks.api.serializers import (
    EndpointInput,
    EndpointOutput,
    EventOutput,
    ReplayInput,
    RotationInput,
    with_secret,
)
from webhooks.kinds import KINDS
from webhooks.models import Endpoint, Event

_BIGGEST_ID = 2**63 - 1


class MayManage(BasePermission):
    """The rights that the admin site asks for too: to view, add, change or delete endpoints."""

    def has_permission(self, request: Request, view: Any) -> bool:
        right = "view" if request.method in SAFE_METHODS else getattr(view, "right", "change")
        return bool(request.user.has_perm(f"webhooks.{right}_endpoint"))


class _View(APIView):
    authentication_classes = [BasicAuthentication, TokenAuthentication]
    permission_classes = [IsAuthenticated, HasScope, MayManage]
    token_scope = "webhooks"  # noqa: S105 - a scope, not a secret

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, operations.UnknownEndpoint):
            exc = NotFound()
        elif isinstance(exc, operations.IsDisabled):
            exc = Conflict(str(exc))
        return super().handle_exception(exc)


class Kinds(_View):
    """GET: the types of events and what each says."""

    def get(self, request: Request) -> Response:
        return Response([{"type": kind, "description": text} for kind, text in KINDS.items()])


class EndpointViewSet(_View, viewsets.GenericViewSet):
    """Endpoints. Their secrets are told once: when one is registered, and when its secret is rotated."""

    queryset = Endpoint.objects.all()
    serializer_class = EndpointOutput

    @property
    def right(self) -> str:
        return {"create": "add", "destroy": "delete"}.get(self.action or "", "change")

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(EndpointOutput(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(EndpointOutput(self._found(pk)).data)

    def create(self, request: Request) -> Response:
        given = _checked(EndpointInput(data=request.data))
        user = request.user
        endpoint, secret = operations.register(
            url=given["url"],
            kinds=given.get("types", ()),
            description=given.get("description", ""),
            include_content=given.get("include_content", False),
            by=user if isinstance(user, User) else None,
        )
        return Response(with_secret(endpoint, secret), status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        given = _checked(EndpointInput(data=request.data, partial=True))
        endpoint = operations.change(
            endpoint_id=self._found(pk).pk,
            url=given.get("url"),
            kinds=given.get("types"),
            description=given.get("description"),
            include_content=given.get("include_content"),
        )
        return Response(EndpointOutput(endpoint).data)

    def destroy(self, request: Request, pk: str) -> Response:
        operations.remove(endpoint_id=self._found(pk).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        hours = _checked(RotationInput(data=request.data))["overlap_hours"]
        found = operations.rotate_secret(endpoint_id=self._found(pk).pk, overlap=timedelta(hours=hours))
        return Response(with_secret(*found))

    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: str) -> Response:
        return Response(EndpointOutput(operations.enable(endpoint_id=self._found(pk).pk)).data)

    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: str) -> Response:
        return Response(EndpointOutput(operations.disable(endpoint_id=self._found(pk).pk)).data)

    @action(detail=True, methods=["post"])
    def ping(self, request: Request, pk: str) -> Response:
        operations.ping(endpoint_id=self._found(pk).pk)
        return Response(status=status.HTTP_202_ACCEPTED)

    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Post anew what the endpoint has not taken since a time."""
        since = _checked(ReplayInput(data=request.data))["since"]
        count = operations.send_failed_again(endpoint_id=self._found(pk).pk, since=since)
        return Response({"queued": count}, status=status.HTTP_202_ACCEPTED)

    def _found(self, pk: str) -> Endpoint:
        try:
            return Endpoint.objects.get(pk=UUID(pk))
        except (ValueError, Endpoint.DoesNotExist):
            raise Http404 from None


class EventViewSet(_View, viewsets.GenericViewSet):
    """Events, newest first; ``?endpoint=`` and ``?state=`` narrow the list."""

    queryset = Event.objects.all()
    serializer_class = EventOutput

    def get_queryset(self) -> QuerySet[Event]:
        rows, asked = Event.objects.all(), self.request.query_params
        if "state" in asked:
            rows = rows.filter(state=asked["state"].replace("\x00", ""))
        if "endpoint" in asked:
            try:
                rows = rows.filter(endpoint=UUID(asked["endpoint"]))
            except ValueError:
                return rows.none()
        return rows

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(EventOutput(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(EventOutput(self._found(pk)).data)

    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Post it anew, whatever became of it."""
        operations.send_again(event_ids=[self._found(pk).pk])
        return Response({"queued": 1}, status=status.HTTP_202_ACCEPTED)

    def _found(self, pk: str) -> Event:
        whole = pk.isascii() and pk.isdecimal() and len(pk) <= 19 and int(pk) <= _BIGGEST_ID
        found = Event.objects.filter(pk=int(pk)).first() if whole else None
        if found is None:
            raise Http404
        return found


def _checked(form: Any) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)

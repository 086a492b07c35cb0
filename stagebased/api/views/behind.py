"""Who is behind, and how many are due: looked for by a worker, kept until the next look."""

from __future__ import annotations

from typing import Any

import celery
from django.db.models import QuerySet
from django.http import Http404
from kombu.exceptions import OperationalError
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.pagination import EnvelopePagination
from stagebased.api import filters, outputs
from stagebased.api.views.base import DialectView, whole_key
from stagebased.models import BehindSubscription, SendEstimate
from stagebased.operations import catching_up
from stagebased.operations.audit import Author
from stagebased.operations.catching_up import CaughtUp


class MaySee(BasePermission):
    """Seeing who is behind is a right of its own, and so is looking for them and moving them on."""

    def has_permission(self, request: Request, view: Any) -> bool:
        reads = view.action in ("list", "retrieve")
        right = "view_behindsubscription" if reads else "can_find_behind_subscriptions"
        return bool(request.user.has_perm(f"stagebased.{right}"))


class BehindSubscriptionViewSet(DialectView, viewsets.ViewSet):
    permission_classes = [*DialectView.permission_classes, MaySee]

    def rows(self) -> QuerySet[BehindSubscription]:
        named = ("current_messageset", "expected_messageset")
        return BehindSubscription.objects.select_related(*named).order_by("-created_at", "-id")

    def list(self, request: Request) -> Response:
        paginator = EnvelopePagination()
        rows = filters.narrowed(filters.BehindFilters, request.query_params, self.rows())
        page = paginator.paginate_queryset(rows, request, self)
        return paginator.get_paginated_response([self._body(row) for row in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        found = self.rows().filter(pk=whole_key(pk)).first()
        if found is None:
            raise Http404
        return Response(self._body(found))

    def _body(self, row: BehindSubscription) -> dict[str, Any]:
        return outputs.behind(row, self.absolute("subscriptions-list"), self.absolute("messageset-list"))

    @action(detail=False, methods=["post"])
    def find_behind_subscriptions(self, request: Request) -> Response:
        """Have a worker look anew; what it finds replaces what was found before."""
        return told_worker("stagebased.find_behind")

    @action(detail=False, methods=["post"])
    def fast_forward(self, request: Request) -> Response:
        """Bring those found where they should be, without sending: some thousands a call."""
        return _caught_up(catching_up.fast_forward_all(author=Author("api", self.caller)))

    @action(detail=False, methods=["post"])
    def send_one(self, request: Request) -> Response:
        """Send each of those found their next message: some thousands a call, one for each look."""
        return _caught_up(catching_up.send_one_to_each())


def _caught_up(done: CaughtUp) -> Response:
    return Response({"accepted": True, "done": done.done, "refused": done.refused, "left": done.left})


class SendEstimates(DialectView):
    """POST: have today's numbers worked out and stored. GET: those that are stored."""

    def get(self, request: Request) -> Response:
        paginator = EnvelopePagination()
        rows = SendEstimate.objects.order_by("-date", "messageset", "id")
        page = paginator.paginate_queryset(
            filters.narrowed(filters.EstimateFilters, request.query_params, rows), request, self
        )
        return paginator.get_paginated_response([outputs.estimate(row) for row in page])

    def post(self, request: Request) -> Response:
        return told_worker("stagebased.estimate_sends")


def told_worker(task: str, *, said: str = "accepted") -> Response:
    """202 with the task's id, or 503 when the queue does not answer; ``said`` is the key that says which."""
    try:
        sent = celery.current_app.send_task(task, retry=False)
    except (OperationalError, OSError):
        body = {said: False, "reason": "The task queue does not answer."}
        return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE)
    return Response({said: True, "task_id": sent.id}, status=status.HTTP_202_ACCEPTED)

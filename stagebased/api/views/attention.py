"""What needs attention, and what became of one subscription."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.pagination import EnvelopePagination
from outbox.models import Delivery
from stagebased import attention, timeline
from stagebased.api import filters, inputs, outputs
from stagebased.api.views.base import DialectView
from stagebased.api.views.subscriptions import subscription_key
from stagebased.models import Subscription
from stagebased.operations.audit import Author
from stagebased.operations.requeue import Requeued, requeue


class AttentionViewSet(DialectView, viewsets.ViewSet):
    """The list by reason, how many there are of each, and trying them again."""

    def list(self, request: Request) -> Response:
        paginator = EnvelopePagination()
        rows = paginator.paginate_queryset(attention.listed(_wanted(request)), request, self)
        entries = attention.entries([attention.Item._make(row) for row in rows])
        collection = self.absolute("subscriptions-list")
        return paginator.get_paginated_response([outputs.attention(one, collection) for one in entries])

    @action(detail=False)
    def counts(self, request: Request) -> Response:
        """``{"total": …, "counts": {reason: …}}``."""
        found = attention.counts(_wanted(request))
        return Response({"total": sum(found.values()), "counts": found})

    @action(detail=False, methods=["post"])
    def requeue(self, request: Request) -> Response:
        """Try those again that a filter means: ``{"reason", "messageset", "since"}``, each optional."""
        said = inputs.REQUEUE.whole(request.data)
        which = attention.Filter(said.get("reason", ""), said.get("messageset"), said.get("since"))
        return Response(_requeued(requeue(which=which, author=Author("api", self.caller))))


def _wanted(request: Request) -> attention.Filter:
    wishes = filters.wishes(filters.AttentionFilters, request.query_params)
    messageset = wishes.get("messageset")
    return attention.Filter(wishes.get("reason", ""), messageset and messageset.pk, wishes.get("since"))


def _requeued(done: Requeued) -> dict[str, Any]:
    return {"accepted": True, "queued": done.queued, "refused": done.refused, "resumed": done.resumed}


class FailedTaskViewSet(DialectView, viewsets.ViewSet):
    """The same as the original service's tools know it: messages that could not be sent."""

    def list(self, request: Request) -> Response:
        paginator = EnvelopePagination()
        rows = paginator.paginate_queryset(attention.refused(), request, self)
        return paginator.get_paginated_response([self._body(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        found = attention.refused().filter(pk=subscription_key(pk)).first()
        if found is None:
            raise Http404
        return Response(self._body(found))

    def create(self, request: Request) -> Response:
        """Try all of them again."""
        requeue(which=attention.Filter(failed_only=True), author=Author("api", self.caller))
        return Response({"requeued_failed_tasks": True}, status=status.HTTP_201_CREATED)

    def _body(self, row: Delivery) -> dict[str, Any]:
        urls = self.absolute("failed-tasks-list"), self.absolute("subscriptions-list")
        return outputs.failed_task(row, *urls)


class Timeline(DialectView):
    """All that happened to a subscription, in the order of time."""

    def get(self, request: Request, pk: str) -> Response:
        paginator = EnvelopePagination()
        page = paginator.paginate_queryset(_entries(pk), request, self)
        return paginator.get_paginated_response([outputs.entry(one) for one in page])


class TimelineSheet(DialectView):
    """The same as a table for a spreadsheet."""

    def get(self, request: Request, pk: str) -> HttpResponse:
        sheet = timeline.as_csv(_entries(pk))
        name = f'attachment; filename="timeline-{subscription_key(pk)}.csv"'
        return HttpResponse(
            sheet, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )


def _entries(pk: str) -> list[timeline.Entry]:
    rows = Subscription.objects.select_related("contact", "schedule")
    found = rows.filter(pk=subscription_key(pk)).first()
    if found is None:
        raise Http404
    return timeline.of(found)

"""Views of sends that are still to come, for administrators."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from sendables import operations
from sendables.api.base import EntityView
from sendables.api.errors import refuse
from sendables.api.fields import KeyListField
from sendables.api.paging import cut, link_header
from sendables.api.shapes import Row, wire_time
from sendables.models import Posting
from sendables.selectors.keyset import Order
from sendables.sql import storable_ids

COLUMNS = ["id", "fields", "audience", "publish_at", "expires_at", "reached"]


class ScheduledListView(EntityView):
    """Postings that are neither finished nor cancelled, the next to be published first."""

    view_name = "LIST_SCHEDULED"

    def get(self, request: Request, **kwargs: Any) -> Response:
        rows = Posting.objects.filter(entity=self.entity_name, finished_at=None, cancelled_at=None)
        order = Order(Posting, ["publish_at", "id"], last="id")
        page = cut(request, self.kind.settings, rows, order, COLUMNS)
        return Response([shown(row) for row in page.rows], headers=link_header(request, page.next))


def shown(row: Row) -> dict[str, Any]:
    key, fields, audience, publish_at, expires_at, reached = row[: len(COLUMNS)]
    return {
        "id": key,
        **fields,
        "audience": {"ids": len(audience["ids"])} if "ids" in audience else audience,
        "publish_at": wire_time(publish_at),
        "expires_at": wire_time(expires_at) if expires_at else None,
        "recipients_served": reached,
    }


class ScheduledSerializer(serializers.Serializer):
    scheduled_ids = KeyListField(child=serializers.IntegerField())


class DeleteScheduledView(EntityView):
    """Cancels postings; what they have delivered already stays."""

    view_name = "DELETE_SCHEDULED"

    def delete(self, request: Request, **kwargs: Any) -> Response:
        body = ScheduledSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        ids = storable_ids(body.validated_data["scheduled_ids"])
        try:
            operations.cancel(entity_name=self.entity_name, ids=ids)
        except operations.NotScheduled:
            raise refuse("scheduled_ids", "No valid scheduled sends.", "no_valid") from None
        return Response(status=status.HTTP_204_NO_CONTENT)

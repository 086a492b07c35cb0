"""Views of what the caller sent: list, detail, removal."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from sendables import operations
from sendables.api.base import EntityView
from sendables.api.errors import refuse
from sendables.api.filters import filter_recipients
from sendables.api.lists import FilteredView, participant
from sendables.api.paging import Page, cursor_of, cut, link_header, with_order
from sendables.api.serializers import SelectSerializer
from sendables.api.shapes import Row, participant_columns, rows_of, sent_shape
from sendables.selectors import recipients_of, sent, sent_one
from sendables.selectors.audience import users
from sendables.selectors.keyset import Order


class SentListView(FilteredView):
    """What the caller sent, each with all its recipients."""

    view_name = "LIST_SENT"

    def get(self, request: Request, **kwargs: Any) -> Response:
        rows = sent(self.kind, self.user)
        contents = self.filtered_contents()
        if contents is not None:
            rows = rows.filter(pk__in=contents.values("pk"))
        people = self.filtered_recipients()
        if people is not None:
            matching = self.kind.receipts.filter(sendable=OuterRef("pk"), recipient__in=people.values("pk"))
            rows = rows.filter(Exists(matching))
        return self.quick(request, rows) if self.is_quick() else self.full(rows)

    def filtered_recipients(self) -> Any | None:
        """The users that ``recipient_…`` parameters ask for; None when there are none."""
        narrow = self.kind.settings.FILTER_RECIPIENTS
        if narrow is filter_recipients and not self.request.query_params:
            return None
        people = narrow(self.request, users(), self.kind.settings)
        return people if people.query.where else None

    def is_quick(self) -> bool:
        settings = self.kind.settings
        asked = (
            settings.LIST_SENT_SERIALIZER_CLASS,
            settings.RECIPIENT_FIELD_TYPE_LIST,
            settings.SORT_SENT_KEY,
        )
        return not any(asked) and not callable(settings.ORDER_SENT) and self.paginator() is None

    def order(self) -> Order:
        return Order(self.kind.content_model, self.kind.settings.ORDER_SENT, last="pk")

    def quick(self, request: Request, rows: Any) -> Response:
        shape, order, settings = sent_shape(self.kind), self.order(), self.kind.settings
        page = cut(request, settings, rows, order, shape.columns)
        page, people = self.with_recipients(page, order, with_order(shape.columns, order))
        items = [{**shape.render(row), "recipients": people[row[0]]} for row in page.rows]
        return Response(items, headers=link_header(request, page.next))

    def with_recipients(
        self, page: Page, order: Order, columns: list[str]
    ) -> tuple[Page, dict[Any, list[Any]]]:
        """The page's recipients in one statement; a shorter page where they would be too many.

        Recipients are read in content key order up to the limit. Messages
        whose recipients did not fit, and those listed behind the first of
        them, move to the next page; the first message is always shown whole.
        """
        most: int = self.kind.settings.MAX_SENT_RECIPIENTS
        shown = participant_columns(self.kind)
        keys = [row[0] for row in page.rows]
        rows = recipients_of(self.kind, keys, *shown, most=most)
        people = _grouped(rows, shown)
        if len(rows) <= most:
            return page, people
        incomplete = {key for key in keys if key not in people} | {rows[-1][0]}
        fitting = next(at for at, key in enumerate(keys) if key in incomplete)
        if fitting == 0:
            people = _grouped(recipients_of(self.kind, keys[:1], *shown, most=2**31), shown)
        kept = page.rows[: max(fitting, 1)]
        following = cursor_of(order, columns, kept[-1]) if len(kept) < len(keys) else page.next
        return Page(kept, following), people

    def full(self, rows: Any) -> Response:
        settings = self.kind.settings
        rows = rows.prefetch_related(Prefetch("receipts", self.kind.receipts.select_related("recipient")))
        sort_key = settings.SORT_SENT_KEY or (callable(settings.ORDER_SENT) and settings.ORDER_SENT)
        rows = sorted(rows, key=sort_key) if sort_key else self.order().apply(rows)
        page, respond = self.page_of(rows)
        return respond(
            render_sent(self, page, settings.LIST_SENT_SERIALIZER_CLASS, settings.RECIPIENT_FIELD_TYPE_LIST)
        )


def _grouped(rows: list[tuple[Any, ...]], columns: list[str]) -> dict[Any, list[Any]]:
    people: dict[Any, list[Any]] = defaultdict(list)
    for key, *values in rows:
        people[key].append(dict(zip(columns, values, strict=True)))
    return people


class SentDetailView(EntityView):
    view_name = "DETAIL_SENT"

    def get(self, request: Request, key: Any, **kwargs: Any) -> Response:
        settings = self.kind.settings
        rows = sent_one(self.kind, self.user, key)
        rows = rows.prefetch_related(Prefetch("receipts", self.kind.receipts.select_related("recipient")))
        found = render_sent(
            self, list(rows), settings.DETAIL_SENT_SERIALIZER_CLASS, settings.RECIPIENT_FIELD_TYPE_DETAIL
        )
        if not found:
            raise NotFound
        return Response(found[0])


def render_sent(view: EntityView, contents: list[Any], serializer: Any, recipient_field: Any) -> list[Any]:
    """Content rows in the configured serializer's form, or in the built-in one."""
    if serializer:
        return list(serializer(contents, many=True, context=view.serializer_context()).data)
    shape = sent_shape(view.kind)
    rows: list[Row] = rows_of(contents, shape.columns)
    return [
        {
            **shape.render(row),
            "recipients": [
                participant(view, receipt.recipient, recipient_field) for receipt in content.receipts.all()
            ],
        }
        for row, content in zip(rows, contents, strict=True)
    ]


class DeleteSentView(EntityView):
    view_name = "DELETE_SENT"

    def delete(self, request: Request, **kwargs: Any) -> Response:
        body = SelectSerializer(data=request.data, context=self.serializer_context(), of_sender=True)
        body.is_valid(raise_exception=True)
        removed = operations.delete_sent(
            entity_name=self.entity_name, sender=self.user, keys=body.valid_keys()
        )
        if not removed:
            raise refuse(body.items_field_name, f"No valid {body.item_entity_name}s.", "no_valid")
        return Response(status=status.HTTP_204_NO_CONTENT)

"""Views of what was received: lists and detail."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from sendables.api.base import EntityView
from sendables.api.filters import filter_sendables
from sendables.api.paging import cut, cut_sorted, link_header, page_by, with_order
from sendables.api.shapes import participant_columns, received_shape, rows_of
from sendables.selectors import received, received_one
from sendables.selectors.keyset import Order
from sendables.selectors.prepared import order_received, received_page


class FilteredView(EntityView):
    """A list whose query parameters are applied to the content rows."""

    def filtered_contents(self) -> Any | None:
        """The content rows that the parameters ask for; None when they ask for all."""
        settings, everything = self.kind.settings, self.kind.contents
        narrow = settings.of_view(self.view_name, "FILTER_SENDABLES")
        if narrow is filter_sendables and not self.request.query_params:
            return None
        rows = narrow(self.request, everything, settings)
        return rows if rows.query.where else None

    def paginator(self) -> Any | None:
        chosen = self.kind.settings.of_view(self.view_name, "PAGINATION_CLASS")
        return chosen() if chosen else None

    def page_of(self, rows: Any) -> tuple[list[Any], Any]:
        """A page of model instances, and a function from their shown form to the response."""
        paginator = self.paginator()
        if paginator is not None:
            page = paginator.paginate_queryset(rows, self.request, view=self)
            if page is not None:
                return page, paginator.get_paginated_response
        page, following = cut_sorted(self.request, self.kind.settings, rows)
        return page, lambda data: Response(data, headers=link_header(self.request, following))


class ReceivedListView(FilteredView):
    """All, read or unread ones of the caller's inbox."""

    view_name = "LIST"
    unread: bool | None = None

    def get(self, request: Request, **kwargs: Any) -> Response:
        contents = self.filtered_contents()
        if contents is None and self.is_quick():
            return self.plain(request)
        rows = received(self.kind, self.user, unread=self.unread)
        if contents is not None:
            rows = rows.filter(sendable__in=contents.values("pk"))
        return self.quick(request, rows) if self.is_quick() else self.full(rows)

    def is_quick(self) -> bool:
        """Whether nothing is configured that needs model instances."""
        settings = self.kind.settings
        asked = (settings.LIST_SERIALIZER_CLASS, settings.SENDER_FIELD_TYPE_LIST, settings.SORT_RECEIVED_KEY)
        return not any(asked) and not callable(settings.ORDER_RECEIVED) and self.paginator() is None

    def plain(self, request: Request) -> Response:
        """The list that no parameter narrows, by a statement made once."""
        shape, order = received_shape(self.kind), self.order()
        wanted = with_order(shape.columns, order)
        fetch = partial(received_page, self.kind, tuple(wanted), self.user.pk, self.unread)
        page = page_by(request, self.kind.settings, order, wanted, fetch)
        return Response([shape.render(row) for row in page.rows], headers=link_header(request, page.next))

    def quick(self, request: Request, rows: Any) -> Response:
        shape = received_shape(self.kind)
        page = cut(request, self.kind.settings, rows, self.order(), shape.columns)
        return Response([shape.render(row) for row in page.rows], headers=link_header(request, page.next))

    def order(self) -> Order:
        return order_received(self.kind)

    def full(self, rows: Any) -> Response:
        settings = self.kind.settings
        rows = rows.prefetch_related(*settings.GET_RECEIVED_PREFETCH_FIELDS(self.kind.content_model))
        sort_key = settings.SORT_RECEIVED_KEY or (
            callable(settings.ORDER_RECEIVED) and settings.ORDER_RECEIVED
        )
        rows = sorted(rows, key=sort_key) if sort_key else self.order().apply(rows)
        page, respond = self.page_of(rows)
        return respond(
            render_received(self, page, settings.LIST_SERIALIZER_CLASS, settings.SENDER_FIELD_TYPE_LIST)
        )


class ReadListView(ReceivedListView):
    view_name = "LIST_READ"
    unread = False


class UnreadListView(ReceivedListView):
    view_name = "LIST_UNREAD"
    unread = True


class ReceivedDetailView(EntityView):
    """One received item. Looking at it does not mark it as read."""

    view_name = "DETAIL"

    def get(self, request: Request, key: Any, **kwargs: Any) -> Response:
        rows, settings = received_one(self.kind, self.user, key), self.kind.settings
        if settings.DETAIL_SERIALIZER_CLASS or settings.SENDER_FIELD_TYPE_DETAIL:
            found = list(
                rows.prefetch_related(*settings.GET_RECEIVED_PREFETCH_FIELDS(self.kind.content_model))
            )
            shown = render_received(
                self, found, settings.DETAIL_SERIALIZER_CLASS, settings.SENDER_FIELD_TYPE_DETAIL
            )
        else:
            shape = received_shape(self.kind)
            shown = [shape.render(row) for row in rows.values_list(*shape.columns)]
        if not shown:
            raise NotFound
        return Response(shown[0])


def render_received(view: EntityView, receipts: list[Any], serializer: Any, sender_field: Any) -> list[Any]:
    """Receipts in the configured serializer's form, or in the built-in one."""
    if serializer:
        return list(serializer(receipts, many=True, context=view.serializer_context()).data)
    shape = received_shape(view.kind)
    items = [shape.render(row) for row in rows_of(receipts, shape.columns)]
    if sender_field and view.kind.has_sender:
        for item, receipt in zip(items, receipts, strict=True):
            item["sender"] = participant(view, receipt.sendable.sender, sender_field)
    return items


def participant(view: EntityView, user: Any, field: Any) -> Any:
    """One person in the configured serializer's form, or by key and username."""
    if user is None:
        return None
    if field:
        return field(context=view.serializer_context()).to_representation(user)
    return {column: getattr(user, column) for column in participant_columns(view.kind)}

"""The statements that every page of every inbox runs, compiled once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils import timezone

from accounts.prepared import Parameter, Prepared
from sendables.entities import Entity
from sendables.selectors.keyset import Order


def order_received(kind: Entity) -> Order:
    """The order of the received lists, told apart by the content's id."""
    return _order(kind)


@lru_cache(maxsize=64)
def _order(kind: Entity) -> Order:
    return Order(kind.receipt_model, kind.settings.ORDER_RECEIVED, last="sendable_id")


def received_page(
    kind: Entity,
    columns: tuple[str, ...],
    reader: Any,
    unread: bool | None,
    most: int,
    behind: list[Any] | None,
) -> list[tuple[Any, ...]]:
    """Up to ``most`` rows of the reader's inbox in its order, behind the row with these values."""
    nulls = None if behind is None else tuple(value is None for value in behind)
    statement = _page(kind, columns, unread, most, nulls)
    values = {f"after{at}": value for at, value in enumerate(behind or [])}
    return statement.rows(reader=reader, now=timezone.now(), **values)


@lru_cache(maxsize=256)
def _page(
    kind: Entity, columns: tuple[str, ...], unread: bool | None, most: int, nulls: tuple[bool, ...] | None
) -> Prepared:
    """``nulls``: which values of the row that the page is behind are none; None for the first page."""

    def build() -> Any:
        field, order = kind.receipt_model._meta.get_field, order_received(kind)
        reader = Parameter("reader", field("recipient").target_field)
        rows = kind.receipts.filter(recipient_id=reader).visible(Parameter("now", field("sent_on")))
        if unread is not None:
            rows = rows.filter(unread=unread)
        if nulls is not None:
            last = [
                None if null else Parameter(f"after{at}", column.type)
                for at, (column, null) in enumerate(zip(order.columns, nulls, strict=True))
            ]
            rows = rows.filter(order.behind(last))
        return order.apply(rows).values_list(*columns)[:most]

    return Prepared(build)

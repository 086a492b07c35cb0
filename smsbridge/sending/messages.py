"""Finding, listing and deleting messages, as far as a caller may."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from outbox.models import Delivery
from outbox.operations import Failure, cancel, record_failed
from outbox.operations import remove as remove_deliveries
from smsbridge import erasing
from smsbridge.models import InboundMessage, PartReference
from smsbridge.sending import SOURCE, files
from smsbridge.sending.rights import Rights
from smsbridge.spool.codec import SpoolFile

log = logging.getLogger(__name__)
State = Delivery.State
NO_INCOMING = "this account may not read received messages"
KINDS = ("incoming", "outgoing", "checked", "failed", "sent")
#: Which states a kind stands for. *Handed* ones go by where their file is.
_STATES: dict[str, tuple[str, ...]] = {
    "outgoing": (State.QUEUED, State.CLAIMED),
    "checked": (),
    "sent": (State.SENT, State.DELIVERED),
    "failed": (State.FAILED, State.EXPIRED, State.CANCELLED, State.SKIPPED),
}
#: How far beyond its limit a list counts.
BEYOND = 1000
#: What stands for no limit.
_ALL = 10_000_000


class Missing(Exception):
    """There is no such message."""


class Forbidden(Exception):
    """There is, or might be, but not for this caller; the message says why."""


class UnderWay(Exception):
    """smsd is working on the message just now, or a programme needs its record: it cannot be deleted."""


@dataclass(frozen=True)
class Found:
    """A message: a row, its file, or both. Exactly one of ``delivery``, ``inbound`` or only ``file``."""

    name: str
    delivery: Delivery | None = None
    inbound: InboundMessage | None = None
    file: SpoolFile | None = None


@dataclass(frozen=True)
class Page:
    """Ids of one list; ``total`` is exact unless ``more``: then there are at least so many."""

    ids: list[str]
    total: int
    more: bool


def find(rights: Rights, *, kind: str, name: str) -> Found:
    """The message of that name and kind. Raises Missing, Forbidden."""
    return _find_incoming(rights, name) if kind == "incoming" else _find_outgoing(rights, kind, name)


def _find_incoming(rights: Rights, name: str) -> Found:
    if not rights.may_read_incoming:
        raise Forbidden(NO_INCOMING)
    key = as_id(name)
    row = InboundMessage.objects.filter(pk=key).first() if key else None
    if row is not None:
        return Found(name, inbound=row)
    return _find_file("incoming", name)


def _find_outgoing(rights: Rights, kind: str, name: str) -> Found:
    delivery = delivery_of(rights, name)
    if delivery is None:
        if not rights.is_admin:
            raise Missing
        return _find_file(kind, name)
    if kind_of(delivery) != kind:
        raise Missing
    return Found(name, delivery=delivery, file=files.of_delivery(delivery))


def _find_file(kind: str, name: str) -> Found:
    file = files.read(kind, name)
    if file is None:
        raise Missing
    return Found(name, file=file)


def delivery_of(rights: Rights, name: str) -> Delivery | None:
    """The SMS delivery of that id, None when there is none. Raises Forbidden for somebody else's."""
    key = as_id(name)
    if key is None:
        return None
    delivery = Delivery.objects.filter(pk=key, channel="sms").select_related("created_by").first()
    if delivery is not None and not rights.is_admin and delivery.created_by_id != rights.user.pk:
        raise Forbidden("this message is somebody else's")
    return delivery


def as_id(name: str) -> UUID | None:
    """The id a name is, in its one usual spelling."""
    try:
        key = UUID(name)
    except ValueError:
        return None
    return key if str(key) == name else None


def kind_of(delivery: Delivery) -> str:
    """Under which kind the message is found just now."""
    if delivery.state == State.HANDED:
        stage = files.stages(delivery.gateway, [delivery.pk])[delivery.pk]
        return stage if stage in KINDS else "failed"
    return next(kind for kind, states in _STATES.items() if delivery.state in states)


def listed(rights: Rights, *, kind: str, limit: int, before: str = "", files_only: bool = False) -> Page:
    """Ids of messages of that kind, newest first, at most ``limit`` (0: all), older than ``before``.

    Administrators also get the files that other programs put there, behind
    the last of the first page, or alone. Counts no further than ``BEYOND``
    past the limit. Raises Forbidden, and Missing for a ``before`` that is no message.
    """
    if kind == "incoming" and not rights.may_read_incoming:
        raise Forbidden(NO_INCOMING)
    limit = limit or _ALL
    page = Page([], 0, False) if files_only else _rows(rights, kind, limit, before)
    if before or page.more or not (rights.is_admin or kind == "incoming"):
        return page
    known, room = set(page.ids), limit + BEYOND - page.total
    names = [name for name in files.names(kind, room + len(known)) if name not in known][:room]
    ids = (page.ids + names)[:limit]
    return Page(ids, page.total + len(names), len(names) >= room)


def _rows(rights: Rights, kind: str, limit: int, before: str) -> Page:
    last = as_id(before) if before else None
    if before and last is None:
        raise Missing
    if kind == "incoming":
        return _page([_older_inbound(last)], limit, [])
    own = Delivery.objects.filter(source=SOURCE).order_by("-pk")
    own = own if rights.is_admin else own.filter(created_by=rights.user.pk)
    own = own.filter(pk__lt=last) if last else own
    # One query for each state: each is a range of the index, read backwards.
    states = [own.filter(state=state) for state in _STATES[kind]]
    return _page(states, limit, list(_handed(own, kind, limit + BEYOND)))


def _page(ranges: Sequence[QuerySet[Any]], limit: int, further: Sequence[UUID]) -> Page:
    """The first of several ranges together (of one: as it is ordered), and how many there are."""
    found = [list(rows.values_list("pk", flat=True)[:limit]) for rows in ranges]
    total = len(further) + sum(map(_count, ranges, found, repeat(limit)))
    keys = [key for part in found for key in part]
    if len(ranges) > 1 or further:
        keys = sorted([*keys, *further], reverse=True)[:limit]
    return Page([str(key) for key in keys], min(total, limit + BEYOND), total >= limit + BEYOND)


def _count(rows: QuerySet[Any], first: Sequence[UUID], limit: int) -> int:
    return len(first) if len(first) < limit else rows[: limit + BEYOND].count()


def _handed(rows: QuerySet[Delivery], kind: str, most: int) -> Iterator[UUID]:
    by_gateway: dict[str, list[UUID]] = defaultdict(list)
    for key, gateway in rows.filter(state=State.HANDED).values_list("pk", "gateway")[:most]:
        by_gateway[gateway].append(key)
    for gateway, keys in by_gateway.items():
        stages = files.stages(gateway, keys)
        yield from (key for key in keys if stages[key] == kind)


def _older_inbound(last: UUID | None) -> QuerySet[InboundMessage]:
    rows = InboundMessage.objects.order_by("-received_at", "id")
    if last is None:
        return rows
    row = InboundMessage.objects.filter(pk=last).first()
    if row is None:
        raise Missing
    at = row.received_at
    return rows.filter(Q(received_at__lt=at) | Q(received_at=at, pk__gt=last))


def delete(rights: Rights, *, kind: str, name: str) -> Found:
    """Delete a message, which is given as it was; a waiting one is cancelled.

    Raises Forbidden (before anything is looked for), Missing, UnderWay.
    """
    if not rights.may_delete(kind):
        raise Forbidden("only administrators delete messages")
    found = find(rights, kind=kind, name=name)
    if found.delivery is not None:
        _delete_delivery(found.delivery, kind)
    elif found.inbound is not None:
        _delete_inbound(found.inbound)
    elif not files.remove(kind, name):
        raise Missing
    log.info("SMS interface: account %s deleted %s/%s", rights.user.pk, kind, name)
    return found


@transaction.atomic
def _delete_inbound(message: InboundMessage) -> None:
    erasing.order_file(gateway=message.gateway, name=message.file_name)
    message.delete()


def _delete_delivery(delivery: Delivery, kind: str) -> None:
    if delivery.state in (State.QUEUED, State.CLAIMED):
        if not cancel(ids=[delivery.pk], reason="deleted", detail="Deleted by an administrator."):
            raise UnderWay
    elif delivery.state == State.HANDED:
        _take_back(delivery, kind)
    elif delivery.source != SOURCE:
        raise UnderWay
    else:
        files.remove_of_delivery(delivery)
        with transaction.atomic():
            # The archive may be another host's, and holds more days than are looked through here.
            erasing.order_file(gateway=delivery.gateway, name=str(delivery.pk))
            remove_deliveries(ids=[delivery.pk], source=SOURCE)


def _take_back(delivery: Delivery, kind: str) -> None:
    """Remove a file that smsd has not begun with."""
    if kind not in ("outgoing", "checked") or not files.remove(kind, str(delivery.pk)):
        raise UnderWay
    if files.read("checked", str(delivery.pk)) is None:
        failure = Failure(timezone.now(), "deleted", "Deleted by an administrator.")
        record_failed(failures={delivery.pk: failure})


def parts_of(delivery: Delivery) -> Iterable[PartReference]:
    """What the network said of the message's parts, in their order."""
    return PartReference.objects.filter(delivery=delivery).order_by("reference")

"""The inbox row: the lock under which one person's receipts change, and the counters on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Parameter, Prepared
from sendables.entities import Entity, entity
from sendables.models import Inbox
from sendables.signals import inboxes_changed
from sendables.sql import Among


def lock(kind: Entity, reader: User) -> Inbox | None:
    """The reader's inbox row, locked until the transaction ends; None when nothing was ever sent to them."""
    return Inbox.objects.select_for_update().filter(user=reader, entity=kind.name).first()


def note_change(kind: Entity, box: Inbox, *, unread: int) -> None:
    """Count ``unread`` more (or fewer) as unread and number the change."""
    Inbox.objects.filter(pk=box.pk).update(unread=F("unread") + unread, version=F("version") + 1)
    announce(inboxes_changed, entity=kind.name, users=[box.user_id])


def announce(signal: Signal, **facts: Any) -> None:
    """Send a signal once the transaction is committed."""
    transaction.on_commit(lambda: signal.send_robust(sender=None, **facts), robust=True)


def unread_count(*, entity_name: str, reader: User) -> int:
    """How many unread ones the reader's list shows; one look-up, however many there are."""
    found = _count(entity(entity_name)).rows(reader=reader.pk, now=timezone.now())
    return max(found[0][0] - found[0][1], 0) if found else 0


@lru_cache(maxsize=64)
def _count(kind: Entity) -> Prepared:
    """The statement behind every badge that is polled, compiled once."""

    def build() -> Any:
        reader = Parameter("reader", Inbox._meta.get_field("user").target_field)
        now = Parameter("now", kind.receipt_model._meta.get_field("expires_at"))
        boxes = Inbox.objects.filter(user_id=reader, entity=kind.name)
        return boxes.annotate(gone=_expired_unswept(kind, now)).values_list("unread", "gone")

    return Prepared(build)


def unread_counts(*, entity_name: str, readers: Sequence[Any]) -> dict[Any, int]:
    """The same for several readers, by primary key, in one statement."""
    kind = entity(entity_name)
    boxes = Inbox.objects.filter(Among("user_id", list(readers)), entity=kind.name)
    gone = _expired_unswept(kind, timezone.now())
    counted = boxes.annotate(gone=gone).values_list("user_id", "unread", "gone")
    return dict.fromkeys(readers, 0) | {user: max(unread - gone, 0) for user, unread, gone in counted}


def _expired_unswept(kind: Entity, now: Any) -> Coalesce:
    """Unread receipts that expired since the last sweep: still counted, no longer shown."""
    expired = kind.receipts.held().filter(recipient=OuterRef("user"), read_at=None, expires_at__lte=now)
    counted = expired.order_by().values("recipient").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def inbox_version(*, entity_name: str, reader: User) -> int:
    """The number of the last change of the reader's inbox; 0 when there was none."""
    boxes = Inbox.objects.filter(user=reader, entity=entity_name)
    return boxes.values_list("version", flat=True).first() or 0

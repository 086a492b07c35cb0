"""One person's received and sent ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity
from sendables.sql import Among, storable


def received(kind: Entity, reader: User, *, unread: bool | None = None) -> Any:
    """Receipts that the reader's inbox shows, of those unread or read when asked; unordered."""
    mine = kind.receipts.of(reader).visible()
    return mine if unread is None else mine.filter(unread=unread)


def received_one(kind: Entity, reader: User, key: Any) -> Any:
    """The receipt of the sendable with that key, as a queryset of at most one."""
    return received(kind, reader).filter(Among(kind.key_path, _possible(kind, key)))


def sent(kind: Entity, sender: User) -> QuerySet[Any]:
    """What the sender sent and has not removed; unordered.

    Without what has expired, and without those whose recipients' accounts are
    all gone: there is nobody to show them with.
    """
    somebody = Exists(kind.receipts.filter(sendable=OuterRef("pk")))
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return kind.contents.filter(somebody, unexpired, sender=sender.pk, removed_at=None)


def sent_one(kind: Entity, sender: User, key: Any) -> QuerySet[Any]:
    """The sent one with that key, as a queryset of at most one."""
    return sent(kind, sender).filter(Among(kind.settings.SENDABLE_KEY_NAME, _possible(kind, key)))


def recipients_of(kind: Entity, contents: Iterable[Any], *columns: str, most: int) -> list[tuple[Any, ...]]:
    """``(content's primary key, *columns of the user)`` per recipient, in the order of ``contents``.

    One statement, at most ``most`` rows and one more, by which the caller
    sees that there were more. A recipient who deleted the copy is one still.
    """
    keys = list(contents)
    paths = [f"recipient__{column}" for column in columns]
    rows = kind.receipts.filter(Among("sendable_id", keys)).order_by("sendable_id", "recipient_id")
    return list(rows.values_list("sendable_id", *paths)[: most + 1])


def _possible(kind: Entity, key: Any) -> list[Any]:
    return storable(kind.content_model._meta.get_field(kind.settings.SENDABLE_KEY_NAME), [key])

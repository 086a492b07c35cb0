"""Conversations as one person sees them: what they received and still hold, and what they sent.

For entities whose content model is ``Threaded``. A conversation's id is that
of its first message.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Parameter, Prepared
from outbox import sets
from sendables.entities import Entity
from sendables.selectors.audience import named
from sendables.sql import Among, storable

_COUNT = "SELECT COUNT(*) FROM ({conversations}) AS unread"


def seen_by(kind: Entity, person: User) -> Q:
    """Contents that the person holds as a recipient or has sent and not removed."""
    received = kind.receipts.of(person).visible().filter(sendable=OuterRef("pk"))
    return Q(Exists(received)) | Q(sender=person.pk, removed_at=None)


def in_thread(thread: int, prefix: str = "") -> Q:
    """Contents of the conversation; ``prefix`` leads to them from elsewhere (``"sendable__"``)."""
    begun = {f"{prefix}pk": thread, f"{prefix}thread": None}
    return Q(**begun) | Q(**{f"{prefix}thread": thread})


def one_seen(kind: Entity, person: User, key: Any) -> Any | None:
    """The content with that key, if the person sees it."""
    name = kind.settings.SENDABLE_KEY_NAME
    possible = storable(kind.content_model._meta.get_field(name), [key])
    return kind.contents.filter(seen_by(kind, person), Among(name, possible)).first()


def messages_of(kind: Entity, person: User, thread: int) -> QuerySet[Any]:
    """What the person sees of the conversation, unordered; ``unread`` is true of what is to be read."""
    unread = kind.receipts.of(person).visible().filter(sendable=OuterRef("pk"), unread=True)
    return kind.contents.filter(in_thread(thread), seen_by(kind, person)).annotate(unread=Exists(unread))


def participants(kind: Entity, person: User, thread: int) -> QuerySet[User]:
    """Everybody who wrote or received something that the person sees of the conversation."""
    seen = list(messages_of(kind, person, thread).values_list("pk", "sender_id"))
    receipts = kind.receipts.filter(Among("sendable_id", [key for key, _ in seen]))
    recipients = receipts.order_by().values_list("recipient_id", flat=True).distinct()
    return named({*recipients, *(writer for _, writer in seen if writer is not None)})


def unread_threads(kind: Entity, person: User) -> int:
    """How many conversations have something unread for the person; read from indexes alone."""
    sql, params = _unread(kind).text(reader=person.pk, now=timezone.now())
    [(number,)] = sets.fetch(_COUNT.format(conversations=sql), params)
    return int(number)


@lru_cache(maxsize=64)
def _unread(kind: Entity) -> Prepared:
    """The conversations behind the count that apps poll; compiled once."""

    def build() -> QuerySet[Any]:
        field = kind.receipt_model._meta.get_field
        mine = kind.receipts.filter(recipient_id=Parameter("reader", field("recipient").target_field))
        unread = mine.visible(Parameter("now", field("sent_on"))).filter(unread=True)
        thread = Coalesce("sendable__thread", "sendable_id", output_field=BigIntegerField())
        return unread.order_by().annotate(conversation=thread).values_list("conversation").distinct()

    return Prepared(build)

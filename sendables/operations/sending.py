"""Sending, at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from audit.operations import record
from sendables.entities import Entity, entity
from sendables.entities.registry import has_field
from sendables.operations.delivering import deliver
from sendables.operations.errors import NoRecipients
from sendables.operations.inboxes import announce
from sendables.operations.pacing import spend
from sendables.selectors.audience import allowed, named
from sendables.signals import inboxes_changed, sendable_sent


@dataclass(frozen=True)
class Sent:
    """What was sent and the ids of those who got it, ascending."""

    sendable: Any
    reached: list[Any]


def send_message(
    *,
    sender: User,
    recipients: QuerySet[User] | Iterable[User],
    content: str,
    subject: str = "",
    allow_self: bool = False,
) -> Sent:
    """Write to some people; raises NoRecipients, TooFast."""
    fields = {"content": content, "subject": subject}
    return send(
        entity_name="message", sender=sender, recipients=recipients, fields=fields, allow_self=allow_self
    )


def send_notice(
    *,
    recipients: QuerySet[User] | Iterable[User],
    content: str,
    sent_by: User | None = None,
    expires_at: datetime | None = None,
) -> Sent:
    """Tell some people something in the system's name; raises NoRecipients."""
    fields = {"content": content, "expires_at": expires_at}
    return send(entity_name="notice", sender=sent_by, recipients=recipients, fields=fields, allow_self=True)


@transaction.atomic
def send(
    *,
    entity_name: str,
    sender: User | None,
    recipients: QuerySet[User] | Iterable[User],
    fields: dict[str, Any],
    allow_self: bool = False,
) -> Sent:
    """Store one sendable of any entity and give it to those of ``recipients`` who may get it.

    Unknown, blocked and otherwise refused people are left out (see
    ``audience.allowed``); raises NoRecipients when nobody is left and TooFast
    when the sender's limit is used up. Costs the same number of statements
    for one recipient and for ten thousand.
    """
    kind = entity(entity_name)
    spend(kind, sender, "SEND_RATE", 1)
    sendable = store(kind, sender, fields)
    reached = deliver(kind, sendable, allowed(kind, sender, as_queryset(recipients), allow_self=allow_self))
    if not reached:
        raise NoRecipients
    spend(kind, sender, "RECIPIENT_RATE", len(reached))
    tell(kind, sendable, sender, reached)
    note_send(kind, sendable.pk, people=len(reached))
    return Sent(sendable, reached)


def note_send(kind: Entity, key: Any, **facts: Any) -> None:
    """Put a send in the system's name on record, of which its own row does not tell who made it.

    Between people, the message itself says who wrote to whom and when.
    """
    if not kind.has_sender:
        record(Entry.Act.SEND, model=kind.content_model._meta.label_lower, object_id=key, **facts)


def as_queryset(people: QuerySet[User] | Iterable[User]) -> QuerySet[User]:
    return people if isinstance(people, QuerySet) else named([person.pk for person in people])


def store(kind: Entity, sender: User | None, fields: dict[str, Any], **more: Any) -> Any:
    """The content row, given to nobody yet."""
    values = {"sent_on": timezone.now(), **fields, **more}
    for name in ("sender", "sent_by"):
        if has_field(kind.content_model, name):
            values[name] = sender
    sendable = kind.content_model(**values)
    sendable.save(force_insert=True)
    return sendable


def tell(kind: Entity, sendable: Any, sender: User | None, reached: list[Any]) -> None:
    """Announce, once committed, that it was sent."""
    announce(sendable_sent, entity=kind.name, key=sendable.pk, by=sender and sender.pk, recipients=reached)
    announce(inboxes_changed, entity=kind.name, users=reached)

"""Conversations: answering, and what one person does with a whole one."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity, entity
from sendables.models import ArchivedThread
from sendables.operations.deleting import delete_copies, remove_sent
from sendables.operations.errors import UnknownThread
from sendables.operations.marking import Marked, mark
from sendables.operations.sending import Sent, send
from sendables.selectors.audience import named
from sendables.selectors.conversations import in_thread, one_seen, participants


@transaction.atomic
def reply(
    *,
    entity_name: str,
    sender: User,
    key: Any,
    fields: dict[str, Any],
    allow_self: bool = False,
    whom: Q | None = None,
) -> Sent:
    """Answer a message that ``sender`` received or sent, in its conversation and under its subject.

    Goes to everybody else in what the sender sees of the conversation; where
    that is more than REPLY_LIMIT people, to the writer of the answered
    message alone; of all these to those users that ``whom`` is true of. Raises
    UnknownThread, NoRecipients, TooFast.
    """
    kind = entity(entity_name)
    answered = one_seen(kind, sender, key) if kind.has_threads else None
    if answered is None:
        raise UnknownThread
    more = {"thread": answered.thread_id, "subject": fields.get("subject") or answered.subject}
    return send(
        entity_name=entity_name,
        sender=sender,
        recipients=_addressed(kind, sender, answered).filter(whom or Q()),
        fields={**fields, **more},
        allow_self=allow_self,
    )


def _addressed(kind: Entity, sender: User, answered: Any) -> Any:
    people = participants(kind, sender, answered.thread_id)
    if answered.sender_id in (None, sender.pk) or people.count() <= kind.settings.REPLY_LIMIT:
        return people
    return named([answered.sender_id])


def mark_thread(*, entity_name: str, reader: User, thread: int, read: bool) -> Marked:
    """Mark all of the conversation that the reader received."""
    kind = entity(entity_name)
    return mark(kind, reader, in_thread(thread, "sendable__"), read=read)


@transaction.atomic
def delete_thread(*, entity_name: str, person: User, thread: int) -> int:
    """Delete all that the person received and sent in the conversation, for that person only.

    Returns how many messages that were. Later messages make it appear again,
    with those only.
    """
    kind = entity(entity_name)
    deleted = delete_copies(kind, person, in_thread(thread, "sendable__"))
    return deleted + remove_sent(kind, person, in_thread(thread))


def archive_thread(*, entity_name: str, person: User, thread: int) -> None:
    """Put the conversation away until its next message."""
    ArchivedThread.objects.update_or_create(
        user=person, entity=entity_name, thread=thread, defaults={"archived_at": timezone.now()}
    )


def unarchive_thread(*, entity_name: str, person: User, thread: int) -> bool:
    """Take the conversation back to the others; whether it was away."""
    away = ArchivedThread.objects.filter(user=person, entity=entity_name, thread=thread)
    return bool(away.delete()[0])

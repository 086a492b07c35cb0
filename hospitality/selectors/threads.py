"""Conversations with the members' full names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from accounts.models import User
from hospitality.selectors.members import full_names
from sendables.entities import entity
from sendables.selectors import summaries
from sendables.selectors.conversations import messages_of, one_seen, participants, unread_threads

ENTITY = "message"


class Person(NamedTuple):
    uid: int
    name: str
    fullname: str


@dataclass(frozen=True)
class Summary:
    """One conversation as one person sees it; ``people`` has the person too."""

    thread: int
    subject: str
    count: int
    unread: int
    started_on: datetime
    latest_on: datetime
    people: list[Person]


@dataclass(frozen=True)
class Conversation:
    subject: str
    people: list[Person]
    messages: list[Any]


def unread(reader: User) -> int:
    """How many of the reader's conversations have something unread."""
    return unread_threads(entity(ENTITY), reader)


def page(reader: User, *, box: Any, limit: int, offset: int) -> list[Summary]:
    """The reader's conversations, the latest first, in a fixed number of statements."""
    found = summaries.threads(entity(ENTITY), reader, box=box, limit=limit, offset=offset)
    names = full_names({uid for each in found for uid, _ in each.people})
    return [
        Summary(
            each.thread, each.subject, each.count, each.unread, each.started_on, each.latest_on,
            [Person(uid, name, names.get(uid, "")) for uid, name in each.people],
        )
        for each in found
    ]  # fmt: skip


def conversation(reader: User, thread: int, *, limit: int, offset: int) -> Conversation | None:
    """What the reader sees of it, oldest message first; None when that is nothing."""
    kind = entity(ENTITY)
    seen = messages_of(kind, reader, thread).order_by("sent_on", "pk")
    first = seen.first()
    if first is None:
        return None
    people = _people(participants(kind, reader, thread).order_by("pk"))
    return Conversation(first.subject, people, list(seen[offset : offset + limit]))


def _people(users: Iterable[User]) -> list[Person]:
    users = list(users)
    names = full_names(user.pk for user in users)
    return [Person(user.pk, user.get_username(), names.get(user.pk, "")) for user in users]


def containing(reader: User, message: int) -> int | None:
    """The conversation of that id, or of the message of that id; None when the reader sees neither."""
    kind = entity(ENTITY)
    if messages_of(kind, reader, message).exists():
        return message
    found = one_seen(kind, reader, message)
    return found.thread_id if found is not None else None

"""Private messages: what the network's rules add to sendables' messages."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.models import User
from hospitality.errors import NotSent, UnknownMessage
from hospitality.models import Report
from sendables import operations as sendables
from sendables.entities import entity
from sendables.models import Message
from sendables.selectors.audience import named
from sendables.selectors.conversations import messages_of, one_seen, participants
from sendables.selectors.lists import received_one
from sendables.sql import Among

ENTITY = "message"
NO_RECIPIENTS = "There are no recipients, please enter a recipient for the message."
NOBODY_LEFT = "The message cannot be sent because all recipients are blocked."
TOO_MANY = "You have sent too many messages of late, please try again later."
_LONGEST_SUBJECT = 200
#: Accounts that are written to. Somebody who is no member has an inbox too, and may be answered.
_REACHED = Q(is_active=True) & (Q(member=None) | Q(member__validated=True))


@transaction.atomic
def send(*, sender: User, names: Iterable[str], subject: str, body: str) -> Message:
    """Begin a conversation with the members of these user names. NotSent tells all that is wrong.

    Those who blocked the sender, or whom the sender blocked, and members who
    are blocked or not validated are left out; somebody must be left.
    """
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    members = members_named(wanted)
    problems = [*_recipient_problems(wanted, members), *_subject_problems(subject)]
    if problems:
        raise NotSent(*problems)
    people = named(user.pk for user in members.values()).filter(_REACHED)
    try:
        return sendables.send_message(
            sender=sender, recipients=people, content=body, subject=subject, allow_self=True
        ).sendable
    except sendables.SendablesError as refused:
        raise _translated(refused) from None


def members_named(names: list[str]) -> dict[str, User]:
    """By the name as it is written here: the one of the very same name, or else in whatever case."""
    # In capitals, as the index has them. The database may know those of ASCII only, so the name itself too.
    same = Q(Among(Upper("username"), [name.upper() for name in names])) | Q(Among("username", names))
    found = list(User.objects.filter(same, member__isnull=False).order_by("-pk"))
    exact = {user.get_username(): user for user in found}
    alike = {user.get_username().upper(): user for user in found}
    people = {name: exact.get(name) or alike.get(name.upper()) for name in names}
    return {name: user for name, user in people.items() if user is not None}


def _recipient_problems(wanted: list[str], members: dict[str, User]) -> list[str]:
    if not wanted:
        return [NO_RECIPIENTS]
    unknown = [name for name in wanted if name not in members]
    return [f"One or more usernames are invalid: {', '.join(unknown)}"] if unknown else []


def _subject_problems(subject: str) -> list[str]:
    if not subject.strip():
        return ["A subject must be included with the message."]
    longest = _LONGEST_SUBJECT
    return [f"The subject may have {longest} characters at most."] if len(subject) > longest else []


def _translated(refused: sendables.SendablesError) -> NotSent:
    return NotSent(NOBODY_LEFT if isinstance(refused, sendables.NoRecipients) else TOO_MANY)


@transaction.atomic
def reply(*, sender: User, thread: int, body: str) -> Message:
    """Answer everybody else in the conversation who can be written to. UnknownMessage, NotSent."""
    kind = entity(ENTITY)
    latest = messages_of(kind, sender, thread).order_by("-pk").first()
    if latest is None:
        raise UnknownMessage
    if not body.strip():
        raise NotSent("A message must be included in your reply.")
    alone = not participants(kind, sender, thread).exclude(pk=sender.pk).exists()
    try:
        fields = {"content": body}
        sent = sendables.reply(
            entity_name=ENTITY, sender=sender, key=latest.pk, fields=fields, allow_self=alone, whom=_REACHED
        )
    except sendables.SendablesError as refused:
        raise _translated(refused) from None
    return sent.sendable


def mark(*, reader: User, thread: int, read: bool) -> None:
    """Mark the reader's copies of the whole conversation; of a foreign one there are none."""
    sendables.mark_thread(entity_name=ENTITY, reader=reader, thread=thread, read=read)


def delete(*, person: User, thread: int) -> int:
    """Delete the conversation for this person only; how many messages that were."""
    return sendables.delete_thread(entity_name=ENTITY, person=person, thread=thread)


@transaction.atomic
def archive(*, person: User, thread: int, away: bool) -> None:
    """Put the person's conversation away until its next message, or take it back. UnknownMessage.

    What is put away is marked as read: apps show the unread count beside the
    list that the conversation is no longer in.
    """
    if not messages_of(entity(ENTITY), person, thread).exists():
        raise UnknownMessage
    if away:
        mark(reader=person, thread=thread, read=True)
    change = sendables.archive_thread if away else sendables.unarchive_thread
    change(entity_name=ENTITY, person=person, thread=thread)


def block(*, member: User, name: str, blocked: bool) -> bool:
    """Block the member of that user name, or take it back; whether there is such a member."""
    found = members_named([name.strip()])
    if not found:
        return False
    people = [user.pk for user in found.values()]
    change = sendables.block if blocked else sendables.unblock
    change(blocker=member, people=people)
    return True


def report(*, reporter: User, message: int, reason: str) -> Report:
    """Tell the administrators about a message that was received; once each. UnknownMessage."""
    kind = entity(ENTITY)
    if one_seen(kind, reporter, message) is None or not received_one(kind, reporter, message).exists():
        raise UnknownMessage
    made, _ = Report.objects.get_or_create(reporter=reporter, message_id=message, defaults={"reason": reason})
    return made

"""Messages."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from accounts.models import User
from outbox.channels import Refusal, channel, channel_names
from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import BinaryContent, Message, MessageSet, Welcome
from stagebased.operations.content.revisions import begin_edition, store
from stagebased.operations.content.sets import unknown_key

#: Characters that word processors put in unasked. None of them is in the GSM
#: alphabet, so a single one makes a whole SMS UCS-2: 70 characters a part, not
#: 160. The original service refuses them, and content is checked against it.
TYPOGRAPHIC = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
}
_NOT_UNIQUE = "The fields messageset, sequence_number, lang must make a unique set."
NOTHING = "Either text_content or binary_content must be given."


def check_message(message: Message) -> None:
    """Set and file there, text or file given, text fit for the set's channel, place in the set free."""
    message_set = set_of(message)
    errors = {
        "messageset": None if message_set else unknown_key(message.messageset_id),
        "binary_content": file_problem(message.binary_content_id),
        "text_content": text_problem(message.text_content or "", message_set.channel if message_set else ""),
        "metadata": None if isinstance(message.metadata, dict) else "Must be an object.",
        "sequence_number": "Must be at least 1." if message.sequence_number < 1 else None,
        "non_field_errors": _place_problem(message),
    }
    found = {field: [problem] for field, problem in errors.items() if problem}
    if found:
        raise Refused(found)


def set_of(record: Message | Welcome) -> MessageSet | None:
    """The set it belongs to, as it is now; one that is not stored yet where it is just being written."""
    try:
        # Asked anew: the record at hand may be older than the set's removal.
        if record.messageset_id is not None:
            return MessageSet.objects.get(pk=record.messageset_id)
        return record.messageset
    except ObjectDoesNotExist:
        return None


def file_problem(key: int | None) -> str | None:
    """Why this is no file of a message; None where it is one, or none is named."""
    if key is None or BinaryContent.objects.filter(pk=key, replaced_at=None).exists():
        return None
    return unknown_key(key)


def text_problem(text: str, channel_name: str) -> str | None:
    """Why a text cannot be a message of a set that goes by this channel; None where it can."""
    if not text:
        return None
    for character, plain in TYPOGRAPHIC.items():
        if character in text:
            return f"The character {character} makes an SMS much longer: write {plain} instead."
    if channel_name not in channel_names():
        return None
    found = channel(channel_name).examine(text, {})
    return (found.detail or found.code) if isinstance(found, Refusal) else None


def _place_problem(message: Message) -> str | None:
    if not message.text_content and message.binary_content_id is None:
        return NOTHING
    others = Message.objects.filter(
        messageset=message.messageset_id, sequence_number=message.sequence_number, lang=message.lang
    )
    return _NOT_UNIQUE if others.exclude(pk=message.pk).exists() else None


def save_message(
    *, message: Message, changed: Collection[str] | None = None, by: User | None = None
) -> Message:
    """Store a new message, or the ``changed`` fields of an existing one, and publish it for the next send.

    What it says now is recorded as a revision, unless it says the same as
    before. Raises Refused, and UnknownMessage when it has just been removed.
    """
    check_message(message)
    try:
        with transaction.atomic():
            store(message, changed, by)
    except (IntegrityError, UnknownMessageSet):
        # Lost a race for the place, or for what it refers to: the check now sees it.
        check_message(message)
        raise
    return message


def delete_message(*, message: Message) -> None:
    """Remove a message. A subscriber who comes to its place gets a failure that says so."""
    with transaction.atomic():
        begin_edition(message.messageset_id)
        message.delete()

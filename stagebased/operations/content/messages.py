"""Messages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from outbox.channels import Refusal, channel, channel_names
from stagebased.errors import Refused
from stagebased.models import BinaryContent, Message, MessageSet
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


def check_message(message: Message) -> None:
    """Set and file there, text or file given, text fit for the set's channel, place in the set free."""
    message_set = _set_of(message)
    errors = {
        "messageset": None if message_set else unknown_key(message.messageset_id),
        "binary_content": _file_problem(message.binary_content_id),
        "text_content": _text_problem(message, message_set),
        "metadata": None if isinstance(message.metadata, dict) else "Must be an object.",
        "sequence_number": "Must be at least 1." if message.sequence_number < 1 else None,
        "non_field_errors": _place_problem(message),
    }
    found = {field: [problem] for field, problem in errors.items() if problem}
    if found:
        raise Refused(found)


def _set_of(message: Message) -> MessageSet | None:
    try:
        # Asked anew: the record at hand may be older than the set's removal.
        if message.messageset_id is not None:
            return MessageSet.objects.get(pk=message.messageset_id)
        return message.messageset
    except ObjectDoesNotExist:
        return None


def _file_problem(key: int | None) -> str | None:
    if key is None or BinaryContent.objects.filter(pk=key).exists():
        return None
    return unknown_key(key)


def _text_problem(message: Message, message_set: MessageSet | None) -> str | None:
    text = message.text_content
    if not text:
        return None
    for character, plain in TYPOGRAPHIC.items():
        if character in text:
            return f"The character {character} makes an SMS much longer: write {plain} instead."
    if message_set is None or message_set.channel not in channel_names():
        return None
    found = channel(message_set.channel).examine(text, {})
    return (found.detail or found.code) if isinstance(found, Refusal) else None


def _place_problem(message: Message) -> str | None:
    if not message.text_content and message.binary_content_id is None:
        return "Either text_content or binary_content must be given."
    others = Message.objects.filter(
        messageset=message.messageset_id, sequence_number=message.sequence_number, lang=message.lang
    )
    return _NOT_UNIQUE if others.exclude(pk=message.pk).exists() else None


def save_message(*, message: Message, changed: Collection[str] | None = None) -> Message:
    """Store a new message, or the ``changed`` fields of an existing one. The next send uses it."""
    check_message(message)
    try:
        with transaction.atomic():
            _write(message, changed)
    except IntegrityError:
        # Lost a race for the place, or for what it refers to: the check now sees it.
        check_message(message)
        raise
    return message


def _write(message: Message, changed: Collection[str] | None) -> None:
    options: dict[str, Any] = {"force_insert": True}
    if changed is not None:
        options = {"update_fields": {*changed, "updated_at"}}
    message.save(**options)


def delete_message(*, message: Message) -> None:
    """Remove a message. A subscriber who comes to its place gets a failure that says so."""
    message.delete()

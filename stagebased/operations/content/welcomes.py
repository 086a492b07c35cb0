"""Welcomes: what somebody who joins a set gets at once."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction

from accounts.models import User
from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import MessageSet, Welcome
from stagebased.operations.content.messages import file_problem, set_of, text_problem
from stagebased.operations.content.revisions import begin_edition, store
from stagebased.operations.content.sets import unknown_key

_NOT_UNIQUE = "The fields messageset, lang must make a unique set."
_NOTHING_SAID = "Either text_content or binary_content must be given."
_NO_AUDIO = "The set speaks audio: its welcome is a file."


def check_welcome(welcome: Welcome) -> None:
    """Set and file there, something said in a way the set's channel can carry, no other in that language."""
    message_set = set_of(welcome)
    errors = {
        "messageset": None if message_set else unknown_key(welcome.messageset_id),
        "binary_content": file_problem(welcome.binary_content_id),
        "text_content": text_problem(welcome.text_content, message_set.channel if message_set else ""),
        "non_field_errors": _problem(welcome, message_set),
    }
    found = {field: [problem] for field, problem in errors.items() if problem}
    if found:
        raise Refused(found)


def _problem(welcome: Welcome, message_set: MessageSet | None) -> str | None:
    if welcome.binary_content_id is None:
        if not welcome.text_content:
            return _NOTHING_SAID
        if message_set is not None and message_set.content_type == MessageSet.ContentType.AUDIO:
            return _NO_AUDIO
    others = Welcome.objects.filter(messageset=welcome.messageset_id, lang=welcome.lang)
    return _NOT_UNIQUE if others.exclude(pk=welcome.pk).exists() else None


def save_welcome(
    *, welcome: Welcome, changed: Collection[str] | None = None, by: User | None = None
) -> Welcome:
    """Store a new welcome, or the ``changed`` fields of an existing one, and publish it.

    Whoever joins next hears it. What it says now is recorded as a revision,
    unless it says the same as before. Raises Refused, and UnknownMessage when
    it has just been removed.
    """
    check_welcome(welcome)
    try:
        with transaction.atomic():
            store(welcome, changed, by)
    except (IntegrityError, UnknownMessageSet):
        # Lost a race for the language, or for what it refers to: the check now sees it.
        check_welcome(welcome)
        raise
    return welcome


def delete_welcome(*, welcome: Welcome) -> None:
    """Remove a welcome: whoever joins next is not greeted in that language."""
    with transaction.atomic():
        begin_edition(welcome.messageset_id)
        welcome.delete()

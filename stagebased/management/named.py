"""What commands are told by name."""

from __future__ import annotations

from django.core.management import CommandError

from stagebased.models import MessageSet


def message_set_named(name: str) -> MessageSet:
    """The set with that short name. Raises CommandError."""
    found = MessageSet.objects.filter(short_name=name).first()
    if found is None:
        raise CommandError(f"There is no message set {name!r}.")
    return found

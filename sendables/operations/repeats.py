"""Requests that may be repeated safely: the same key twice is done once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from sendables.models import SendKey
from sendables.operations.errors import KeyReused

#: What a key may be.
KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Outcome(NamedTuple):
    answer: dict[str, Any]
    #: The answer is that of an earlier request; nothing was done now.
    replayed: bool


@transaction.atomic
def once(
    *, user: User, key: str, fingerprint: str, keep_for: timedelta, do: Callable[[], dict[str, Any]]
) -> Outcome:
    """Do it and remember its answer under the user's key, or return the remembered one.

    Equal requests at the same moment wait for the first: the key's row is
    inserted before the work and both commit together, so a crash leaves
    neither. Raises KeyReused when the key belongs to a request with another
    fingerprint; a key older than ``keep_for`` is forgotten.
    """
    keys = SendKey.objects.select_for_update()
    row, is_new = keys.get_or_create(user=user, key=key, defaults={"fingerprint": fingerprint})
    if not is_new and timezone.now() - row.created_at < keep_for:
        if row.fingerprint != fingerprint:
            raise KeyReused
        return Outcome(row.answer, replayed=True)
    row.fingerprint, row.created_at, row.answer = fingerprint, timezone.now(), do()
    row.save(update_fields=["fingerprint", "created_at", "answer"])
    return Outcome(row.answer, replayed=False)

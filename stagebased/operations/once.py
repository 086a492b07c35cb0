"""Calls that may be repeated: what they ask for is done once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import transaction

from stagebased.errors import AlreadyUsed
from stagebased.models import Change, ChangeRequest
from stagebased.operations.audit import Author


@dataclass(frozen=True)
class Call:
    """What was asked for: the kind of change, and all that was said with it as a digest.

    ``key`` is the caller's own id; without one each call stands for itself.
    """

    kind: str
    digest: str
    key: str | None = None


@transaction.atomic
def once(*, call: Call, author: Author, act: Callable[[Author], object]) -> list[Change]:
    """Do what the call asks for, unless it was done before; the changes that it made, then or now.

    However many of one call come at once, the key's unique column lets one
    through; the others wait for it and find what it did. Raises AlreadyUsed
    when the key belongs to another call, and whatever ``act`` raises, with
    nothing changed.
    """
    about = {"kind": call.kind, "digest": call.digest, "created_by": author.user}
    request, is_new = (
        ChangeRequest.objects.get_or_create(key=call.key, defaults=about)
        if call.key
        else (ChangeRequest.objects.create(**about), True)
    )
    if is_new:
        act(replace(author, request=request))
    elif (request.kind, request.digest) != (call.kind, call.digest):
        raise AlreadyUsed(f"The id {call.key} was used for another request.")
    return list(request.changes.select_related("created_by").order_by("pk"))

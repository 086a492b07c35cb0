"""The record of what was changed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from stagebased.models import Change, ChangeRequest, Subscription


@dataclass(frozen=True)
class Author:
    """Who asks for a change, where, and why."""

    source: str = "api"
    user: User | None = None
    reason: str = ""
    #: The call that asked for it, where a repeat of that call is to change nothing.
    request: ChangeRequest | None = None


NOBODY = Author(source="planner")


def record(
    kind: Change.Kind,
    subscriptions: Iterable[Subscription],
    author: Author,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write one row for each subscription, in the transaction of the change."""
    Change.objects.bulk_create(
        change(kind, subscription, author, before=before, after=after) for subscription in subscriptions
    )


def change(
    kind: Change.Kind,
    subscription: Subscription,
    author: Author,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    successor: Subscription | None = None,
) -> Change:
    return Change(
        kind=kind,
        contact_id=subscription.contact_id,
        subscription=subscription,
        successor=successor,
        before=before or {},
        after=after or {},
        reason=author.reason[:200],
        source=author.source,
        created_by=author.user,
        request=author.request,
    )

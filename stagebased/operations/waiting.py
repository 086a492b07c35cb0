"""What is queued for subscriptions and has not gone out."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from outbox.operations import cancel

#: What deliveries of a subscription name as their source.
SOURCE = "subscription"


def cancel_waiting(subscription_ids: Collection[UUID]) -> None:
    """Stop what was queued for these subscriptions and has not gone out."""
    cancel(
        reason="subscription_stopped",
        detail="The subscription was stopped before the message went out.",
        cause_ids=subscription_ids,
        source=SOURCE,
    )

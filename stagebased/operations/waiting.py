"""What is queued for subscriptions and has not gone out."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from outbox import sets
from outbox.operations import cancel
from stagebased.models import Subscription

#: What deliveries of a subscription name as their source.
SOURCE = "subscription"

_EARLIER = """
WITH RECURSIVE earlier(id) AS (
    SELECT s.continues_id FROM {given} AS given JOIN stagebased_subscription s ON s.id = given.k
     UNION
    SELECT s.continues_id FROM earlier JOIN stagebased_subscription s ON s.id = earlier.id
)
SELECT CAST(id AS text) FROM earlier WHERE id IS NOT NULL
"""


def cancel_waiting(subscription_ids: Collection[UUID], *, contact_id: UUID | None = None) -> None:
    """Stop what was queued for these subscriptions and has not gone out.

    A set has ended when its last message is queued, so that one may wait while
    the next set runs already: what waits for those that these continue is
    stopped too, and with ``contact_id`` for all of the person's that have ended.
    """
    ended = Subscription.objects.filter(contact=contact_id, completed=True) if contact_id else None
    cancel(
        reason="subscription_stopped",
        detail="The subscription was stopped before the message went out.",
        cause_ids={
            *subscription_ids,
            *_continued_by(subscription_ids),
            *(ended.values_list("pk", flat=True) if ended is not None else ()),
        },
        source=SOURCE,
    )


def _continued_by(subscription_ids: Collection[UUID]) -> list[UUID]:
    """The subscriptions that came before these in their chains of sets."""
    if not subscription_ids:
        return []
    given = sets.records([(sets.id_value(key),) for key in subscription_ids], k="uuid")
    return [UUID(key) for (key,) in sets.fetch(_EARLIER.format(given=given.sql), given.params)]

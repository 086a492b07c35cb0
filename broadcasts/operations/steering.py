"""Preparing, starting, holding, stopping, repeating. Each locks the broadcast's row: a batch of the
worker is either committed before, and then seen, or begins after, and then sees the new state."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.models import Entry
from audit.operations import record
from broadcasts.errors import NotNow
from broadcasts.models import SOURCE, Broadcast
from broadcasts.wake import nudge
from outbox import operations as outbox
from outbox.models import Delivery

State = Broadcast.State
Queued = Delivery.State
#: What can be repeated: it ended, and the person has not got it.
REPEATABLE = (Queued.FAILED, Queued.EXPIRED)
_BEGINNING = UUID(int=0)


def _locked(broadcast_id: UUID, allowed: Collection[str]) -> Broadcast:
    broadcast = Broadcast.objects.select_for_update().get(pk=broadcast_id)
    if broadcast.state not in allowed:
        raise NotNow(f"It is {broadcast.get_state_display()}: that cannot be done now.")
    return broadcast


@transaction.atomic
def prepare(*, broadcast_id: UUID) -> Broadcast:
    """Have the recipients written down and counted. Raises NotNow."""
    broadcast = _locked(broadcast_id, [State.DRAFT])
    broadcast.state = State.PREPARING
    broadcast.save(update_fields=["state"])
    nudge()
    return broadcast


@transaction.atomic
def start(*, broadcast_id: UUID) -> Broadcast:
    """Send what was prepared. Raises NotNow."""
    broadcast = _locked(broadcast_id, [State.READY])
    broadcast.state, broadcast.started_at = State.SENDING, timezone.now()
    broadcast.cursor, broadcast.dealt_with = "", 0
    broadcast.save(update_fields=["state", "started_at", "cursor", "dealt_with"])
    record(
        Entry.Act.SEND, model=Broadcast._meta.label_lower, object_id=broadcast.pk,
        channel=broadcast.channel, recipients=broadcast.total,
    )  # fmt: skip
    nudge()
    return broadcast


@transaction.atomic
def pause(*, broadcast_id: UUID) -> Broadcast:
    """Hold it: nothing more is queued, and what waits at the gateway waits on. Raises NotNow."""
    broadcast = _locked(broadcast_id, [State.SENDING])
    broadcast.state = State.PAUSED
    broadcast.save(update_fields=["state"])
    # As quiet hours do it: the dispatcher passes over these until somebody opens them again.
    waiting = Delivery.objects.filter(cause=broadcast_id, source=SOURCE)
    waiting.filter(state__in=[Queued.QUEUED, Queued.CLAIMED]).update(closes_at=timezone.now())
    return broadcast


def pause_all() -> int:
    """Hold every broadcast that is being sent; how many."""
    sending = list(Broadcast.objects.filter(state=State.SENDING).values_list("pk", flat=True))
    for key in sending:
        pause(broadcast_id=key)
    return len(sending)


@transaction.atomic
def resume(*, broadcast_id: UUID) -> Broadcast:
    """Go on where it was held. Raises NotNow."""
    broadcast = _locked(broadcast_id, [State.PAUSED])
    broadcast.state = State.SENDING
    broadcast.save(update_fields=["state"])
    nudge()
    return broadcast


@transaction.atomic
def cancel(*, broadcast_id: UUID) -> Broadcast:
    """Stop it for good: when this is committed, nothing more is handed over. Raises NotNow."""
    broadcast = _locked(broadcast_id, [State.PREPARING, State.READY, State.SENDING, State.PAUSED])
    broadcast.state, broadcast.finished_at = State.CANCELLED, timezone.now()
    broadcast.save(update_fields=["state", "finished_at"])
    outbox.cancel(
        reason="broadcast_cancelled",
        detail="The broadcast was cancelled before the message went out.",
        cause_ids=[broadcast_id],
        source=SOURCE,
    )
    return broadcast


@transaction.atomic
def resend_failures(*, broadcast_id: UUID) -> Broadcast:
    """Send again, once each, what has failed or expired until now. Raises NotNow."""
    broadcast = _locked(broadcast_id, [State.DONE])
    newest = Delivery.objects.filter(cause=broadcast_id, source=SOURCE, state__in=REPEATABLE)
    until = newest.order_by("-pk").values_list("pk", flat=True).first()
    if until is None:
        raise NotNow("Nothing has failed.")
    broadcast.state, broadcast.repeat_after, broadcast.repeat_until = State.SENDING, _BEGINNING, until
    broadcast.finished_at = None
    broadcast.save(update_fields=["state", "repeat_after", "repeat_until", "finished_at"])
    record(Entry.Act.SEND_AGAIN, model=Broadcast._meta.label_lower, object_id=broadcast.pk)
    nudge()
    return broadcast

"""Bringing subscriptions to where they should be, without sending anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from stagebased import simulation
from stagebased.errors import UnknownSubscription
from stagebased.models import Subscription
from stagebased.simulation import Path, Send
from stagebased.steps import Start, pass_by

#: Written when a subscription is moved.
_FIELDS = ["next_sequence_number", "completed", "active", "process_status", "updated_at"]


def expected(subscription: Subscription, *, now: datetime, path: Path | None = None) -> list[Send]:
    """The slots since the subscription began, as they would have gone had each sent its message."""
    begin = Start(subscription.messageset_id, subscription.schedule_id, subscription.initial_sequence_number)
    path = path or simulation.load(subscription.messageset_id, subscription.schedule_id)
    walked = simulation.walk(path, begin, subscription.created_at, subscription.contact.timezone, pass_by)
    sends = []
    for send in walked:
        if send.due_at > now:
            break
        sends.append(send)
    return sends


@transaction.atomic
def fast_forward(*, subscription_id: UUID, now: datetime | None = None) -> Subscription:
    """Move a subscription to where it would be had every slot since it began sent its message.

    Nothing is sent and nobody is moved back. Where the set would have ended,
    the subscription is completed and the ones that follow it are made, each as
    of the slot at which the one before ended; the one that is running now is
    returned. Raises UnknownSubscription.
    """
    now = now or timezone.now()
    rows = Subscription.objects.select_for_update(of=("self",), no_key=True).select_related("contact")
    subscription = rows.filter(pk=subscription_id).first()
    if subscription is None:
        raise UnknownSubscription(f"There is no subscription {subscription_id}.")
    if subscription.completed:
        return subscription
    return _follow(subscription, expected(subscription, now=now), now)


def _follow(subscription: Subscription, sends: Iterable[Send], now: datetime) -> Subscription:
    at = subscription
    for send in sends:
        at.next_sequence_number = max(at.next_sequence_number, send.step.position)
        if send.step.completes:
            successor = _successor(at, send)
            at.completed, at.active, at.process_status = True, False, Subscription.ProcessStatus.COMPLETED
            _save(at, now)
            if successor is None:
                return at
            at = successor
    _save(at, now)
    return at


def _successor(ended: Subscription, send: Send) -> Subscription | None:
    follow_up = send.step.follow_up
    if follow_up is None:
        return None
    made, _ = Subscription.objects.get_or_create(
        continues=ended,
        defaults={
            "contact": ended.contact,
            "messageset_id": follow_up.messageset_id,
            "schedule_id": follow_up.schedule_id,
            "lang": ended.lang,
            "initial_sequence_number": follow_up.position,
            "next_sequence_number": follow_up.position,
            # Who was stopped before is stopped in the next set too.
            "active": ended.active,
            "stopped": ended.stopped,
            "metadata": {},
            "created_at": send.due_at,
            "last_slot_at": send.due_at,
        },
    )
    return made


def _save(subscription: Subscription, now: datetime) -> None:
    subscription.updated_at = now
    subscription.save(update_fields=_FIELDS)

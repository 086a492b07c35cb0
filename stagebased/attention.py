"""What needs somebody's attention: subscriptions whose latest occasion did not become a message.

A list of what is wrong now, not of what ever went wrong: as soon as a later
message has gone out for the same subscription, it is no longer on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from outbox import operations as outbox
from outbox import wake
from outbox.models import Delivery
from stagebased.errors import ProgrammeError
from stagebased.models import Subscription
from stagebased.operations.send import send_now
from stagebased.operations.waiting import SOURCE

State = Delivery.State
#: How far back is looked.
SINCE = timedelta(days=7)
#: Most that one call sends again; what is left stays on the list.
MOST = 1000


@dataclass(frozen=True)
class Filter:
    """Which of the list are meant. Empty: all."""

    reason: str = ""
    messageset_id: int | None = None
    since: datetime | None = None


@dataclass
class Requeued:
    """What came of a requeue: how many messages wait again, and how many still cannot be sent."""

    queued: int = 0
    refused: int = 0


def listed(which: Filter, *, now: datetime | None = None) -> QuerySet[Delivery]:
    """The deliveries that show what is wrong, newest first; one for each subscription that runs."""
    since = which.since or (now or timezone.now()) - SINCE
    later = Delivery.objects.filter(cause=OuterRef("cause"), source=SOURCE, pk__gt=OuterRef("pk"))
    running = Subscription.objects.filter(pk=OuterRef("cause"), active=True, completed=False)
    if which.messageset_id is not None:
        running = running.filter(messageset=which.messageset_id)
    found = Delivery.objects.filter(
        ~Exists(later),
        Exists(running),
        source=SOURCE,
        state__in=[State.FAILED, State.SKIPPED, State.EXPIRED],
        ended_at__gte=since,
    )
    if which.reason:
        found = found.filter(reason=which.reason)
    return found.order_by("-pk")


def counts(which: Filter, *, now: datetime | None = None) -> dict[str, int]:
    """How many there are for each reason. One statement."""
    rows = listed(which, now=now).order_by().values_list("reason").annotate(Count("pk")).order_by("reason")
    return dict(rows)


def requeue(*, which: Filter, now: datetime | None = None) -> Requeued:
    """Try those of the list again at once, at most ``MOST`` of them.

    Where no message could be made, the next message is made now; where the
    gateway refused one or it came too late, that one is repeated. What still
    cannot be sent is on the list again with its reason.
    """
    done = Requeued()
    for delivery in list(listed(which, now=now)[:MOST]):
        if _again(delivery, now):
            done.queued += 1
        else:
            done.refused += 1
    wake.nudge()
    return done


@transaction.atomic
def _again(delivery: Delivery, now: datetime | None) -> bool:
    if delivery.text:
        return any(one.state == State.QUEUED for one in outbox.send_again(ids=[delivery.pk]))
    try:
        return send_now(subscription_id=delivery.cause, now=now).state == State.QUEUED
    except ProgrammeError:
        return False

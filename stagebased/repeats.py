"""On what terms a programme's message that ended short is repeated (``outbox.repeats``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Max, Q
from django.utils import timezone

from outbox.hours import zone_named
from outbox.models import Delivery
from outbox.repeats import Terms, register
from stagebased.models import Change, Subscription
from stagebased.operations.optouts import unsubscribed
from stagebased.operations.waiting import SOURCE
from stagebased.planner.batch import Shelf, window
from stagebased.slots import own_zone

Stopped = Subscription.Stopped
_NEVER = datetime.min.replace(tzinfo=UTC)


def terms(deliveries: Sequence[Delivery]) -> dict[UUID, Terms]:
    """Those whose programme goes on or has come to its end, in the hours that its set has by now.

    Not after a loss, whatever ran then; not of a programme that was stopped,
    left or paused. One that was given up for failures was not stopped by
    anybody: its messages may be tried again.
    """
    meant = _meant({row.cause for row in deliveries})
    losses = _losses({one.contact_id for one in meant.values()})
    now, shelf = timezone.now(), Shelf()
    shelf.fetch({one.messageset_id for one in meant.values()})
    found = {}
    for row in deliveries:
        subscription = meant.get(row.cause)
        if subscription is None or row.created_at <= losses.get(subscription.contact_id, _NEVER):
            continue
        theirs = subscription.contact.timezone
        zone = (zone_named(theirs) if theirs else None) or own_zone(subscription.schedule)
        found[row.pk] = Terms(*window(shelf[subscription.messageset_id], now, zone))
    return found


def _meant(keys: set[UUID]) -> dict[UUID, Subscription]:
    going_on = Q(active=True) | Q(completed=True) | Q(stopped=Stopped.FAILURES)
    rows = Subscription.objects.filter(going_on, pk__in=keys).select_related("contact", "schedule")
    found = {one.pk: one for one in rows}
    people = {one.contact_id for one in found.values()}
    for key in Subscription.objects.filter(unsubscribed(people), pk__in=found).values_list("pk", flat=True):
        del found[key]
    return found


def _losses(people: set[UUID]) -> dict[UUID, datetime]:
    """When the latest of these people had a loss, of those who had one."""
    rows = Change.objects.filter(kind=Change.Kind.LOSS, contact__in=people).order_by()
    return dict(rows.values_list("contact").annotate(Max("created_at")))


register(SOURCE, terms)

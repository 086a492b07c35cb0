"""Pausing subscriptions and letting them go on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from stagebased.errors import Refused
from stagebased.models import Change, Subscription
from stagebased.operations.audit import NOBODY, Author, record
from stagebased.operations.dates import realign
from stagebased.operations.waiting import cancel_waiting

Stopped = Subscription.Stopped


@transaction.atomic
def pause(
    *,
    subscription_ids: Collection[UUID],
    author: Author,
    until: datetime | None = None,
    now: datetime | None = None,
) -> int:
    """Stop running subscriptions until they are resumed, and cancel what waits for them; how many.

    With ``until`` they go on by themselves from the first slot after it; a
    subscription that is paused already gets the new end. Raises Refused for an
    end that has passed.
    """
    now = now or timezone.now()
    if until is not None and until <= now:
        raise Refused({"until": ["This time has passed."]})
    wanted = Subscription.objects.filter(pk__in=subscription_ids, completed=False)
    found = _locked(wanted.filter(active=True) | wanted.filter(stopped=Stopped.PAUSED))
    keys = [subscription.pk for subscription in found]
    Subscription.objects.filter(pk__in=keys).update(
        active=False, stopped=Stopped.PAUSED, paused_until=until, updated_at=now, updated_by=author.user
    )
    record(Change.Kind.PAUSE, found, author, after={"until": until.isoformat() if until else None})
    cancel_waiting(keys)
    return len(keys)


@transaction.atomic
def resume(*, subscription_ids: Collection[UUID], author: Author, now: datetime | None = None) -> int:
    """Let paused subscriptions go on where they stopped, from their next slot; how many.

    Those whose position follows a date go on where it is by now.
    """
    return _resume(Subscription.objects.filter(pk__in=subscription_ids), author, now or timezone.now())


@transaction.atomic
def resume_due(*, now: datetime) -> int:
    """Let those go on whose pause is over; how many."""
    return _resume(Subscription.objects.filter(paused_until__lte=now), NOBODY, now)


def _resume(wanted: QuerySet[Subscription], author: Author, now: datetime) -> int:
    found = _locked(wanted.filter(stopped=Stopped.PAUSED, active=False, completed=False))
    Subscription.objects.filter(pk__in=[subscription.pk for subscription in found]).update(
        active=True, stopped=Stopped.NO, paused_until=None, updated_at=now, updated_by=author.user
    )
    record(Change.Kind.RESUME, found, author)
    realign(subscription_ids=[subscription.pk for subscription in found], now=now)
    return len(found)


def _locked(wanted: QuerySet[Subscription]) -> list[Subscription]:
    return list(wanted.select_for_update(no_key=True).order_by("pk").only("pk", "contact"))

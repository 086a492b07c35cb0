"""Sets on which nobody may run more than once: who is there already?

The database decides (``subscription_one_active``), so that two requests at the
same moment cannot both win; here it is asked beforehand, to give way where
that is the better answer than an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from stagebased.errors import Refused
from stagebased.models import Subscription

Place = tuple[UUID, int]


def place(subscription: Subscription) -> Place:
    """Whose subscription it is, and to which set."""
    return subscription.contact_id, subscription.messageset_id


#: What is read of subscriptions here.
COLUMNS = ("pk", "contact", "messageset", "exclusive")


def taken(wanted: Iterable[Subscription]) -> set[Place]:
    """Of the places that these want, those where another one runs already. One statement, or none."""
    exclusive = [one for one in wanted if one.exclusive]
    if not exclusive:
        return set()
    running = Subscription.objects.filter(
        contact__in={one.contact_id for one in exclusive},
        messageset__in={one.messageset_id for one in exclusive},
        exclusive=True,
        active=True,
        completed=False,
    ).exclude(pk__in=[one.pk for one in exclusive])
    return set(running.values_list("contact_id", "messageset_id"))


def holders(contact_ids: Collection[UUID]) -> dict[Place, UUID]:
    """Who of these people's subscriptions holds a place that only one may have."""
    running = Subscription.objects.filter(
        contact__in=contact_ids, exclusive=True, active=True, completed=False
    )
    rows = running.values_list("contact_id", "messageset_id", "pk")
    return {(contact, messageset): key for contact, messageset, key in rows}


def may_run(wanted: Sequence[Subscription]) -> list[Subscription]:
    """Those that can be set running: nobody is in their place, and of several for one place the newest."""
    full = taken(wanted)
    allowed = []
    for one in sorted(wanted, key=lambda one: one.pk, reverse=True):
        if not one.exclusive or place(one) not in full:
            allowed.append(one)
            full.add(place(one))
    return sorted(allowed, key=lambda one: one.pk)


def give_way(subscriptions: Iterable[Subscription], now: datetime, by: User | None = None) -> None:
    """These do not go on: another subscription has taken their place."""
    Subscription.objects.filter(pk__in=[one.pk for one in subscriptions]).update(
        stopped=Subscription.Stopped.SWITCHED, paused_until=None, updated_at=now, updated_by=by
    )


def refusal(contact_id: UUID, messageset_id: int, but: UUID) -> Refused | None:
    """Why this person cannot run on a set besides ``but``; None where nothing is in the way."""
    there = Subscription.objects.filter(
        contact=contact_id, messageset=messageset_id, exclusive=True, active=True, completed=False
    )
    found = there.exclude(pk=but).values_list("pk", flat=True).first()
    if found is None:
        return None
    return Refused({"messageset": [f"This person is on the set already: subscription {found}."]})


def store_all(made: Sequence[Subscription]) -> None:
    """Write new subscriptions. Raises Refused when somebody has just been put on the set by another way."""
    try:
        with transaction.atomic():
            Subscription.objects.bulk_create(made, batch_size=500)
    except IntegrityError:
        if not taken(made):
            raise
        raise Refused({"messageset": ["Somebody is on the set already."]}) from None

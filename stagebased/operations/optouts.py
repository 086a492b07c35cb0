"""Which subscriptions an opt-out stands against."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q

from contacts.models import OptOut
from outbox import sets
from stagebased.models import MessageSet, Subscription
from stagebased.planner import sql


class Chains:
    """Which sets follow which, read once."""

    def __init__(self) -> None:
        rows = list(MessageSet.objects.values_list("pk", "short_name", "next_set"))
        self._keys = {short_name: key for key, short_name, _ in rows}
        self._following = {key: next_set for key, _, next_set in rows}

    def of(self, programme: str) -> set[int]:
        """The set of that short name and all that follow it; empty when there is none."""
        chain: set[int] = set()
        key = self._keys.get(programme)
        while key is not None and key not in chain:
            chain.add(key)
            key = self._following.get(key)
        return chain


def unreachable(ids: Iterable[UUID]) -> set[UUID]:
    """Of these subscriptions those whose people can only not be reached because of an opt-out."""
    keys = [sets.id_value(key) for key in ids]
    return {UUID(key) for key in sql.opted_out(keys)} if keys else set()


def unsubscribed(contact_ids: Collection[UUID]) -> Q:
    """Subscriptions to programmes that these people are still opted out of."""
    against = Q(pk__in=[])
    for contact_id, chain in _left(contact_ids):
        against |= Q(contact=contact_id, messageset__in=chain)
    return against


def hold_unwanted(made: Collection[Subscription]) -> None:
    """Stop those of these, not stored yet, that would begin a programme their person has left.

    For sets that begin by themselves; ``planner.sql`` does the same for its own.
    """
    running = [subscription for subscription in made if subscription.active]
    left = _left({subscription.contact_id for subscription in running}) if running else []
    for contact_id, chain in left:
        for subscription in running:
            if subscription.contact_id == contact_id and subscription.messageset_id in chain:
                subscription.active, subscription.stopped = False, Subscription.Stopped.OPT_OUT


def _left(contact_ids: Collection[UUID]) -> list[tuple[UUID, set[int]]]:
    """People and the sets of a programme that each has left."""
    unsubscribe = OptOut.objects.filter(contact__in=contact_ids, kind=OptOut.Kind.UNSUBSCRIBE, lifted_at=None)
    standing = unsubscribe.exclude(programme="").values_list("contact", "programme").distinct()
    chains = Chains()
    return [(contact_id, chains.of(programme)) for contact_id, programme in standing]


def standing_against(subscriptions: Collection[Subscription]) -> set[UUID]:
    """Of these subscriptions those that may not go on because of what their people said."""
    keys = [subscription.pk for subscription in subscriptions]
    people = {subscription.contact_id for subscription in subscriptions}
    against = Subscription.objects.filter(unsubscribed(people), pk__in=keys)
    return unreachable(keys) | set(against.values_list("pk", flat=True))

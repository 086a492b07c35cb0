"""What programmes do by themselves when people opt out and in. Connected in ``apps.py``.

Everything here runs inside the transaction that records the person's word, so
no subscription is still running when an opt-out is committed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts import signals
from contacts.models import Contact, OptOut
from outbox import sets
from outbox.operations import cancel
from stagebased.models import MessageSet, Subscription
from stagebased.operations.dates import realign
from stagebased.operations.waiting import SOURCE
from stagebased.planner import sql

Stopped = Subscription.Stopped


def stop_for_opt_out(*, contact_ids: list[UUID], programme: str = "", **_: Any) -> None:
    """Stop what the people do not want any more.

    With a programme, their subscriptions to it and to the sets that follow it.
    Else those whose people can no longer be reached because of an opt-out: one
    of two numbers may be stopped while messages go on to the other.
    """
    running = _of(contact_ids).filter(active=True, completed=False)
    if programme:
        running = running.filter(messageset__in=Chains().of(programme))
    ids = _locked(running)
    stopped = ids if programme else _unreachable(ids)
    Subscription.objects.filter(pk__in=stopped).update(
        active=False, stopped=Stopped.OPT_OUT, updated_at=timezone.now()
    )
    if stopped:
        cancel(reason="opted_out", detail="The person opted out.", cause_ids=stopped, source=SOURCE)


def resume_for_opt_in(*, contact_ids: list[UUID], **_: Any) -> None:
    """Let what an opt-out stopped go on where it was, unless another opt-out still stands against it."""
    waiting = _of(contact_ids).filter(stopped=Stopped.OPT_OUT, active=False, completed=False)
    ids = _locked(waiting.exclude(_unsubscribed(contact_ids)))
    resumed = set(ids) - set(_unreachable(ids))
    now = timezone.now()
    Subscription.objects.filter(pk__in=resumed).update(active=True, stopped=Stopped.NO, updated_at=now)
    realign(subscription_ids=resumed, now=now)


def blank_for_forgotten(*, contact_ids: list[UUID], **_: Any) -> None:
    """What a hub told with a subscription may hold a number or a name."""
    Subscription.objects.filter(contact__in=contact_ids).exclude(metadata=None).update(metadata=None)


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


def _of(contact_ids: Collection[UUID]) -> QuerySet[Subscription]:
    """The subscriptions of these people and of those who are reached through them."""
    reached = Contact.objects.filter(communicate_through__in=contact_ids).values_list("pk", flat=True)
    return Subscription.objects.filter(contact__in={*contact_ids, *reached})


def _locked(wanted: QuerySet[Subscription]) -> list[UUID]:
    """In the order in which the planner locks them too."""
    return list(wanted.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def _unreachable(ids: Iterable[UUID]) -> list[UUID]:
    keys = [sets.id_value(key) for key in ids]
    return [UUID(key) for key in sql.opted_out(keys)] if keys else []


def _unsubscribed(contact_ids: Collection[UUID]) -> Q:
    """Subscriptions to programmes that these people are still opted out of."""
    unsubscribe = OptOut.objects.filter(contact__in=contact_ids, kind=OptOut.Kind.UNSUBSCRIBE, lifted_at=None)
    standing = unsubscribe.exclude(programme="").values_list("contact", "programme").distinct()
    chains, against = Chains(), Q(pk__in=[])
    for contact_id, programme in standing:
        against |= Q(contact=contact_id, messageset__in=chains.of(programme))
    return against


def connect() -> None:
    signals.contacts_opted_out.connect(stop_for_opt_out, dispatch_uid="stagebased.stop_for_opt_out")
    signals.contacts_opted_in.connect(resume_for_opt_in, dispatch_uid="stagebased.resume_for_opt_in")
    signals.contacts_forgotten.connect(blank_for_forgotten, dispatch_uid="stagebased.blank_for_forgotten")

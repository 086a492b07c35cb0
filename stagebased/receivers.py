"""What programmes do by themselves when people opt out and in. Connected in ``apps.py``.

Everything here runs inside the transaction that records the person's word, so
no subscription is still running when an opt-out is committed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from contacts import programmes, signals
from contacts.models import Contact, OptOut
from outbox.models import Delivery
from outbox.operations import cancel
from outbox.signals import deliveries_changed
from stagebased.models import Change, MessageSet, Subscription, counted_anew
from stagebased.operations import failures, stopping, switch
from stagebased.operations.audit import Author, record
from stagebased.operations.dates import realign
from stagebased.operations.optouts import Chains, unreachable, unsubscribed
from stagebased.operations.rivals import COLUMNS, give_way, may_run
from stagebased.operations.waiting import SOURCE
from stagebased.operations.which import Which

Stopped = Subscription.Stopped
#: The record's word for what follows from a change of a person.
CONTACTS = "contacts"


def stop_for_opt_out(*, contact_ids: list[UUID], optout: OptOut, programme: str = "", **_: Any) -> None:
    """Stop what the people do not want any more. What is paused stays so; see ``stopping.resume``.

    With a programme, their subscriptions to it and to the sets that follow it.
    Else those whose people can no longer be reached because of an opt-out: one
    of two numbers may be stopped while messages go on to the other.
    """
    wanted = _of(contact_ids)
    if programme:
        wanted = wanted.filter(messageset__in=Chains().of(programme))
    found = _locked(wanted.filter(active=True, completed=False))
    meant = set(found) if programme else unreachable(found)
    stopped = [subscription for key, subscription in found.items() if key in meant]
    keys = [subscription.pk for subscription in stopped]
    if stopped:
        Subscription.objects.filter(pk__in=keys).update(
            active=False, stopped=Stopped.OPT_OUT, updated_at=timezone.now()
        )
        author = Author(source=optout.source[:50], user=optout.created_by)
        record(Change.Kind.STOP, stopped, author, after={"stopped": Stopped.OPT_OUT, "opt_out": optout.kind})
    # Of a set that has ended the last message may wait. (Of an address, whoever hands over looks again.)
    ended = wanted.filter(completed=True).values_list("pk", flat=True) if programme else ()
    if waiting := {*keys, *ended}:
        cancel(reason="opted_out", detail="The person opted out.", cause_ids=waiting, source=SOURCE)


def resume_for_opt_in(*, contact_ids: list[UUID], source: str, user: User | None, **_: Any) -> None:
    """Let what an opt-out stopped go on where it was, unless another opt-out still stands against it."""
    waiting = _of(contact_ids).filter(stopped=Stopped.OPT_OUT, active=False, completed=False)
    found = _locked(waiting.exclude(unsubscribed(contact_ids)))
    now, wanted = timezone.now(), [found[key] for key in found.keys() - unreachable(found)]
    resumed = [subscription.pk for subscription in may_run(wanted)]
    give_way((one for one in wanted if one.pk not in set(resumed)), now, user)
    Subscription.objects.filter(pk__in=resumed).update(
        active=True, stopped=Stopped.NO, updated_at=now, **counted_anew(now)
    )
    author = Author(source=source[:50], user=user)
    record(Change.Kind.RESUME, [found[key] for key in resumed], author)
    realign(subscription_ids=resumed, now=now)


def follow_language(*, contact_ids: list[UUID], language: str, user: User | None, **_: Any) -> None:
    """The next message is in the language that the person prefers now."""
    for contact_id in contact_ids:
        author = Author(source=CONTACTS, user=user)
        switch.follow_language(which=Which(contact_id=contact_id), lang=language, author=author)


def go_on_readdressed(*, contact_ids: list[UUID], **_: Any) -> None:
    stopping.resume_readdressed(contact_ids=contact_ids, author=Author(source=CONTACTS))


def stop_after_failures(*, state: str, ids: list[UUID], **_: Any) -> None:
    """After the commit that brought the news. Should it not come to this, the next slot's tick looks too."""
    if state == Delivery.State.FAILED:
        failures.stop_after_failures(delivery_ids=ids, now=timezone.now())


def blank_for_forgotten(*, contact_ids: list[UUID], **_: Any) -> None:
    """What a hub told with a subscription or a change may hold a number or a name."""
    Subscription.objects.filter(contact__in=contact_ids).exclude(metadata=None).update(metadata=None)
    Change.objects.filter(contact__in=contact_ids).exclude(reason="").update(reason="")


def _of(contact_ids: Collection[UUID]) -> QuerySet[Subscription]:
    """The subscriptions of these people and of those who are reached through them."""
    reached = Contact.objects.filter(communicate_through__in=contact_ids).values_list("pk", flat=True)
    return Subscription.objects.filter(contact__in={*contact_ids, *reached})


def _locked(wanted: QuerySet[Subscription]) -> dict[UUID, Subscription]:
    """By id, in the order in which the planner locks them too."""
    rows = wanted.order_by("pk").select_for_update(no_key=True).only(*COLUMNS)
    return {subscription.pk: subscription for subscription in rows}


def _names_of_sets() -> list[str]:
    return list(MessageSet.objects.values_list("short_name", flat=True))


def connect() -> None:
    programmes.register(_names_of_sets)
    signals.contacts_opted_out.connect(stop_for_opt_out, dispatch_uid="stagebased.stop_for_opt_out")
    signals.contacts_opted_in.connect(resume_for_opt_in, dispatch_uid="stagebased.resume_for_opt_in")
    signals.contacts_language_changed.connect(follow_language, dispatch_uid="stagebased.follow_language")
    signals.contacts_readdressed.connect(go_on_readdressed, dispatch_uid="stagebased.go_on_readdressed")
    deliveries_changed.connect(stop_after_failures, dispatch_uid="stagebased.stop_after_failures")
    signals.contacts_forgotten.connect(blank_for_forgotten, dispatch_uid="stagebased.blank_for_forgotten")

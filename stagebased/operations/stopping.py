"""Pausing subscriptions and letting them go on; taking a person's word that they want no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contacts import gate
from contacts import operations as contacts
from contacts.models import Contact, OptOut
from stagebased.errors import Refused
from stagebased.models import Change, Subscription, counted_anew
from stagebased.operations.audit import NOBODY, Author, record
from stagebased.operations.dates import realign
from stagebased.operations.optouts import standing_against
from stagebased.operations.rivals import COLUMNS, give_way, may_run
from stagebased.operations.waiting import cancel_waiting
from stagebased.operations.which import Which

Stopped = Subscription.Stopped
_READY = Subscription.ProcessStatus.READY.value
#: Stops that staff may end; an opt-out is for the person to take back.
_RESUMABLE = (Stopped.PAUSED, Stopped.FAILURES)


@transaction.atomic
def pause(
    *, which: Which, author: Author, until: datetime | None = None, now: datetime | None = None
) -> list[Subscription]:
    """Stop running subscriptions until they are resumed, and cancel what waits for them; which.

    With ``until`` they go on by themselves from the first slot after it; a
    subscription that is paused already gets the new end. Raises Refused for an
    end that has passed.
    """
    now = now or timezone.now()
    if until is not None and until <= now:
        raise Refused({"until": ["This time has passed."]})
    found = [one for one in which.locked() if one.active or one.stopped == Stopped.PAUSED]
    keys = [subscription.pk for subscription in found]
    Subscription.objects.filter(pk__in=keys).update(
        active=False, stopped=Stopped.PAUSED, paused_until=until, updated_at=now, updated_by=author.user
    )
    record(Change.Kind.PAUSE, found, author, after={"until": until.isoformat() if until else None})
    cancel_waiting(keys, contact_id=which.contact_id)
    return found


@transaction.atomic
def resume(*, which: Which, author: Author, now: datetime | None = None) -> list[Subscription]:
    """Let subscriptions go on that were paused, or stopped after too many failures; which.

    They go on where they stopped, from their next slot; those whose position
    follows a date where it is by now. Whoever has opted out meanwhile stays
    stopped, and goes on when that is taken back. One whose person runs on the
    same set meanwhile, where nobody may be twice, does not go on.
    """
    return _resume([one for one in which.locked() if one.stopped in _RESUMABLE], author, now)


@transaction.atomic
def make_ready(*, which: Which, author: Author, now: datetime | None = None) -> list[Subscription]:
    """Let running subscriptions be planned again whose ``process_status`` kept them from it; which."""
    now = now or timezone.now()
    found = [one for one in which.locked() if one.active and one.process_status != _READY]
    Subscription.objects.filter(pk__in=[one.pk for one in found]).update(
        process_status=_READY, updated_at=now, updated_by=author.user, **counted_anew(now)
    )
    record(Change.Kind.RESUME, found, author, after={"process_status": _READY})
    return found


@transaction.atomic
def resume_due(*, now: datetime) -> int:
    """Let those go on whose pause is over; how many."""
    over = Subscription.objects.filter(
        paused_until__lte=now, stopped=Stopped.PAUSED, active=False, completed=False
    )
    found = list(over.select_for_update(no_key=True).order_by("pk").only(*COLUMNS, "stopped"))
    return len(_resume(found, NOBODY, now))


@transaction.atomic
def resume_readdressed(*, contact_ids: Collection[UUID], author: Author) -> list[Subscription]:
    """Let those go on that were stopped for failures: these people, or whom they are reached through, have
    an address that has not failed."""
    reached = Contact.objects.filter(communicate_through__in=contact_ids).values("pk")
    given_up = Subscription.objects.filter(stopped=Stopped.FAILURES, active=False, completed=False)
    wanted = given_up.filter(contact__in=contact_ids) | given_up.filter(contact__in=reached)
    found = wanted.select_for_update(no_key=True).order_by("pk").only(*COLUMNS, "stopped")
    return _resume(list(found), author, None)


def _resume(found: Sequence[Subscription], author: Author, now: datetime | None) -> list[Subscription]:
    now, against = now or timezone.now(), standing_against(found) if found else set()
    # Opted out meanwhile: from now on that is what keeps them, until the person takes it back.
    Subscription.objects.filter(pk__in=against).update(
        stopped=Stopped.OPT_OUT, paused_until=None, updated_at=now
    )
    willing = [subscription for subscription in found if subscription.pk not in against]
    found = may_run(willing)
    give_way(set(willing) - set(found), now, author.user)
    keys = [subscription.pk for subscription in found]
    Subscription.objects.filter(pk__in=keys).update(
        active=True,
        stopped=Stopped.NO,
        paused_until=None,
        updated_at=now,
        updated_by=author.user,
        **counted_anew(now),
    )
    record(Change.Kind.RESUME, found, author)
    realign(subscription_ids=keys, now=now)
    return found


@transaction.atomic
def opt_out(*, which: Which, author: Author, now: datetime | None = None) -> list[Subscription]:
    """Take the word of people that they want no more; the subscriptions that this stopped.

    A person as a whole is opted out of everything. Of single subscriptions
    their people are opted out of the programme: the set and those that follow
    it. It is an opt-out like one by SMS, and an opt-in takes it back.
    """
    # Before any row is locked; see contacts.gate.
    gate.exclusive()
    found, now = which.locked(), now or timezone.now()
    if which.contact_id is not None:
        _tell(OptOut.Kind.STOPALL, [which.contact_id], "", author)
    else:
        for programme, people in _by_programme(found).items():
            _tell(OptOut.Kind.UNSUBSCRIBE, people, programme, author)
    # Whoever listens to opt-outs stopped them; their rows are ours alone until the commit.
    rows = Change.objects.filter(
        subscription__in=[one.pk for one in found], kind=Change.Kind.STOP, created_at__gte=now
    )
    rows.update(reason=author.reason[:200], request=author.request)
    stopped = set(rows.values_list("subscription", flat=True))
    return [one for one in found if one.pk in stopped]


def _by_programme(found: Sequence[Subscription]) -> dict[str, list[UUID]]:
    people: dict[str, list[UUID]] = defaultdict(list)
    for subscription in found:
        people[subscription.messageset.short_name].append(subscription.contact_id)
    return people


def _tell(kind: str, people: list[UUID], programme: str, author: Author) -> None:
    contacts.opt_out(
        kind=kind,
        contact_ids=people,
        programme=programme,
        source=author.source,
        reason=author.reason[:200],
        user=author.user,
    )

"""Moving somebody to something else: one call, all or nothing, on record.

Each of these takes one subscription, some, or all that a person has running;
what it takes away is stopped with all that waits, and what comes instead is
running, when the transaction commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contacts.operations import prefer_language
from stagebased.errors import Refused
from stagebased.models import Change, MessageSet, Schedule, Subscription, counted_anew
from stagebased.operations.audit import Author, change
from stagebased.operations.content.sets import IN_PREPARATION, unknown_key
from stagebased.operations.dates import facts, settle
from stagebased.operations.rivals import may_run, store_all
from stagebased.operations.send import greet
from stagebased.operations.waiting import cancel_waiting
from stagebased.operations.which import Which

Stopped = Subscription.Stopped
Kind = Change.Kind
#: After these somebody begins anew, also out of a pause; nothing of what was goes out any more.
_AFRESH = (Kind.BIRTH, Kind.LOSS)
#: What precedes the short name of a set's counterpart on another channel, as hubs have always named them.
PREFIX = "{channel}_"


@transaction.atomic
def switch_language(
    *, which: Which, lang: str, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Go on in another language from the next message on; what waits in the old one still goes out.

    The people's preferred language changes with it, also of those whose programmes speak it already.
    """
    found = follow_language(which=which, lang=lang, author=author, now=now)
    prefer_language(contact_ids=which.people(), language=lang)
    return found


@transaction.atomic
def follow_language(
    *, which: Which, lang: str, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Go on in the language that the people are known to prefer by now."""
    return _change(which, Kind.LANGUAGE, {"lang": lang}, author, now)


@transaction.atomic
def switch_schedule(
    *, which: Which, schedule_id: int, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Go on at another schedule's times. Raises Refused for one that does not exist."""
    if not Schedule.objects.filter(pk=schedule_id).exists():
        raise Refused({"schedule": [unknown_key(schedule_id)]})
    return _change(which, Kind.SCHEDULE, {"schedule_id": schedule_id}, author, now)


@transaction.atomic
def switch_position(
    *, which: Which, position: int, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Go on, or back, at another message number."""
    if position < 1:
        raise Refused({"next_sequence_number": ["Ensure this value is greater than or equal to 1."]})
    return _change(which, Kind.POSITION, {"next_sequence_number": position}, author, now)


def _change(
    which: Which,
    kind: Change.Kind,
    values: dict[str, Any],
    author: Author,
    now: datetime | None,
) -> list[Subscription]:
    now = now or timezone.now()
    found = [one for one in which.locked() if _facts_of(one, values) != values]
    rows = []
    for subscription in found:
        before = facts(subscription)
        for name, value in values.items():
            setattr(subscription, name, value)
        rows.append(change(kind, subscription, author, before=before, after=facts(subscription)))
    keys = [subscription.pk for subscription in found]
    anew = {} if kind == Kind.LANGUAGE else counted_anew(now, values.get("next_sequence_number"))
    if kind == Kind.POSITION:
        anew["detour"] = None
    Subscription.objects.filter(pk__in=keys).update(**values, **anew, updated_at=now, updated_by=author.user)
    Change.objects.bulk_create(rows)
    return found


def _facts_of(subscription: Subscription, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(subscription, name) for name in names}


@dataclass(frozen=True)
class Target:
    """Where to go on: a set, and the position or the date that says where in it."""

    messageset: MessageSet
    position: int = 1
    anchor_date: date | None = None
    schedule_id: int | None = None
    lang: str = ""


def target(
    *,
    short_name: str = "",
    messageset_id: int | None = None,
    position: int = 1,
    anchor_date: date | None = None,
    schedule_id: int | None = None,
    lang: str = "",
) -> Target:
    """The target with that set, named by short name or id.

    Raises Refused for what does not exist, and for a position below 1.
    """
    named = {"short_name": short_name} if messageset_id is None else {"pk": messageset_id}
    found = MessageSet.objects.filter(**named).first()
    errors = {}
    if found is None:
        field, value = ("short_name", short_name) if messageset_id is None else ("messageset", messageset_id)
        errors[field] = [unknown_key(value)]
    elif found.state == MessageSet.State.DRAFT:
        errors["messageset"] = [IN_PREPARATION]
    if schedule_id is not None and not Schedule.objects.filter(pk=schedule_id).exists():
        errors["schedule"] = [unknown_key(schedule_id)]
    if position < 1:
        errors["next_sequence_number"] = ["Ensure this value is greater than or equal to 1."]
    if errors or found is None:
        raise Refused(errors)
    return Target(found, position, anchor_date, schedule_id, lang)


@transaction.atomic
def switch_set(
    *, which: Which, to: Target, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Stop these and begin the target set, once for each person; the new subscriptions.

    Somebody who is on the target set already goes on there as before. Raises
    Refused where the target's date puts nobody into it.
    """
    return _replace(which, Kind.SET, Stopped.SWITCHED, to, author, now or timezone.now())


@transaction.atomic
def baby_born(*, which: Which, to: Target, author: Author, now: datetime | None = None) -> list[Subscription]:
    """Stop what speaks of pregnancy and begin the target, counted from the birth (``to.anchor_date``)."""
    return _replace(which, Kind.BIRTH, Stopped.SWITCHED, to, author, now or timezone.now())


@transaction.atomic
def loss(
    *, which: Which, to: Target | None, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Stop everything at once, with all that waits to be sent; the target set, if any, begins instead."""
    return _replace(which, Kind.LOSS, Stopped.LOSS, to, author, now or timezone.now())


@transaction.atomic
def switch_channel(
    *, which: Which, channel: str, author: Author, now: datetime | None = None
) -> list[Subscription]:
    """Go on at the same position in the set's counterpart on another channel; the new subscriptions.

    The counterpart is the set of the same name with the channel before it
    (``whatsapp_momconnect.1`` beside ``momconnect.1``). Raises Refused, with
    nothing changed, where one of the sets has none.
    """
    now, found = now or timezone.now(), which.locked()
    moving = [subscription for subscription in found if subscription.messageset.channel != channel]
    counterparts = _counterparts({subscription.messageset for subscription in moving}, channel)
    successors: dict[UUID, Subscription] = {}
    for subscription in moving:
        to = _same_place(subscription, counterparts[subscription.messageset_id])
        successor = successors[subscription.pk] = _begin(subscription, Kind.CHANNEL, to, author, now)
        successor.last_slot_at = successor.last_slot_at or subscription.last_slot_at
    made = may_run([*successors.values()])
    kept = {successor.pk for successor in made}
    rows = [
        _row(Kind.CHANNEL, one, successors[one.pk] if successors[one.pk].pk in kept else None, author)
        for one in moving
    ]
    _stop(moving, Stopped.SWITCHED, author, now)
    store_all(made)
    Change.objects.bulk_create(rows)
    return made


def _same_place(subscription: Subscription, counterpart: MessageSet) -> Target:
    """There at the same number; by the date, where both follow one."""
    dated = counterpart.starts_after is not None
    return Target(
        counterpart,
        subscription.next_sequence_number,
        subscription.anchor_date if dated else None,
        subscription.schedule_id,
    )


def _counterparts(sets: Collection[MessageSet], channel: str) -> dict[int, MessageSet]:
    wanted = {}
    for one in sets:
        plain = one.short_name.removeprefix(PREFIX.format(channel=one.channel))
        wanted[one.pk] = {plain, PREFIX.format(channel=channel) + plain}
    names = set().union(*wanted.values())
    ready = MessageSet.objects.exclude(state=MessageSet.State.DRAFT)
    candidates = list(ready.filter(short_name__in=names, channel=channel))
    found = {
        key: match
        for key, names in wanted.items()
        if (match := next((one for one in candidates if one.short_name in names), None))
    }
    if missing := sorted(one.short_name for one in sets if one.pk not in found):
        raise Refused({"channel": [f"There is no counterpart over {channel} for: {', '.join(missing)}."]})
    return found


def _replace(
    which: Which, kind: Change.Kind, stopped: str, to: Target | None, author: Author, now: datetime
) -> list[Subscription]:
    # A birth or a loss is news of somebody whose sets have all come to their end, too.
    found = which.locked() or (which.last_ended() if kind in _AFRESH else [])
    staying = {one.contact_id for one in found if to and one.messageset_id == to.messageset.pk}
    leaving = [one for one in found if not to or one.messageset_id != to.messageset.pk]
    made: dict[UUID, Subscription] = {}
    for subscription in leaving:
        if to and subscription.contact_id not in staying and subscription.contact_id not in made:
            made[subscription.contact_id] = _begin(subscription, kind, to, author, now)
    made = {one.contact_id: one for one in may_run([*made.values()])}
    rows = [_row(kind, one, made.get(one.contact_id), author) for one in leaving]
    running = [one for one in leaving if not one.completed]
    _stop(running, stopped, author, now, of=which.contact_id if kind in _AFRESH else None)
    store_all([*made.values()])
    Change.objects.bulk_create(rows)
    greet(subscription_ids=[one.pk for one in made.values()], now=now)
    return list(made.values())


def _begin(old: Subscription, kind: Change.Kind, to: Target, author: Author, now: datetime) -> Subscription:
    """A subscription in the old one's place, not stored yet."""
    made = Subscription(
        contact_id=old.contact_id,
        messageset=to.messageset,
        schedule_id=to.schedule_id or to.messageset.default_schedule_id,
        lang=to.lang or old.lang,
        initial_sequence_number=to.position,
        next_sequence_number=to.position,
        exclusive=to.messageset.one_active,
        metadata={},
        created_at=now,
        updated_at=now,
        created_by=author.user,
        updated_by=author.user,
    )
    # Another stop was meant for what went before; an opt-out holds whatever comes.
    if not old.active and (old.stopped == Stopped.OPT_OUT or kind not in _AFRESH):
        made.active, made.stopped, made.paused_until = False, old.stopped, old.paused_until
    if to.anchor_date is not None:
        settle(made, anchor_date=to.anchor_date, now=now)
    return made


def _row(kind: Change.Kind, old: Subscription, successor: Subscription | None, author: Author) -> Change:
    after = facts(successor) if successor else {}
    return change(kind, old, author, before=facts(old), after=after, successor=successor)


def _stop(
    subscriptions: Sequence[Subscription],
    stopped: str,
    author: Author,
    now: datetime,
    of: UUID | None = None,
) -> None:
    keys = [subscription.pk for subscription in subscriptions]
    Subscription.objects.filter(pk__in=keys).update(
        active=False, stopped=stopped, paused_until=None, updated_at=now, updated_by=author.user
    )
    cancel_waiting(keys, contact_id=of)

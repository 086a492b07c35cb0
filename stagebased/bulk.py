"""Changing many subscriptions at once, a batch at a time, so that nobody waits for a page.

What is to be changed is written down first, row by row; a batch changes
subscriptions and closes their rows in one transaction. A worker that dies
undoes its batch, and the next one does it: nobody is changed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from time import monotonic
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit.acting import acting, of_user
from outbox.channels import channel_names
from stagebased.errors import ProgrammeError, Refused
from stagebased.models import (
    BulkChange,
    BulkItem,
    MessageSet,
    Schedule,
    Subscription,
    validate_language,
)
from stagebased.operations import stopping, switch
from stagebased.operations.audit import Author
from stagebased.operations.forward import fast_forward, rewind
from stagebased.operations.send import resend
from stagebased.operations.switch import Target
from stagebased.operations.which import Which

Kind = BulkChange.Kind
#: Subscriptions of one transaction, and seconds that one run works at most.
BATCH, BUDGET = 200, 20.0
SOURCE = "admin, in bulk"


def check(kind: str, value: str) -> None:
    """Raise Refused for a value that the kind of change cannot use."""
    if kind in _CHECKS:
        _CHECKS[kind](value)


def _language(value: str) -> str:
    try:
        validate_language(value)
    except ValidationError as error:
        raise Refused({"value": ["Write a language code like eng_ZA."]}) from error
    return value


def _set(value: str) -> Target:
    if not MessageSet.objects.filter(short_name=value).exists():
        raise Refused({"value": [f"There is no message set {value!r}."]})
    return switch.target(short_name=value)


def _set_or_none(value: str) -> Target | None:
    return _set(value) if value else None


def _born(value: str) -> Target:
    """A set and the birth: ``postbirth.mother.1 2026-05-01``."""
    name, _, day = value.rpartition(" ")
    return replace(_set(name.strip()), anchor_date=_day(day))


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refused({"value": ["Write a date like 2026-05-01."]}) from error


def _until(value: str) -> datetime | None:
    """The beginning of a day in UTC that is still to come, or no end."""
    if not value:
        return None
    moment = datetime.combine(_day(value), time(), UTC)
    if moment <= timezone.now():
        raise Refused({"value": ["This day has passed."]})
    return moment


def _channel(value: str) -> str:
    if value not in channel_names():
        raise Refused({"value": [f"Write one of the channels: {', '.join(sorted(channel_names()))}."]})
    return value


def _schedule(value: str) -> int:
    known = value.isascii() and value.isdecimal() and len(value) < 10
    if not known or not Schedule.objects.filter(pk=value).exists():
        raise Refused({"value": ["Write the number (id) of a schedule."]})
    return int(value)


def _number(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and 0 < int(value) < 10_000):
        raise Refused({"value": ["Write a whole number, from 1 on."]})
    return int(value)


#: What a kind's value is read as. Raises Refused.
_CHECKS: dict[str, Callable[[str], object]] = {
    Kind.LANGUAGE: _language,
    Kind.SET: _set,
    Kind.BIRTH: _born,
    Kind.LOSS: _set_or_none,
    Kind.PAUSE: _until,
    Kind.CHANNEL: _channel,
    Kind.SCHEDULE: _schedule,
    Kind.POSITION: _number,
    Kind.REWIND: _number,
}


@transaction.atomic
def order(
    *, kind: str, value: str, subscription_ids: Iterable[UUID], author: Author, people: bool = False
) -> BulkChange:
    """Write down what is to be changed; the worker does it. Raises Refused.

    With ``people`` also whatever else the same people are on.
    """
    check(kind, value)
    keys = list(dict.fromkeys(subscription_ids))
    if people:
        theirs = Subscription.objects.filter(pk__in=keys).values("contact")
        others = Subscription.objects.filter(contact__in=theirs, completed=False).order_by("pk")
        keys = list(dict.fromkeys([*keys, *others.values_list("pk", flat=True)]))
    bulk = BulkChange.objects.create(kind=kind, value=value, created_by=author.user, total=len(keys))
    BulkItem.objects.bulk_create((BulkItem(bulk=bulk, subscription_id=key) for key in keys), batch_size=1000)
    return bulk


@transaction.atomic
def stop_resends(*, why: str) -> int:
    """Send nobody else their latest message again, of all that was ordered; how many orders were open.

    For a database that is older than what happened: nobody knows who has had it.
    """
    orders = list(BulkChange.objects.select_for_update().filter(kind=Kind.RESEND, finished_at=None))
    for bulk in orders:
        bulk.refused += bulk.items.filter(over=False).update(over=True, outcome=why)
        bulk.finished_at = timezone.now()
        bulk.save(update_fields=["refused", "finished_at"])
    return len(orders)


def work(*, budget: float = BUDGET) -> int:
    """Go on with what is open until it is done or the time is up; how many batches."""
    end, batches = monotonic() + budget, 0
    while monotonic() < end:
        with transaction.atomic():
            open_ones = BulkChange.objects.filter(finished_at=None).order_by("pk")
            bulk = open_ones.select_for_update(skip_locked=True, of=("self",)).first()
            if bulk is None:
                break
            _batch(bulk)
            batches += 1
    return batches


def _batch(bulk: BulkChange) -> None:
    items = list(bulk.items.filter(over=False).order_by("pk")[:BATCH])
    if not items:
        bulk.finished_at = timezone.now()
        bulk.save(update_fields=["finished_at"])
        return
    with acting(of_user(bulk.created_by, "admin, in bulk")):
        refused = _change(bulk, [item.subscription_id for item in items if item.subscription_id])
    for item in items:
        gone = None if item.subscription_id else "It was deleted."
        item.outcome, item.over = (gone or refused.get(item.subscription_id or UUID(int=0), ""))[:200], True
    BulkItem.objects.bulk_update(items, ["outcome", "over"])
    count = sum(1 for item in items if item.outcome)
    bulk.refused, bulk.done = bulk.refused + count, bulk.done + len(items) - count
    bulk.save(update_fields=["refused", "done"])


def _change(bulk: BulkChange, keys: Collection[UUID]) -> dict[UUID, str]:
    """Change these; why not, for those that were not."""
    author = Author(source=SOURCE, user=bulk.created_by)
    if bulk.kind == Kind.RESEND:
        return _sent_again(keys)
    if bulk.kind == Kind.OPT_OUT:
        return _opted_out(keys, author)
    alive = {row.pk for row in Which(subscription_ids=keys).locked()}
    refused = dict.fromkeys(set(keys) - alive, "It has come to its end.")
    try:
        with transaction.atomic():
            _SETS[bulk.kind](Which(subscription_ids=alive), bulk.value, author)
    except ProgrammeError as error:
        refused |= dict.fromkeys(alive, str(error))
    return refused


def _sent_again(keys: Iterable[UUID]) -> dict[UUID, str]:
    """One after the other: each has a message of its own. Why not, for those that got none."""
    refused = {}
    for key in keys:
        try:
            with transaction.atomic():
                resend(subscription_id=key)
        except ProgrammeError as error:
            refused[key] = str(error)
    return refused


def _opted_out(keys: Collection[UUID], author: Author) -> dict[UUID, str]:
    """Locks nothing before: an opt-out waits for hand-overs first (``contacts.gate``)."""
    stopped = {one.pk for one in stopping.opt_out(which=Which(subscription_ids=keys), author=author)}
    return dict.fromkeys(set(keys) - stopped, "It had stopped already, or has come to its end.")


#: What is done to a set of them at once.
_SETS: dict[str, Callable[[Which, str, Author], object]] = {
    Kind.PAUSE: lambda which, value, author: stopping.pause(which=which, until=_until(value), author=author),
    Kind.RESUME: lambda which, value, author: stopping.resume(which=which, author=author),
    Kind.LANGUAGE: lambda which, value, author: switch.switch_language(
        which=which, lang=value, author=author
    ),
    Kind.POSITION: lambda which, value, author: switch.switch_position(
        which=which, position=int(value), author=author
    ),
    Kind.SET: lambda which, value, author: switch.switch_set(which=which, to=_set(value), author=author),
    Kind.BIRTH: lambda which, value, author: switch.baby_born(which=which, to=_born(value), author=author),
    Kind.LOSS: lambda which, value, author: switch.loss(which=which, to=_set_or_none(value), author=author),
    Kind.CHANNEL: lambda which, value, author: switch.switch_channel(
        which=which, channel=value, author=author
    ),
    Kind.SCHEDULE: lambda which, value, author: switch.switch_schedule(
        which=which, schedule_id=int(value), author=author
    ),
    Kind.FORWARD: lambda which, value, author: fast_forward(which=which, author=author),
    Kind.REWIND: lambda which, value, author: rewind(which=which, messages=int(value), author=author),
}

"""Message sets."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, ProtectedError

from audit.operations import summed_up
from outbox.channels import channel, channel_names
from stagebased.errors import InUse, Refused
from stagebased.models import MessageSet, Schedule, Subscription
from stagebased.operations.content.subscribers import hold_subscribers
from stagebased.stages import MOST_DAYS

#: How late a message may still be sent, and over how long a slot's messages may be spread.
LONGEST_GRACE, LONGEST_SPREAD = timedelta(days=31), timedelta(days=1)
MOST_FAILURES = 1000
_NOT_COUNTED = f"Must lie between 1 and {MOST_FAILURES}."
IN_PREPARATION = "The message set is in preparation: nobody can be put on it yet."
_TAKEN = "message set with this Short name already exists."


def check_message_set(message_set: MessageSet) -> None:
    """Name free, schedule and next set there, no circle of sets, channel and gateway of this installation."""
    errors = {
        "short_name": _name_problem(message_set),
        "default_schedule": _schedule_problem(message_set.default_schedule_id),
        "next_set": _next_set_problem(message_set),
        "channel": _channel_problem(message_set.channel),
        "gateway": _gateway_problem(message_set),
        "not_after": _quiet_hours_problem(message_set),
        **_time_problems(message_set),
    }
    found = {field: [problem] for field, problem in errors.items() if problem}
    if found:
        raise Refused(found)


def unknown_key(key: object) -> str:
    """The dialect's words for a foreign key that leads nowhere."""
    return f'Invalid pk "{key}" - object does not exist.'


def _name_problem(message_set: MessageSet) -> str | None:
    others = MessageSet.objects.filter(short_name=message_set.short_name).exclude(pk=message_set.pk)
    return _TAKEN if others.exists() else None


def _schedule_problem(key: int | None) -> str | None:
    known = key is not None and Schedule.objects.filter(pk=key).exists()
    return None if known else unknown_key(key)


def _next_set_problem(message_set: MessageSet) -> str | None:
    """A set that leads back to itself keeps its subscribers for ever: one of the circle has to say so."""
    if message_set.next_set_id is None:
        return None
    rows = MessageSet.objects.exclude(pk=message_set.pk).values_list("pk", "next_set_id", "repeats")
    others = {key: (next_set, repeats) for key, next_set, repeats in rows}
    step: int | None = message_set.next_set_id
    if step not in others and step != message_set.pk:
        return unknown_key(step)
    declared = message_set.repeats
    while step in others:
        step, repeats = others.pop(step)
        declared = declared or repeats
    if step is None or step != message_set.pk or declared:
        return None
    return "The sets would follow each other in a circle; if that is meant, mark one of them as repeating."


def _channel_problem(name: str) -> str | None:
    if name in channel_names():
        return None
    return f'"{name}" is not a valid choice.'


def _gateway_problem(message_set: MessageSet) -> str | None:
    name = message_set.gateway
    if not name or message_set.channel not in channel_names():
        return None
    return None if name in channel(message_set.channel).gateways() else f'"{name}" is not a valid choice.'


def _quiet_hours_problem(message_set: MessageSet) -> str | None:
    if message_set.not_before is not None and message_set.not_before == message_set.not_after:
        return "Must differ from not_before, or nothing could ever be sent."
    return None


def _time_problems(message_set: MessageSet) -> dict[str, str | None]:
    """Spans of time and counts that would make no sense, or overflow a date."""
    days = message_set.starts_after
    failures = message_set.stop_after_failures
    return {
        "grace": _span_problem(message_set.grace, timedelta(0), LONGEST_GRACE),
        "spacing": _span_problem(message_set.spacing, timedelta(minutes=1), LONGEST_GRACE),
        "spread": _span_problem(message_set.spread, timedelta(0), LONGEST_SPREAD),
        "starts_after": None if days is None or abs(days) <= MOST_DAYS else f"At most {MOST_DAYS} days.",
        "stop_after_failures": None if failures is None or 1 <= failures <= MOST_FAILURES else _NOT_COUNTED,
    }


def _span_problem(span: timedelta | None, least: timedelta, most: timedelta) -> str | None:
    return None if span is None or least <= span <= most else f"Must lie between {least} and {most}."


def save_message_set(*, message_set: MessageSet, changed: Collection[str] | None = None) -> MessageSet:
    """Store a new set, or the ``changed`` fields of an existing one."""
    try:
        with transaction.atomic():
            _hold_the_chains(message_set)
            check_message_set(message_set)
            if changed is None:
                message_set.save(force_insert=True)
            else:
                message_set.save(update_fields={*changed, "updated_at"})
                if "one_active" in changed:
                    _mark_subscribers(message_set)
    except IntegrityError:
        # Lost a race for the name, or for what it refers to: the check now sees it.
        check_message_set(message_set)
        raise
    return message_set


def _hold_the_chains(message_set: MessageSet) -> None:
    """Two changes at once could each be right and together make a circle: one waits."""
    if message_set.next_set_id is not None:
        list(MessageSet.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _mark_subscribers(message_set: MessageSet) -> None:
    """From now on (or no longer) the database refuses somebody's second subscription to this set."""
    hold_subscribers(message_set.pk)
    unended = Subscription.objects.filter(messageset=message_set, completed=False)
    if message_set.one_active:
        people = unended.filter(active=True).order_by().values("contact").annotate(times=Count("pk"))
        if several := people.filter(times__gt=1).count():
            raise Refused({"one_active": [f"{several} people run on this set more than once."]})
    with summed_up():
        unended.exclude(exclusive=message_set.one_active).update(exclusive=message_set.one_active)


def delete_message_set(*, message_set: MessageSet) -> None:
    """Remove a set with its messages. Raises InUse while subscriptions or other sets lead to it."""
    try:
        with transaction.atomic():
            if message_set_is_used(message_set):
                raise InUse("The message set has subscriptions, or another set leads to it.")
            message_set.delete()
    except (ProtectedError, IntegrityError):
        raise InUse("The message set has subscriptions, or another set leads to it.") from None


def message_set_is_used(message_set: MessageSet) -> bool:
    """Whether subscriptions are on it, or another set leads to it."""
    # Asked first because Django's own protection loads every protecting row.
    return (
        Subscription.objects.filter(messageset=message_set).exists()
        or MessageSet.objects.filter(next_set=message_set).exists()
    )

"""Message sets."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from outbox.channels import channel, channel_names
from stagebased.errors import InUse, Refused
from stagebased.models import MessageSet, Schedule, Subscription

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
    """A set that leads back to itself would keep its subscribers for ever."""
    if message_set.next_set_id is None:
        return None
    following = dict(MessageSet.objects.values_list("pk", "next_set_id"))
    if message_set.next_set_id not in following:
        return unknown_key(message_set.next_set_id)
    step: int | None = message_set.next_set_id
    while step is not None:
        if step == message_set.pk:
            return "The sets would follow each other in a circle."
        step = following.pop(step, None)
    return None


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
    except IntegrityError:
        # Lost a race for the name, or for what it refers to: the check now sees it.
        check_message_set(message_set)
        raise
    return message_set


def _hold_the_chains(message_set: MessageSet) -> None:
    """Two changes at once could each be right and together make a circle: one waits."""
    if message_set.next_set_id is not None:
        list(MessageSet.objects.select_for_update().order_by("pk").values_list("pk"))


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

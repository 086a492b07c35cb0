"""Schedules."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from contacts.models import validate_timezone
from stagebased.calendar import BadCronField, parse_cron
from stagebased.errors import InUse, Refused
from stagebased.models import DueSlot, MessageSet, Schedule, Subscription

CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def check_schedule(schedule: Schedule) -> None:
    """The five fields make a cron expression that is due at some time; the zone exists."""
    _check_zone(schedule.timezone)
    try:
        parse_cron(**{name: getattr(schedule, name) for name in CRON_FIELDS})
    except BadCronField as error:
        raise Refused({error.field: [error.message]}) from None


def _check_zone(name: str) -> None:
    try:
        validate_timezone(name)
    except ValidationError as error:
        raise Refused({"timezone": error.messages}) from None


def save_schedule(*, schedule: Schedule, changed: Collection[str] | None = None) -> Schedule:
    """Store a new schedule, or the ``changed`` fields of an existing one. Blanks inside fields go.

    (The original service joins its five fields without their blanks, so
    ``"1, 3"`` and ``"1,3"`` are the same to it.)
    """
    for name in CRON_FIELDS:
        setattr(schedule, name, "".join(str(getattr(schedule, name)).split()))
    check_schedule(schedule)
    if changed is None:
        schedule.save(force_insert=True)
    else:
        schedule.save(update_fields={*changed, "updated_at"})
    return schedule


def delete_schedule(*, schedule: Schedule) -> None:
    """Remove a schedule and the record of its slots. Raises InUse."""
    try:
        with transaction.atomic():
            if schedule_is_used(schedule):
                raise InUse("The schedule is used by message sets or subscriptions.")
            DueSlot.objects.filter(schedule=schedule).delete()
            schedule.delete()
    except (ProtectedError, IntegrityError):
        # Somebody began to use it between the look and the commit.
        raise InUse("The schedule is used by message sets or subscriptions.") from None


def schedule_is_used(schedule: Schedule) -> bool:
    """Whether message sets or subscriptions are on it."""
    # Asked first because Django's own protection loads every protecting row.
    return (
        MessageSet.objects.filter(default_schedule=schedule).exists()
        or Subscription.objects.filter(schedule=schedule).exists()
    )

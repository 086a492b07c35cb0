"""Schedules in words, for people who do not read cron."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cron_descriptor import FormatException, Options, get_description

from stagebased.calendar import BadCronField, parse_cron

if TYPE_CHECKING:
    # At run time the models ask here for their own words.
    from stagebased.models import Schedule


def in_words(schedule: Schedule) -> str:
    """When it is due, e.g. “At 09:00, only on Monday and Thursday”; “never” where its fields mean nothing."""
    options = Options()
    options.use_24hour_time_format = True
    try:
        cron = parse_cron(
            minute=schedule.minute,
            hour=schedule.hour,
            day_of_month=schedule.day_of_month,
            month_of_year=schedule.month_of_year,
            day_of_week=schedule.day_of_week,
        )
        return str(get_description(cron.expression, options))
    except (BadCronField, FormatException):
        return "never"


def clock_in_words(schedule: Schedule) -> str:
    """Which clock that is read on."""
    if schedule.in_contact_timezone:
        return f"by the clock where each person lives; {schedule.timezone} where that is not known"
    return f"by the clock of {schedule.timezone}"

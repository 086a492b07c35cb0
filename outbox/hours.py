"""Hours of the day in a time zone: whether a moment is within them, when they begin and end.

Pure: no database, no clock. Every moment that goes in or comes out is an aware
``datetime``; what comes out is in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: No zone has ever moved its clocks by more than a day.
LONGEST_SHIFT = timedelta(hours=25)
_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """The IANA zone of that name; None for a name that this machine's time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def allowed(moment: datetime, zone: ZoneInfo, not_before: time | None, not_after: time | None) -> bool:
    """Whether the wall clock in the zone is within the hours, both ends included.

    ``not_before`` later than ``not_after`` means hours over midnight; None
    leaves that end of the day open. Hours are whole minutes: their seconds are
    not looked at.
    """
    clock = _minute(moment.astimezone(zone).time())
    first, last = _minute(not_before or time.min), _minute(not_after or time.max)
    return first <= clock <= last if first <= last else clock >= first or clock <= last


def next_allowed(
    moment: datetime, zone: ZoneInfo, not_before: time | None, not_after: time | None
) -> datetime:
    """The moment itself when it is within the hours (see ``allowed``), else the first minute that is."""
    if allowed(moment, zone, not_before, not_after):
        return moment.astimezone(UTC)
    today = moment.astimezone(zone).date()
    openings = {
        opening
        for days in range(-1, 8)
        for opening in _openings(
            datetime.combine(today + timedelta(days=days), _minute(not_before or time.min)), zone
        )
    }
    # When the clocks change, the wall clock may jump straight into the hours.
    openings.add(_next_change(zone, moment))
    return min(
        opening for opening in openings if opening > moment and allowed(opening, zone, not_before, not_after)
    )


def next_closing(
    moment: datetime, zone: ZoneInfo, not_before: time | None, not_after: time | None
) -> datetime | None:
    """The first minute from ``moment`` on that is outside the hours (see ``allowed``), or None."""
    if not allowed(moment, zone, not_before, not_after):
        return moment.astimezone(UTC)
    today = moment.astimezone(zone).date()
    after = datetime.combine(today, not_after or time(23, 59)).replace(second=0, microsecond=0) + _MINUTE
    closings = {closing for days in range(-1, 3) for closing in _openings(after + timedelta(days=days), zone)}
    closings.add(_next_change(zone, moment))
    return min(
        (
            closing
            for closing in closings
            if closing > moment and not allowed(closing, zone, not_before, not_after)
        ),
        default=None,
    )


def _openings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    return moments_of(wall, zone, fixed=False) or moments_of(wall, zone, fixed=True)


def _next_change(zone: ZoneInfo, moment: datetime) -> datetime:
    """When the zone's offset changes within a day; without a change, some moment about a day later."""
    start = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return _transition(zone, start, start + LONGEST_SHIFT)


def moments_of(wall: datetime, zone: ZoneInfo, fixed: bool) -> list[datetime]:
    """When something wanted at this wall-clock time happens.

    ``fixed``: exactly once. Otherwise never when the clocks leave the time out, twice when they repeat it.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    earlier, later = (moment.astimezone(UTC) for moment in (first, second))
    if earlier == later:
        return [earlier]
    if earlier < later:  # the hour is repeated
        return [earlier] if fixed else [earlier, later]
    return [_transition(zone, later, earlier)] if fixed else []  # the hour is missing


def _transition(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment between the two (UTC) at which the zone changes its offset."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _MINUTE:
        middle = before + (after - before) // 2 // _MINUTE * _MINUTE
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _minute(clock: time) -> time:
    return clock.replace(second=0, microsecond=0)

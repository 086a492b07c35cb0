"""When things are due: cron fields and time zones. Pure: no database, no clock.

The five fields have the meaning of Debian's cron, which the ``cronsim``
package implements: when both day fields are restricted, a day that matches
either counts. Around a change of the clocks the rules of its manual page hold
(cron(8), "Daylight Saving Time and other time changes"):

- a job at fixed times that falls into the missing hour runs at the moment the
  clocks change, and one that falls into the repeated hour runs the first time;
- a job whose minute or hour begins with ``*`` follows the clock as it is.

Every moment that goes in or comes out is an aware ``datetime``; what comes
out is in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from outbox.hours import LONGEST_SHIFT, moments_of

#: Longest text of one field.
FIELD_LENGTH = 64
#: The lowest and highest value of each field, in the order of a crontab line.
_BOUNDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day_of_month": (1, 31),
    "month_of_year": (1, 12),
    "day_of_week": (0, 6),
}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_NUMBERS = {
    "month_of_year": {name: number for number, name in enumerate(_MONTHS, start=1)},
    "day_of_week": {name: number for number, name in enumerate(_DAYS)},
}
_RANGE = re.compile(r"([0-9A-Z]+)-([0-9A-Z]+)(?:/([1-9][0-9]*))?")
_SINGLE_WITH_STEP = re.compile(r"([0-9A-Z]+)/([1-9][0-9]*)")
_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - wall-clock time, on purpose without a zone
_MINUTE = timedelta(minutes=1)


class BadCronField(ValueError):
    """A cron field that means nothing. ``field`` names it, ``message`` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Cron:
    """A checked cron line. ``expression`` is its plain form, without wrapped ranges."""

    expression: str

    @property
    def at_fixed_times(self) -> bool:
        """Whether cron's rules for fixed times hold when the clocks change."""
        minute, hour = self.expression.split()[:2]
        return not minute.startswith("*") and not hour.startswith("*")


@lru_cache(maxsize=4096)
def parse_cron(*, minute: str, hour: str, day_of_month: str, month_of_year: str, day_of_week: str) -> Cron:
    """Read five cron fields as existing installations write them.

    Blanks are dropped and an empty field is ``*``; ``7`` is Sunday; ``5/10``
    is every tenth from 5; ranges may wrap (``22-2``) and use names. Raises
    BadCronField, also for days that never come, like 31 February.
    """
    given = zip(_BOUNDS, (minute, hour, day_of_month, month_of_year, day_of_week), strict=True)
    expression = " ".join(_field(name, value) for name, value in given)
    try:
        CronSim(expression, _ANY_DAY)
    except CronSimError:
        # Each field alone was good, so it is the day that none of the months has.
        raise BadCronField("day_of_month", "No such day in the chosen months.") from None
    return Cron(expression)


def _field(name: str, value: str) -> str:
    plain = "".join(value.split()).upper() or "*"
    if len(plain) > FIELD_LENGTH:
        raise BadCronField(name, f"Ensure this field has no more than {FIELD_LENGTH} characters.")
    plain = ",".join(_plain_term(name, term) for term in plain.split(","))
    line = " ".join(plain if other == name else "*" for other in _BOUNDS)
    try:
        CronSim(line, _ANY_DAY)
    except CronSimError:
        raise BadCronField(name, f"“{value}” is not a valid cron field.") from None
    return plain


def _plain_term(name: str, term: str) -> str:
    """The term with what cronsim reads differently written out as a list; any other term as it is."""
    if found := _RANGE.fullmatch(term):
        first, last = _number(name, found[1]), _number(name, found[2])
        if first is not None and last is not None and last <= first:
            return _list(_around(name, first, last), found[3]) or term
    elif name == "day_of_week" and (found := _SINGLE_WITH_STEP.fullmatch(term)):
        # ``1/2`` ends with Saturday; cronsim would go on to 7, the second Sunday.
        first = _number(name, found[1])
        if first is not None and first <= 7:
            return _list(range(first % 7, 7), found[2])
    return term


def _list(numbers: Sequence[int], step: str | None) -> str:
    return ",".join(map(str, numbers[:: int(step or 1)]))


def _around(name: str, first: int, last: int) -> Sequence[int]:
    """From ``first`` to the highest value and on from the lowest to ``last``; empty when out of bounds."""
    low, high = _BOUNDS[name]
    if name == "day_of_week" and first == 7:
        return range(last % 7 + 1)
    if not low <= last <= first <= high:
        return []
    return [first] if first == last else [*range(first, high + 1), *range(low, last + 1)]


def _number(name: str, word: str) -> int | None:
    return int(word) if word.isdecimal() else _NUMBERS.get(name, {}).get(word)


def slots_between(cron: Cron, zone: ZoneInfo, after: datetime, until: datetime) -> list[datetime]:
    """The slots later than ``after`` and not later than ``until``, each once, in order.

    However a span is cut into pieces, the pieces together give the same slots.
    """
    return list(takewhile(lambda slot: slot <= until, slots(cron, zone, after)))


def next_slots(cron: Cron, zone: ZoneInfo, after: datetime, count: int) -> list[datetime]:
    """The first ``count`` slots later than ``after``; fewer when there are no more within 50 years."""
    return list(islice(slots(cron, zone, after), count))


def latest_slot(cron: Cron, zone: ZoneInfo, until: datetime) -> datetime | None:
    """The last slot not later than ``until``; None when there was none in the nine years before."""
    for hours in (2, 24, 8 * 24, 32 * 24, 366 * 24, 9 * 366 * 24):
        if found := slots_between(cron, zone, until - timedelta(hours=hours), until):
            return found[-1]
    return None


def slots(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """All slots later than ``after``, in order."""
    previous, fixed = after, cron.at_fixed_times
    waiting: list[datetime] = []
    for wall in CronSim(cron.expression, _earliest_wall_clock(zone, after)):
        moments = moments_of(wall, zone, fixed)
        for moment in moments:
            heappush(waiting, moment)
        # Later wall-clock times cannot come before the first moment of this one,
        # but they can come before its second, in the repeated hour.
        while waiting and (not moments or waiting[0] <= moments[0]):
            moment = heappop(waiting)
            if moment > previous:
                yield moment
                previous = moment
    yield from sorted({moment for moment in waiting if moment > previous})


def _earliest_wall_clock(zone: ZoneInfo, after: datetime) -> datetime:
    """A wall-clock time at or before that of any later moment: the clock may be about to go back."""
    here = after.astimezone(zone)
    offsets = [
        moment.astimezone(zone).utcoffset() or timedelta(0)
        for moment in (after - LONGEST_SHIFT, after, after + LONGEST_SHIFT)
    ]
    repeated = max(timedelta(0), offsets[0] - offsets[1], offsets[1] - offsets[2])
    return here.replace(tzinfo=None) - repeated

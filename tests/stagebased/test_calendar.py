"""Cron fields, time zones and quiet hours, against rules written down a second time and a second library."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from outbox.hours import allowed, next_allowed, next_closing
from stagebased.calendar import BadCronField, Cron, latest_slot, next_slots, parse_cron, slots_between

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NEW_YORK, PARIS = ZoneInfo("America/New_York"), ZoneInfo("Europe/Paris")
LORD_HOWE, APIA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
UTC_ZONE = ZoneInfo("UTC")
ZONES = [NEW_YORK, PARIS, LORD_HOWE, APIA]
#: Ten years that contain Apia's jump over a whole day at the end of 2011.
TEN_YEARS = (datetime(2009, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC))


def cron(line: str) -> Cron:
    minute, hour, day_of_month, month_of_year, day_of_week = line.split()
    return parse_cron(
        minute=minute,
        hour=hour,
        day_of_month=day_of_month,
        month_of_year=month_of_year,
        day_of_week=day_of_week,
    )


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


NEW_YEAR = utc(2026, 1, 1)


def walls(line: str, count: int = 4, zone: ZoneInfo = UTC_ZONE, after: datetime = NEW_YEAR) -> list[str]:
    """The first slots of 2026 as wall-clock times."""
    return [f"{slot.astimezone(zone):%a %d %b %H:%M}" for slot in next_slots(cron(line), zone, after, count)]


# --- What the fields mean ---------------------------------------------------------


def test_both_day_fields_restricted_means_either() -> None:
    assert walls("0 9 13 * 5", 3) == ["Fri 02 Jan 09:00", "Fri 09 Jan 09:00", "Tue 13 Jan 09:00"]


SUNDAYS = ["Sun 04 Jan 08:00", "Sun 11 Jan 08:00"]
WEEKEND = ["Fri 02 Jan 08:00", "Sat 03 Jan 08:00", "Sun 04 Jan 08:00", "Mon 05 Jan 08:00", "Fri 09 Jan 08:00"]
FIELDS = {
    "seven is Sunday": ("0 8 * * 7", SUNDAYS),
    "zero is Sunday": ("0 8 * * 0", SUNDAYS),
    "a name": ("0 8 * * sun", SUNDAYS),
    "a range up to seven": ("0 8 * * 6-7", ["Sat 03 Jan 08:00", "Sun 04 Jan 08:00", "Sat 10 Jan 08:00"]),
    "a range of names that wraps": ("0 8 * * fri-mon", WEEKEND),
    "a range from seven": ("0 8 * * 7-1", ["Sun 04 Jan 08:00", "Mon 05 Jan 08:00", "Sun 11 Jan 08:00"]),
    "hours over midnight": ("0 22-1 * * *", ["Thu 01 Jan 01:00", "Thu 01 Jan 22:00", "Thu 01 Jan 23:00"]),
    "every second of them": ("0 21-2/2 * * *", ["Thu 01 Jan 01:00", "Thu 01 Jan 21:00", "Thu 01 Jan 23:00"]),
    "a start and a step": ("5/20 8 * * *", ["Thu 01 Jan 08:05", "Thu 01 Jan 08:25", "Thu 01 Jan 08:45"]),
    "a step over days ends on Saturday": ("0 8 * * 6/1", ["Sat 03 Jan 08:00", "Sat 10 Jan 08:00"]),
    "a step over days": ("0 8 * * 1/2", ["Fri 02 Jan 08:00", "Mon 05 Jan 08:00", "Wed 07 Jan 08:00"]),
    "a range of one with a step": ("3-3/5 8 * * *", ["Thu 01 Jan 08:03", "Fri 02 Jan 08:03"]),
    "months by name": ("0 8 1 feb,APR *", ["Sun 01 Feb 08:00", "Wed 01 Apr 08:00"]),
    "months over the new year": (
        "0 8 1 12-2 *",
        ["Thu 01 Jan 08:00", "Sun 01 Feb 08:00", "Tue 01 Dec 08:00"],
    ),
    "the last day of the month": ("0 8 L * *", ["Sat 31 Jan 08:00", "Sat 28 Feb 08:00", "Tue 31 Mar 08:00"]),
}


@pytest.mark.parametrize(("line", "expected"), FIELDS.values(), ids=FIELDS.keys())
def test_fields_are_read_as_existing_installations_write_them(line: str, expected: list[str]) -> None:
    assert walls(line, len(expected)) == expected


def test_blanks_are_dropped_and_an_empty_field_is_a_star() -> None:
    assert parse_cron(
        minute=" 0, 30 ", hour="8 ", day_of_month="", month_of_year=" ", day_of_week="1 - 5"
    ) == cron("0,30 8 * * 1-5")


BAD = {
    "a word": ("minute", "banana"),
    "out of bounds": ("minute", "60"),
    "no hour 24": ("hour", "24"),
    "no day 0": ("day_of_month", "0"),
    "no day 32": ("day_of_month", "32"),
    "no month 13": ("month_of_year", "13"),
    "no weekday 8": ("day_of_week", "8"),
    "a step of nothing": ("minute", "*/0"),
    "a step from out of bounds": ("day_of_week", "8/2"),
    "wrapping from out of bounds": ("hour", "25-3"),
    "wrapping to below the lowest": ("day_of_month", "5-0"),
    "half a range": ("hour", "1-"),
    "two ranges in one": ("hour", "1-2-3"),
    "an empty term": ("hour", "1,,2"),
    "a macro": ("minute", "@daily"),
    "negative": ("minute", "-5"),
    "superscript digits": ("minute", "²"),
    "Arabic-Indic digits": ("minute", "٥"),
    "a weekday name as hour": ("hour", "mon-wed"),
    "a NUL": ("minute", "1\0"),
    "too long": ("minute", "1," * 40 + "1"),
    "a number of a thousand digits": ("minute", "9" * 1000),
    "that month never has that day": ("day_of_month", "31"),
}


@pytest.mark.parametrize(("field", "value"), BAD.values(), ids=BAD.keys())
def test_a_bad_field_is_refused_by_name(field: str, value: str) -> None:
    fields = {"minute": "0", "hour": "8", "day_of_month": "*", "month_of_year": "2", "day_of_week": "*"}
    with pytest.raises(BadCronField) as caught:
        parse_cron(**fields | {field: value})
    assert caught.value.field == field
    assert caught.value.message


@given(
    st.text(max_size=20), st.sampled_from(["minute", "hour", "day_of_month", "month_of_year", "day_of_week"])
)
def test_any_text_is_read_or_refused(text: str, field: str) -> None:
    stars = dict.fromkeys(["minute", "hour", "day_of_month", "month_of_year", "day_of_week"], "*")
    with suppress(BadCronField):
        assert next_slots(parse_cron(**stars | {field: text}), UTC_ZONE, NEW_YEAR, 1)


def test_29_february_comes_in_leap_years_only() -> None:
    found = next_slots(cron("0 9 29 2 *"), UTC_ZONE, utc(2026, 1, 1), 3)
    assert [slot.year for slot in found] == [2028, 2032, 2036]


def test_the_31st_skips_short_months() -> None:
    assert [slot.month for slot in next_slots(cron("0 9 31 * *"), UTC_ZONE, utc(2026, 1, 1), 7)] == [
        1, 3, 5, 7, 8, 10, 12,
    ]  # fmt: skip


# --- A second opinion where the clocks do not change -----------------------------

OUTSIDE_DST = [
    "0 8 * * 1-5",
    "*/7 * * * *",
    "30 6,18 1,15 * *",
    "5/10 3 * 6-8 2",
    "0 0 29 2 *",
    "59 23 31 12 *",
]


@pytest.mark.parametrize("line", OUTSIDE_DST)
def test_croniter_agrees_where_the_clocks_do_not_change(line: str) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    other = croniter(line, start)
    expected = [other.get_next(datetime) for _ in range(300)] if line != "0 0 29 2 *" else None
    expected = expected or [other.get_next(datetime) for _ in range(3)]
    assert next_slots(cron(line), UTC_ZONE, start, len(expected)) == expected


# --- Around a change of the clocks ------------------------------------------------


@cache
def changes(zone: ZoneInfo) -> list[datetime]:
    """The hours of the ten years after which the zone's offset is another."""
    hours = (TEN_YEARS[1] - TEN_YEARS[0]) // HOUR
    moments = [TEN_YEARS[0] + HOUR * n for n in range(hours)]
    return [
        at for at in moments if at.astimezone(zone).utcoffset() != (at + HOUR).astimezone(zone).utcoffset()
    ]


def matches(line: str, wall: datetime) -> bool:
    """The fields' meaning a second time, for plain lists of numbers and stars."""
    numbers = (wall.minute, wall.hour, wall.day, wall.month, wall.isoweekday() % 7)
    fits = [
        field == "*"
        or (field.startswith("*/") and number % int(field[2:]) == 0)
        or str(number) in field.split(",")
        for field, number in zip(line.split(), numbers, strict=True)
    ]
    days = (fits[2] or fits[4]) if "*" not in line.split()[2::2] else (fits[2] and fits[4])
    return fits[0] and fits[1] and fits[3] and days


def reference(line: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """The manual's rule minute by minute.

    A fixed job runs when the furthest the wall clock has ever got passes its
    time; a job with a star runs whenever the wall clock shows its time.
    """
    fixed = not any(field.startswith("*") for field in line.split()[:2])
    found, moment = [], start
    furthest = (start - 2 * MINUTE * 1440).astimezone(zone).replace(tzinfo=None)
    furthest = max(furthest, (start - MINUTE).astimezone(zone).replace(tzinfo=None))
    while moment <= end:
        wall = moment.astimezone(zone).replace(tzinfo=None)
        passed = (wall - furthest) // MINUTE
        times = [furthest + MINUTE * n for n in range(1, passed + 1)] if fixed else [wall]
        if any(matches(line, time) for time in times):
            found.append(moment)
        furthest = max(furthest, wall)
        moment += MINUTE
    return found


LINES = [
    "30 2 * * *",
    "0,15,30,45 1,2,3 * * *",
    "0 * * * *",
    "*/20 2 * * *",
    "0 0 * * *",
    "10 12 * * 0",
    "59 23 1,30 * 6",
]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_every_change_of_the_clocks_in_ten_years_follows_cron_s_rules(zone: ZoneInfo) -> None:
    seen = 0
    for change in changes(zone):
        start, end = change - timedelta(hours=30), change + timedelta(hours=30)
        line = LINES[seen % len(LINES)]
        assert slots_between(cron(line), zone, start - MINUTE, end) == reference(line, zone, start, end), line
        seen += 1
    assert seen >= 17


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("line", LINES)
def test_both_kinds_of_change_follow_cron_s_rules(zone: ZoneInfo, line: str) -> None:
    for change in changes(zone)[2:4]:
        start, end = change - timedelta(hours=4), change + timedelta(hours=4)
        assert slots_between(cron(line), zone, start - MINUTE, end) == reference(line, zone, start, end)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("at", ["30 2", "15 1", "0 0", "0 8"])
def test_each_daily_occurrence_of_ten_years_comes_exactly_once(zone: ZoneInfo, at: str) -> None:
    found = slots_between(cron(f"{at} * * *"), zone, *TEN_YEARS)
    days = [slot.astimezone(zone).date() for slot in found]
    # Apia had no 30 December 2011: that day's run falls on the first minute of the 31st.
    missing = {date(2011, 12, 30)} if zone is APIA else set()
    everyday = (TEN_YEARS[1] - TEN_YEARS[0]).days
    assert everyday - 1 <= len(found) <= everyday + 1
    assert set(days) | missing >= {date(2009, 1, 2) + timedelta(days=n) for n in range(3650)} - missing
    assert len(found) - len(set(days)) <= len(missing)


def test_a_missing_time_runs_when_the_clocks_change() -> None:
    assert walls("30 2 * * *", 1, PARIS, utc(2026, 3, 28, 12)) == ["Sun 29 Mar 03:00"]


def test_a_repeated_fixed_time_runs_the_first_time_only() -> None:
    found = slots_between(cron("30 2 * * *"), PARIS, utc(2026, 10, 24, 12), utc(2026, 10, 25, 12))
    assert found == [utc(2026, 10, 25, 0, 30)]


def test_an_hourly_job_runs_in_both_of_the_repeated_hours() -> None:
    found = slots_between(cron("0 * * * *"), PARIS, utc(2026, 10, 25, 0), utc(2026, 10, 25, 3))
    assert found == [utc(2026, 10, 25, hour) for hour in (1, 2, 3)]


def test_two_times_within_the_missing_hour_run_as_one() -> None:
    found = slots_between(cron("10,50 2 * * *"), PARIS, utc(2026, 3, 29), utc(2026, 3, 29, 12))
    assert found == [utc(2026, 3, 29, 1)]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    line=st.sampled_from(LINES),
    change=st.integers(0, 16),
    seed=st.integers(0, 2**32),
)
def test_however_a_span_is_cut_the_pieces_give_the_same_slots(
    zone: ZoneInfo, line: str, change: int, seed: int
) -> None:
    middle = changes(zone)[change]
    start, end = middle - timedelta(hours=30), middle + timedelta(hours=30)
    picks = random.Random(seed)
    cuts = sorted(start + timedelta(seconds=picks.randrange(60 * 3600)) for _ in range(12))
    edges = [start, *cuts, end]
    pieces = [
        slot for after, until in pairwise(edges) for slot in slots_between(cron(line), zone, after, until)
    ]
    assert pieces == slots_between(cron(line), zone, start, end)


def test_the_latest_slot_is_the_last_one_at_or_before() -> None:
    line = cron("0 8 * * 1")
    assert latest_slot(line, UTC_ZONE, utc(2026, 1, 5, 8)) == utc(2026, 1, 5, 8)
    assert latest_slot(line, UTC_ZONE, utc(2026, 1, 5, 7, 59)) == utc(2025, 12, 29, 8)
    assert latest_slot(cron("0 8 29 2 *"), UTC_ZONE, utc(2026, 1, 5)) == utc(2024, 2, 29, 8)


def test_a_moment_with_seconds_is_neither_early_nor_late() -> None:
    line = cron("0 8 * * *")
    assert slots_between(line, UTC_ZONE, utc(2026, 1, 5, 7, 59, 59), utc(2026, 1, 5, 8, 0, 0)) == [
        utc(2026, 1, 5, 8)
    ]
    assert slots_between(line, UTC_ZONE, utc(2026, 1, 5, 8, 0, 0, 1), utc(2026, 1, 6, 7, 59)) == []


# --- Quiet hours --------------------------------------------------------------------

HOURS = {
    "within": ("12:00", "08:00", "20:00", "12:00"),
    "at the first minute": ("08:00", "08:00", "20:00", "08:00"),
    "in the last minute": ("20:00", "08:00", "20:00", "20:00"),
    "too early": ("06:30", "08:00", "20:00", "08:00"),
    "too late": ("20:01", "08:00", "20:00", "+08:00"),
    "over midnight, within": ("01:00", "20:00", "02:00", "01:00"),
    "over midnight, outside": ("02:01", "20:00", "02:00", "20:00"),
    "only an end": ("20:01", None, "20:00", "+00:00"),
    "only a beginning": ("07:00", "08:00", None, "08:00"),
    "none": ("03:00", None, None, "03:00"),
}


@pytest.mark.parametrize(("now", "first", "last", "expected"), HOURS.values(), ids=HOURS.keys())
def test_a_send_waits_for_the_next_allowed_minute(
    now: str, first: str | None, last: str | None, expected: str
) -> None:
    first_time, last_time = (time.fromisoformat(text) if text else None for text in (first, last))
    moment = datetime.combine(date(2026, 6, 10), time.fromisoformat(now), PARIS)
    found = next_allowed(moment, PARIS, first_time, last_time).astimezone(PARIS)
    assert f"{'+' * (found.date() - moment.date()).days}{found:%H:%M}" == expected


def test_hours_are_whole_minutes_whatever_seconds_somebody_gave_them() -> None:
    hours = PARIS, time(9, 30, 15, 7), time(20, 0, 59)
    assert next_allowed(utc(2026, 6, 1, 6, 0), *hours) == utc(2026, 6, 1, 7, 30)
    assert next_closing(utc(2026, 6, 1, 8, 0), *hours) == utc(2026, 6, 1, 18, 1)


def test_hours_that_begin_in_the_missing_hour_begin_when_the_clocks_change() -> None:
    found = next_allowed(utc(2026, 3, 29, 0, 10), PARIS, time(2, 30), time(20))
    assert found == utc(2026, 3, 29, 1)


def test_hours_wholly_in_the_missing_hour_wait_a_day() -> None:
    found = next_allowed(utc(2026, 3, 29, 0, 10), PARIS, time(2, 10), time(2, 50))
    assert found == utc(2026, 3, 30, 0, 10)


def test_the_repeated_hour_is_allowed_again() -> None:
    """At 02:45 the hours are over; at 03:00 the clock goes back to 02:00, which is within them."""
    found = next_allowed(utc(2026, 10, 25, 0, 45), PARIS, time(0, 0), time(2, 30))
    assert found == utc(2026, 10, 25, 1)


@settings(max_examples=80, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.integers(0, 16),
    minutes=st.integers(-2000, 2000),
    first=st.none() | st.times(),
    last=st.none() | st.times(),
)
def test_nothing_is_sent_in_quiet_hours_and_no_allowed_minute_is_missed(
    zone: ZoneInfo, change: int, minutes: int, first: time | None, last: time | None
) -> None:
    first, last = (moment and moment.replace(second=0, microsecond=0) for moment in (first, last))
    moment = changes(zone)[change] + timedelta(minutes=minutes)
    found = next_allowed(moment, zone, first, last)
    walked = moment
    while not allowed(walked, zone, first, last):
        walked += MINUTE
    assert found == walked


CLOSINGS = {
    "in the evening": ("12:00", "08:00", "20:00", "20:01"),
    "in the last minute": ("20:00", "08:00", "20:00", "20:01"),
    "already": ("21:00", "08:00", "20:00", "21:00"),
    "after midnight": ("21:00", "20:00", "02:00", "+02:01"),
    "at midnight": ("21:00", "08:00", None, "+00:00"),
    "only an end": ("12:00", None, "20:00", "20:01"),
}


@pytest.mark.parametrize(("now", "first", "last", "expected"), CLOSINGS.values(), ids=CLOSINGS.keys())
def test_the_hours_end(now: str, first: str | None, last: str | None, expected: str) -> None:
    first_time, last_time = (time.fromisoformat(text) if text else None for text in (first, last))
    moment = datetime.combine(date(2026, 6, 10), time.fromisoformat(now), PARIS)
    found = next_closing(moment, PARIS, first_time, last_time)
    assert found is not None
    assert (
        f"{'+' * (found.astimezone(PARIS).date() - moment.date()).days}{found.astimezone(PARIS):%H:%M}"
        == expected
    )


@pytest.mark.parametrize(("first", "last"), [(None, None), (time(0), time(23, 59)), (None, time(23, 59))])
def test_hours_of_a_whole_day_never_end(first: time | None, last: time | None) -> None:
    assert next_closing(NEW_YEAR, PARIS, first, last) is None


@settings(max_examples=80, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.integers(0, 16),
    minutes=st.integers(-2000, 2000),
    first=st.none() | st.times(),
    last=st.none() | st.times(),
)
def test_the_hours_end_at_the_first_minute_outside_them(
    zone: ZoneInfo, change: int, minutes: int, first: time | None, last: time | None
) -> None:
    first, last = (moment and moment.replace(second=0, microsecond=0) for moment in (first, last))
    moment = changes(zone)[change] + timedelta(minutes=minutes)
    walked = next(
        (at for n in range(2880) if not allowed(at := moment + n * MINUTE, zone, first, last)), None
    )
    assert next_closing(moment, zone, first, last) == walked

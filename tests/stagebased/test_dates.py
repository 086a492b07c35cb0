"""Positions that follow a date: exact at every boundary, and right again when the date is corrected."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from contacts.operations import opt_in, opt_out
from stagebased import simulation
from stagebased.errors import Refused, UnknownSubscription
from stagebased.models import Change, Message, MessageSet, Schedule, Subscription
from stagebased.operations.audit import Author
from stagebased.operations.dates import correct_date
from stagebased.operations.stopping import pause, resume
from stagebased.operations.subscribe import subscribe as begin
from stagebased.operations.which import Which
from stagebased.stages import beginning, slots_of, stage_at
from tests.stagebased.conftest import (
    DAY,
    HOUR,
    MORNING,
    again,
    deliveries,
    outcomes,
    person,
    texts,
    tick,
    utc,
)

WEEK = timedelta(days=7)
STAFF = Author(source="admin", reason="scan")
#: The due date of somebody who is in week 20 on the Monday before MORNING: 280 - 140 days to go.
DUE = date(2026, 6, 8) + timedelta(days=140)


@pytest.fixture
def twice_a_week(db) -> Schedule:
    """Mondays and Wednesdays at eight, UTC."""
    return Schedule.objects.create(minute="0", hour="8", day_of_week="1,3", planned_until=MORNING - HOUR)


@pytest.fixture
def chain(make_set, twice_a_week) -> tuple[MessageSet, MessageSet]:
    """Pregnancy from week 5 on, forty messages; then the baby's set."""
    baby = make_set("baby", {n: f"Baby {n}" for n in range(1, 11)}, default_schedule=twice_a_week)
    pregnancy = make_set(
        "pregnancy",
        {n: f"Message {n}" for n in range(1, 41)},
        default_schedule=twice_a_week,
        next_set=baby,
        starts_after=5 * 7 - 280,
    )
    return pregnancy, baby


def join(messageset: MessageSet, anchor: date, now: datetime, time_machine, **fields) -> Subscription:
    time_machine.move_to(now, tick=False)
    contact = fields.pop("contact", None) or person(f"+2782{uuid4().int % 10**7:07d}")
    return begin(
        fields={
            "contact_id": contact.pk,
            "messageset_id": messageset.pk,
            "schedule_id": messageset.default_schedule_id,
            "lang": "eng_ZA",
            "anchor_date": anchor,
            **fields,
        }
    )


# --- Joining --------------------------------------------------------------------------------


def test_who_joins_in_the_middle_begins_in_the_middle(chain, time_machine) -> None:
    mary = join(chain[0], DUE, MORNING - HOUR, time_machine)
    # Fifteen whole weeks with two messages each, and Monday's of this week.
    assert mary.next_sequence_number == mary.initial_sequence_number == 32
    tick(MORNING)
    assert texts(mary) == ["Message 32"]


@pytest.mark.parametrize("days", range(0, 15))
def test_everybody_with_one_date_hears_the_same_message_whenever_they_joined(
    chain, time_machine, days: int
) -> None:
    mary = join(chain[0], DUE, MORNING - days * DAY - HOUR, time_machine)
    Subscription.objects.update(next_sequence_number=32)
    jane = join(chain[0], DUE, MORNING - HOUR, time_machine)
    assert again(jane).next_sequence_number == 32
    passed = [MORNING - day * DAY for day in range(1, days + 1)]
    assert mary.initial_sequence_number == 32 - len([slot for slot in passed if slot.isoweekday() in (1, 3)])


def test_exactly_at_a_slot_that_message_is_over(chain, time_machine) -> None:
    at, just_before = (
        join(chain[0], DUE, MORNING - wait, time_machine) for wait in (0 * DAY, timedelta(seconds=1))
    )
    assert (at.next_sequence_number, just_before.next_sequence_number) == (33, 32)


def test_who_joins_early_waits_for_the_beginning(chain, time_machine) -> None:
    far = date(2026, 6, 17) + timedelta(days=280 - 35)  # week five begins next Wednesday
    mary = join(chain[0], far, MORNING - HOUR, time_machine)
    assert mary.next_sequence_number == 1
    for days in range(8):
        tick(MORNING + days * DAY)
    assert [(one.text, one.slot_key) for one in deliveries(mary)] == [("Message 1", "2026-06-17T08:00Z")]


def test_who_joins_late_begins_in_a_later_set(chain, time_machine) -> None:
    late = join(chain[0], DUE - 7 * WEEK, MORNING - HOUR, time_machine)
    assert (late.messageset, late.anchor_set) == chain[::-1]
    assert late.next_sequence_number == 32 + 14 - 40


def test_a_date_whose_programme_is_over_is_refused(chain, time_machine) -> None:
    with pytest.raises(Refused) as caught:
        join(chain[0], date(2025, 1, 1), MORNING, time_machine)
    assert "anchor_date" in caught.value.errors
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("anchor", [date.min, date.max, date(1, 12, 31)])
def test_a_date_out_of_all_time_is_refused(chain, time_machine, anchor) -> None:
    with pytest.raises(Refused):
        join(chain[0], anchor, MORNING, time_machine)


def test_a_set_that_does_not_say_when_it_begins_takes_no_date(pregnancy, time_machine) -> None:
    with pytest.raises(Refused):
        join(pregnancy, DUE, MORNING, time_machine)


def test_a_slot_without_a_message_is_over_all_the_same(chain, time_machine) -> None:
    nobody = person()
    mary = join(chain[0], DUE, MORNING - HOUR, time_machine, contact=nobody)
    tick(MORNING)
    assert outcomes(mary) == [("failed", "no_address")]
    assert again(mary).next_sequence_number == 33


def test_the_date_goes_along_into_the_next_set(chain, time_machine) -> None:
    Message.objects.filter(messageset=chain[0], sequence_number__gt=32).delete()
    mary = join(chain[0], DUE, MORNING - HOUR, time_machine)
    tick(MORNING)
    after = Subscription.objects.get(continues=mary)
    assert (after.messageset, after.anchor_date, after.anchor_set) == (chain[1], DUE, chain[0])


# --- Correcting the date ----------------------------------------------------------------------


@pytest.fixture
def mary(chain, time_machine) -> Subscription:
    """At message 33, having heard 32 this morning."""
    subscription = join(chain[0], DUE, MORNING - HOUR, time_machine)
    tick(MORNING)
    return again(subscription)


def correct(subscription: Subscription, weeks: int, **options) -> Subscription:
    return correct_date(
        subscription_id=subscription.pk,
        anchor_date=DUE + weeks * WEEK,
        author=STAFF,
        now=MORNING + HOUR,
        **options,
    )


def test_an_earlier_date_jumps_ahead(mary) -> None:
    moved = correct(mary, -2)
    assert (moved.pk, moved.next_sequence_number, moved.anchor_date) == (mary.pk, 37, DUE - 2 * WEEK)
    tick(MORNING + 5 * DAY)
    assert texts(mary) == ["Message 32", "Message 37"]


def test_a_later_date_waits_and_repeats_nothing(mary) -> None:
    correct(mary, +1)
    for days in range(5, 13):
        tick(MORNING + days * DAY)
    # Two slots are silent: 31 and 32 of the new count were heard before.
    assert texts(mary) == ["Message 32", "Message 33"]
    assert Subscription.objects.get().next_sequence_number == 34


def test_a_later_date_repeats_when_that_is_asked_for(mary) -> None:
    assert correct(mary, +1, repeat=True).next_sequence_number == 31


def test_a_much_earlier_date_goes_on_in_the_next_set(mary, chain) -> None:
    moved = correct(mary, -5)
    assert (moved.messageset, moved.next_sequence_number, moved.continues) == (chain[1], 3, mary)
    again(mary)
    assert (mary.active, mary.completed, mary.stopped) == (False, False, "switched")
    assert outcomes(mary) == [("cancelled", "subscription_stopped")]
    tick(MORNING + 5 * DAY)
    assert texts(moved) == ["Baby 3"]


def test_a_date_that_leads_into_a_programme_that_was_left_does_not_begin_it(mary, chain) -> None:
    opt_out(kind="unsubscribe", source="sms", contact_ids=[mary.contact_id], programme=chain[1].short_name)
    after = correct(mary, -5)
    assert (after.messageset, after.active, after.stopped) == (chain[1], False, "opt_out")


def test_a_date_beyond_the_chain_ends_it(mary) -> None:
    moved = correct(mary, -30)
    assert (moved.completed, moved.active) == (True, False)


def test_a_correction_is_on_record(mary) -> None:
    correct(mary, -2)
    row = Change.objects.get()
    assert (row.kind, row.source, row.reason) == ("date", "admin", "scan")
    assert row.before["anchor_date"] == DUE.isoformat()
    assert row.after["next_sequence_number"] == 37


def test_only_what_follows_a_date_can_be_corrected(subscribe, pregnancy) -> None:
    plain = subscribe(pregnancy)
    with pytest.raises(Refused):
        correct_date(subscription_id=plain.pk, anchor_date=DUE, author=STAFF)
    with pytest.raises(UnknownSubscription):
        correct_date(subscription_id=uuid4(), anchor_date=DUE, author=STAFF)


# --- Having been away -------------------------------------------------------------------------


def test_after_a_pause_it_goes_on_where_the_date_is_by_then(mary) -> None:
    pause(which=Which(subscription_ids=[mary.pk]), author=STAFF, now=MORNING + HOUR)
    resume(which=Which(subscription_ids=[mary.pk]), author=STAFF, now=MORNING + 2 * WEEK)
    assert again(mary).next_sequence_number == 37


def test_after_an_opt_out_too(mary, time_machine) -> None:
    opt_out(kind="stopall", source="sms", contact_ids=[mary.contact_id])
    time_machine.move_to(MORNING + 2 * WEEK, tick=False)
    opt_in(source="sms", contact_ids=[mary.contact_id])
    again(mary)
    assert (mary.active, mary.next_sequence_number) == (True, 37)


def test_a_very_long_absence_ends_it_quietly(mary, time_machine) -> None:
    opt_out(kind="stopall", source="sms", contact_ids=[mary.contact_id])
    time_machine.move_to(MORNING + 60 * WEEK, tick=False)
    opt_in(source="sms", contact_ids=[mary.contact_id])
    again(mary)
    assert (mary.active, mary.completed) == (False, True)


# --- Ten years, counted a second time ----------------------------------------------------------

ZONES = ["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
SCHEDULES: dict[str, tuple[dict[str, str], set[int]]] = {
    "Mondays": ({"hour": "8", "day_of_week": "1"}, {1}),
    "Mondays and Thursdays": ({"hour": "19", "day_of_week": "1,4"}, {1, 4}),
    "daily, in an hour that may be missing": ({"hour": "2", "day_of_week": "*"}, {1, 2, 3, 4, 5, 6, 7}),
}


class TenYears(TestCase):
    """Every position is one more than the number of slots since the beginning, counted day by day."""

    def setUp(self) -> None:
        self.schedule = Schedule.objects.create(minute="30")
        self.set = MessageSet.objects.create(
            short_name="ten-years", default_schedule=self.schedule, starts_after=0
        )
        Message.objects.bulk_create(
            Message(messageset=self.set, sequence_number=n, lang="eng_ZA", text_content="x")
            for n in range(1, 801)
        )

    @settings(max_examples=120, deadline=None)
    @given(
        name=st.sampled_from(list(SCHEDULES)),
        zone=st.sampled_from(ZONES),
        anchor=st.dates(date(2016, 1, 1), date(2025, 12, 31)),
        after=st.integers(-300, 300),
        hours=st.integers(0, 24 * 500),
    )
    def test_boundary_weeks_are_exact(
        self, name: str, zone: str, anchor: date, after: int, hours: int
    ) -> None:
        fields, weekdays = SCHEDULES[name]
        for field, value in {**fields, "timezone": zone}.items():
            setattr(self.schedule, field, value)
        path = simulation.load(self.set.pk)
        path.schedules[self.schedule.pk] = self.schedule
        begins = beginning(anchor, after, self.schedule, "")
        now = begins + timedelta(hours=hours)
        found = stage_at(path, slots_of(path, begins, self.schedule.pk, ""), self.schedule.pk, now)
        assert found is not None
        assert found.position == 1 + _counted(
            anchor + timedelta(days=after), now, weekdays, fields["hour"], zone
        )


def _counted(first: date, now: datetime, weekdays: set[int], hour: str, zone: str) -> int:
    """Days of these weekdays from the first one on whose slot is not later than now."""
    here, count, day = ZoneInfo(zone), 0, first
    while (run := _run(day, int(hour), here)) <= now or day <= now.astimezone(here).date():
        count += day.isoweekday() in weekdays and run <= now
        day += timedelta(days=1)
    return count


def _run(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Half past the hour; in the missing hour the moment the clocks change, found minute by minute."""
    wanted = datetime.combine(day, time(hour, 30))
    moment = datetime.combine(day, time(hour, 30), zone).astimezone(UTC) - 2 * HOUR
    while moment.astimezone(zone).replace(tzinfo=None) < wanted:
        moment += timedelta(minutes=30)
    return moment


def test_the_count_itself_knows_a_missing_hour() -> None:
    assert _run(date(2026, 3, 29), 2, ZoneInfo("Europe/Paris")) == utc(2026, 3, 29, 1)
    assert _run(date(2026, 3, 30), 2, ZoneInfo("Europe/Paris")) == utc(2026, 3, 30, 0, 30)

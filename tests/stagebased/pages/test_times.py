"""When a set is due, on the clocks that matter."""

from __future__ import annotations

from datetime import time

import pytest
import time_machine

from stagebased.models import Schedule
from tests.stagebased.conftest import MORNING, utc
from tests.stagebased.pages.conftest import address


@pytest.fixture
def weekly(make_set):
    """Mondays and Thursdays at nine, where each person lives."""
    schedule = Schedule.objects.create(
        minute="0", hour="9", day_of_week="1,4", timezone="Europe/London", in_contact_timezone=True
    )
    return make_set("weekly", {1: "Hello"}, default_schedule=schedule)


def moments(client, message_set, zone: str = "") -> list[list[str]]:
    with time_machine.travel(MORNING, tick=False):
        columns = client.get(address("times", message_set), {"zone": zone}).context["columns"]
    return [[f"{moment.goes_out:%d %H:%M}" for moment in column.moments] for column in columns]


def test_the_schedule_is_said_in_words_with_the_clock_it_is_read_by(viewer, weekly) -> None:
    page = viewer.get(address("times", weekly)).content.decode()
    assert "At 09:00, only on Monday and Thursday" in page
    assert "Read by the clock where each person lives; Europe/London where that is not known." in page


def test_the_next_ten_times_are_shown_on_the_schedule_s_clock(viewer, weekly) -> None:
    [own] = moments(viewer, weekly)
    assert own[:3] == ["11 09:00", "15 09:00", "18 09:00"]
    assert len(own) == 10


def test_a_chosen_zone_has_its_own_morning_where_the_schedule_follows_people(viewer, weekly) -> None:
    _, theirs = moments(viewer, weekly, "Asia/Kolkata")
    assert theirs[:2] == ["11 09:00", "15 09:00"]


def test_a_fixed_schedule_is_the_same_moment_on_the_other_clock(viewer, pregnancy) -> None:
    own, theirs = moments(viewer, pregnancy, "Asia/Kolkata")
    assert (own[0], theirs[0]) == ("11 08:00", "11 13:30")


def test_quiet_hours_where_the_person_lives_shift_what_goes_out(viewer, make_set) -> None:
    late = make_set("late", {1: "Hello"}, not_before=time(16))
    with time_machine.travel(MORNING, tick=False):
        page = viewer.get(address("times", late), {"zone": "Asia/Kolkata"})
    own, theirs = page.context["columns"]
    assert own.moments[0].goes_out == utc(2026, 6, 11, 16)
    assert theirs.moments[0].goes_out == utc(2026, 6, 11, 10, 30)
    assert theirs.moments[0].is_shifted
    assert "due Thu 13:30, kept back by quiet hours" in page.content.decode()


def test_a_zone_that_does_not_exist_is_named(viewer, weekly) -> None:
    page = viewer.get(address("times", weekly), {"zone": "Europe/Atlantis"})
    assert "Europe/Atlantis is not a time zone name." in page.content.decode()
    assert len(page.context["columns"]) == 1


@pytest.mark.parametrize("zone", ["\x00", "../etc/passwd", "x" * 500])
def test_what_is_no_zone_at_all_breaks_nothing(viewer, weekly, zone: str) -> None:
    assert viewer.get(address("times", weekly), {"zone": zone}).status_code == 200


def test_a_schedule_that_means_nothing_is_never_due(viewer, pregnancy) -> None:
    Schedule.objects.update(hour="banana")
    page = viewer.get(address("times", pregnancy)).content.decode()
    assert "Nothing is ever due." in page


def test_the_sets_before_and_after_are_drawn(viewer, make_set) -> None:
    birth = make_set("birth", {1: "a", 2: "b"})
    here = make_set("here", {1: "a"}, next_set=birth)
    make_set("first", {}, next_set=here)
    chain = viewer.get(address("times", here)).context["chain"]
    assert [link.message_set.short_name for link in chain.before] == ["first"]
    assert [(link.message_set.short_name, link.stages) for link in chain.onwards] == [
        ("here", 1),
        ("birth", 2),
    ]
    assert not chain.is_circle


def test_sets_in_a_circle_are_drawn_once(viewer, pregnancy) -> None:
    type(pregnancy).objects.update(next_set=pregnancy)
    chain = viewer.get(address("times", pregnancy)).context["chain"]
    assert (len(chain.onwards), chain.is_circle) == (1, True)

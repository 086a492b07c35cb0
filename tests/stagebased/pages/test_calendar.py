"""What a person will get, as an editor sees it before anybody is put on the set."""

from __future__ import annotations

from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stagebased.models import Message, Schedule
from stagebased.simulation import simulate
from tests.stagebased.conftest import DAY, HOUR, MORNING, write
from tests.stagebased.pages.conftest import address

JOINS = {"date": "2026-06-10", "time": "07:00"}


def shown(client, message_set, **query: object):
    return client.get(address("calendar", message_set), {"lang": "eng_ZA", **JOINS, **query}).context


def entries(context) -> list[tuple[str, int]]:
    days = [day for month in context["months"] for week in month.weeks for day in week]
    return [(f"{entry.at:%d.%m. %H:%M}", entry.send.number) for day in days for entry in day.entries]


def test_each_send_stands_on_its_day_to_the_end_of_the_chain(viewer, make_set) -> None:
    weekly = Schedule.objects.create(minute="0", hour="9", day_of_week="1")
    baby = make_set("baby", {1: "Vaccinate"}, default_schedule=weekly)
    pregnancy = make_set("pregnancy", {1: "Welcome", 3: "Nearly there"}, next_set=baby)
    page = shown(viewer, pregnancy)
    assert entries(page) == [("10.06. 08:00", 1), ("11.06. 08:00", 3), ("15.06. 09:00", 1)]
    assert page["totals"].messages == 3


def test_it_is_what_the_planner_s_simulation_says(viewer, make_set) -> None:
    long = make_set("long", {number: f"Message {number}" for number in range(1, 121)})
    page = shown(viewer, long)
    foretold = simulate(long, MORNING - HOUR, "eng_ZA")
    assert entries(page) == [(f"{send.goes_out:%d.%m. %H:%M}", send.number) for send in foretold]


def test_times_are_on_the_clock_where_the_person_lives(viewer, pregnancy) -> None:
    page = shown(viewer, pregnancy, zone="Asia/Kolkata", time="13:00")
    assert entries(page)[0] == ("10.06. 13:30", 1)
    assert page["zone"] == "Asia/Kolkata"


def test_a_stage_is_left_out_and_put_back(viewer, pregnancy) -> None:
    page = shown(viewer, pregnancy)
    second = [
        entry for month in page["months"] for week in month.weeks for day in week for entry in day.entries
    ][1]
    without = viewer.get(f"{address('calendar', pregnancy)}?{second.leave_out}").context
    assert [number for _, number in entries(without)] == [1, 3]
    [left_out] = without["left_out"]
    back = viewer.get(f"{address('calendar', pregnancy)}?{left_out.put_back}").context
    assert [number for _, number in entries(back)] == [1, 2, 3]


def test_parts_and_cost_are_added_up(viewer, make_set, settings) -> None:
    settings.OUTBOX_PART_PRICES, settings.OUTBOX_CURRENCY = {"sms": Decimal("0.25")}, "ZAR"
    two = make_set("two", {1: "x" * 200, 2: "short"})
    totals = shown(viewer, two)["totals"]
    assert (totals.messages, totals.parts, totals.cost) == (2, 3, "0.75 ZAR")


def test_without_a_price_no_cost_is_told(viewer, pregnancy) -> None:
    assert shown(viewer, pregnancy)["totals"].cost == ""


def test_a_gap_stops_it_with_the_reason(viewer, make_set) -> None:
    gap = make_set("gap", {1: "Welcome", 2: {"zul_ZA": "Yidla"}, 3: "Nearly there"})
    response = viewer.get(address("calendar", gap), {"lang": "eng_ZA", **JOINS})
    assert entries(response.context) == [("10.06. 08:00", 1), ("11.06. 08:00", 2)]
    assert "Message 2 of gap is missing in eng_ZA." in response.content.decode()
    assert response.context["totals"].messages == 1


def test_other_languages_that_somebody_gets_are_named(viewer, make_set) -> None:
    mixed = make_set(
        "mixed", {1: {"eng_ZA": "a", "zul_ZA": "b"}, 2: "c"}, fall_back=True, default_language="eng_ZA"
    )
    page = shown(viewer, mixed, lang="zul_ZA")
    assert page["totals"].languages == [("zul_ZA", 1), ("eng_ZA", 1)]


def test_without_a_choice_somebody_joins_now_in_the_set_s_language(viewer, make_set) -> None:
    two = make_set("two", {1: {"eng_ZA": "a", "zul_ZA": "b"}}, default_language="zul_ZA")
    with time_machine.travel(MORNING - HOUR, tick=False):
        page = viewer.get(address("calendar", two)).context
    assert page["form"].cleaned_data["lang"] == "zul_ZA"
    assert entries(page) == [("10.06. 08:00", 1)]


@pytest.mark.parametrize(
    "query",
    [
        {"date": "31.02.2026"}, {"date": "9999-12-31"}, {"date": "0001-01-01"}, {"time": "25:00"},
        {"lang": "xx"}, {"zone": "Nowhere/At_All"}, {"position": "-1"}, {"position": "9" * 30},
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(viewer, pregnancy, query: dict[str, str]) -> None:
    page = shown(viewer, pregnancy, **query)
    assert list(page["form"].errors) == list(query)
    assert "totals" not in page


@pytest.mark.parametrize("out", ["x", "1", "1:2:3", ":", "-1:2", "99999999999:1", "1:²"])
def test_a_stage_that_means_nothing_is_not_left_out(viewer, pregnancy, out: str) -> None:
    assert len(entries(shown(viewer, pregnancy, out=out))) == 3


def test_a_set_without_messages_draws_nothing(viewer, make_set) -> None:
    assert viewer.get(address("calendar", make_set("empty", {}))).status_code == 200


def test_a_set_that_is_due_each_minute_for_ever_is_drawn_in_part(viewer, make_set) -> None:
    minutely = Schedule.objects.create()
    many = make_set("many", {}, default_schedule=minutely)
    Message.objects.bulk_create(
        Message(messageset=many, sequence_number=number, lang="eng_ZA", text_content="x")
        for number in range(1, 2001)
    )
    page = shown(viewer, many)
    assert (len(entries(page)), page["not_drawn"], page["totals"].messages) == (1500, 500, 2000)


def test_a_long_programme_costs_the_statements_of_a_short_one(viewer, make_set) -> None:
    def statements(message_set) -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(viewer, message_set)
        return len(queries)

    short = make_set("short", {1: "x"})
    statements(short)
    first = statements(short)
    long = make_set("long", dict.fromkeys(range(1, 200), "x"), next_set=short)
    for number in range(1, 200):
        write(long, number, {"zul_ZA": "y"})
    assert statements(long) == first


def test_months_in_which_nothing_is_sent_are_passed_over(viewer, make_set) -> None:
    yearly = Schedule.objects.create(minute="0", hour="8", day_of_month="1", month_of_year="1")
    page = shown(viewer, make_set("yearly", {1: "a", 2: "b"}, default_schedule=yearly))
    assert [(month.first.year, month.after_a_gap) for month in page["months"]] == [
        (2027, False),
        (2028, True),
    ]


def test_the_day_of_the_start_and_a_day_later_differ(viewer, pregnancy) -> None:
    later = shown(viewer, pregnancy, date=f"{MORNING + DAY:%Y-%m-%d}")
    assert entries(later)[0] == ("11.06. 08:00", 1)

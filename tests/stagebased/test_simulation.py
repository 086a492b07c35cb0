"""What somebody would get, and when: the same as what the planner then sends."""

from __future__ import annotations

import json
from datetime import datetime, time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from outbox.models import Delivery
from stagebased.models import Message, MessageSet, Schedule, Welcome
from stagebased.operations.content import Place, save_draft
from stagebased.simulation import simulate
from tests.stagebased.conftest import DAY, HOUR, MORNING, person, tick, write

pytestmark = pytest.mark.django_db


def told(sends) -> list[tuple[datetime, str]]:
    return [(send.goes_out, send.step.text) for send in sends]


def test_each_message_at_its_slot_to_the_end_of_the_chain(make_set, daily) -> None:
    weekly = Schedule.objects.create(minute="0", hour="9", day_of_week="1")
    baby = make_set("baby", {1: "Vaccinate", 2: "Play"}, default_schedule=weekly)
    pregnancy = make_set("pregnancy", {1: "Welcome", 3: "Nearly there"}, next_set=baby)
    assert told(simulate(pregnancy, MORNING - HOUR, "eng_ZA")) == [
        (MORNING, "Welcome"),
        (MORNING + DAY, "Nearly there"),
        (MORNING + 5 * DAY + HOUR, "Vaccinate"),
        (MORNING + 12 * DAY + HOUR, "Play"),
    ]


def test_it_is_what_the_planner_then_does(make_set, subscribe) -> None:
    baby = make_set("baby", {2: {"eng_ZA": "Play", "zul_ZA": "Dlala"}}, not_before=time(10))
    pregnancy = make_set(
        "pregnancy",
        {1: {"zul_ZA": "Sawubona"}, 4: "Nearly there"},
        next_set=baby,
        fall_back=True,
        default_language="eng_ZA",
    )
    mary = subscribe(pregnancy, lang="zul_ZA", contact=person("+2782", timezone="Africa/Johannesburg"))
    foretold = simulate(pregnancy, mary.created_at, "zul_ZA", "Africa/Johannesburg")
    for day in range(5):
        tick(MORNING + day * DAY)
    sent = Delivery.objects.order_by("created_at").values_list("not_before", "text")
    assert list(sent) == told(foretold)


def test_what_cannot_be_sent_ends_it_with_the_reason(make_set) -> None:
    pregnancy = make_set("pregnancy", {1: "Welcome", 2: {"zul_ZA": "Yidla"}, 3: "Nearly there"})
    *_, last = sends = simulate(pregnancy, MORNING - HOUR, "eng_ZA")
    assert len(sends) == 2
    assert (last.step.state, last.step.detail) == ("failed", "Message 2 of pregnancy is missing in eng_ZA.")


def test_another_schedule_start_and_zone(pregnancy) -> None:
    home = Schedule.objects.create(minute="0", hour="8", in_contact_timezone=True)
    sends = simulate(pregnancy, MORNING, "eng_ZA", "America/New_York", schedule=home, position=2)
    assert told(sends) == [(MORNING + 4 * HOUR, "Eat well"), (MORNING + 28 * HOUR, "Nearly there")]


def test_quiet_hours_show_when_it_really_goes_out(make_set) -> None:
    office = make_set("office", {1: "Hello"}, not_before=time(9))
    [send] = simulate(office, MORNING - HOUR, "eng_ZA")
    assert (send.due_at, send.goes_out) == (MORNING, MORNING + HOUR)


def test_a_circle_of_sets_is_followed_for_a_while_only(make_set) -> None:
    circle = make_set("circle", {1: "Round"})
    type(circle).objects.update(next_set=circle)
    circle.refresh_from_db()
    assert 3000 < len(simulate(circle, MORNING, "eng_ZA")) <= 5000


def test_it_costs_the_same_for_a_short_and_a_long_chain(make_set, django_assert_num_queries) -> None:
    following = None
    for number in range(6):
        following = make_set(f"set{number}", {1: "Hello", 2: "Bye"}, next_set=following)
    with django_assert_num_queries(6):
        assert len(simulate(following, MORNING, "eng_ZA")) == 12


def test_what_is_said_in_other_languages_only_keeps_its_place(make_set) -> None:
    """Number 2 exists, in another language: it is missing, and not passed over."""
    made = make_set("pregnancy", {1: "Hello"})
    Message.objects.create(messageset=made, sequence_number=2, lang="zul_ZA", text_content="Sawubona")
    Message.objects.create(messageset=made, sequence_number=3, lang="eng_ZA", text_content="Bye")
    said = [(send.number, send.step.reason) for send in simulate(made, MORNING, "eng_ZA")]
    assert said == [(1, ""), (2, "no_message")]
    MessageSet.objects.filter(pk=made.pk).update(fall_back=True, default_language="zul_ZA")
    made.refresh_from_db()
    assert [send.step.text for send in simulate(made, MORNING, "eng_ZA")] == ["Hello", "Sawubona", "Bye"]


# --- manage.py simulate and next_runs ----------------------------------------------------


def output(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_the_command_prints_a_line_for_each_message(pregnancy) -> None:
    lines = output("simulate", "pregnancy", "--start", "2026-06-10T09:00+02:00").splitlines()
    assert lines[0] == "2026-06-10 08:00 UTC  pregnancy 1  (1) Welcome"
    assert len(lines) == 3


def test_the_command_prints_json_for_programs(pregnancy) -> None:
    write(pregnancy, 1, {"zul_ZA": "Sawubona"})
    lines = output(
        "simulate", "pregnancy", "--lang", "zul_ZA", "--start", "2026-06-10", "--json"
    ).splitlines()
    first, second = map(json.loads, lines)
    assert (first["text"], first["sequence_number"], first["due_at"]) == (
        "Sawubona",
        1,
        "2026-06-10T08:00:00+00:00",
    )
    assert (second["state"], second["reason"]) == ("failed", "no_message")


def test_the_command_begins_with_the_welcome_and_tries_drafts(pregnancy) -> None:
    Welcome.objects.create(messageset=pregnancy, lang="eng_ZA", text_content="You have joined")
    save_draft(message_set_id=pregnancy.pk, place=Place(4, "eng_ZA"), text_content="Congratulations")
    tried = ["simulate", "pregnancy", "--start", "2026-06-10T07:00", "--drafts", "--without", "2", "3"]
    assert output(*tried).splitlines() == [
        "2026-06-10 07:00 UTC  pregnancy welcome  (1) You have joined",
        "2026-06-10 08:00 UTC  pregnancy 1  (1) Welcome",
        "2026-06-11 08:00 UTC  pregnancy 4  (1) Congratulations",
    ]


def test_the_command_follows_a_date(pregnancy) -> None:
    type(pregnancy).objects.update(starts_after=-1)
    lines = output("simulate", "pregnancy", "--start", "2026-06-11", "--date", "2026-06-11").splitlines()
    assert lines == [
        "2026-06-11 08:00 UTC  pregnancy 2  (1) Eat well",
        "2026-06-12 08:00 UTC  pregnancy 3  (1) Nearly there",
    ]


WRONG = {
    "set": ["nothing"],
    "start": ["pregnancy", "--start", "soon"],
    "date": ["pregnancy", "--start", "2026-02-31"],
    "zone": ["pregnancy", "--zone", "Mars/Olympus"],
    "schedule": ["pregnancy", "--schedule", "99"],
    "a date of a set that follows none": ["pregnancy", "--date", "2026-06-11"],
    "the end of all time": ["pregnancy", "--start", "9999-12-31"],
    "the beginning of all time": ["pregnancy", "--start", "0001-01-01"],
    "a position before the first": ["pregnancy", "--position", "0"],
}


def test_the_command_says_that_a_schedule_means_nothing(pregnancy) -> None:
    Schedule.objects.update(hour="banana")
    with pytest.raises(CommandError, match="hour"):
        output("simulate", "pregnancy")


@pytest.mark.parametrize("args", WRONG.values(), ids=WRONG.keys())
def test_the_command_names_what_it_does_not_understand(pregnancy, args) -> None:
    with pytest.raises(CommandError):
        output("simulate", *args)


def test_next_runs_shows_times_in_the_schedule_s_zone(daily, time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)
    Schedule.objects.update(timezone="Africa/Johannesburg")
    assert output("next_runs", "--count", "2").splitlines() == [
        f"Schedule {daily.pk}: 0 8 * * *, Africa/Johannesburg",
        "  Thu 2026-06-11 08:00 SAST",
        "  Fri 2026-06-12 08:00 SAST",
    ]
    with pytest.raises(CommandError):
        output("next_runs", str(daily.pk + 1))


def test_next_runs_where_somebody_lives(daily, time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)
    Schedule.objects.update(in_contact_timezone=True)
    lines = output("next_runs", "--count", "1", "--zone", "America/New_York").splitlines()
    assert lines[1] == "  Wed 2026-06-10 08:00 EDT"
    with pytest.raises(CommandError):
        output("next_runs", "--zone", "Mars/Olympus")


@pytest.mark.parametrize("count", ["-1", "0", "10001", "many"])
def test_next_runs_shows_a_number_of_times(daily, count) -> None:
    with pytest.raises(CommandError, match="--count"):
        output("next_runs", "--count", count)


def test_next_runs_for_programs(daily, time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)
    assert json.loads(output("next_runs", "--count", "1", "--json")) == {
        "schedule": daily.pk,
        "cron": "0 8 * * *",
        "timezone": "UTC",
        "error": "",
        "due": ["2026-06-11T08:00:00+00:00"],
    }
    Schedule.objects.update(hour="banana")
    assert "hour" in json.loads(output("next_runs", "--json"))["error"]


def test_next_runs_says_which_schedule_never_runs(daily) -> None:
    Schedule.objects.update(hour="banana")
    assert "never: hour:" in output("next_runs")

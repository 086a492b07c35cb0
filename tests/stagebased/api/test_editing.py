"""What editors' tools ask of a set: stages in the middle, completeness, preview, revisions."""

from __future__ import annotations

from typing import Any

import pytest

from stagebased.models import Message, MessageSet, Schedule
from stagebased.operations.content import Place, save_draft
from tests.conftest import client_with_token

HOSTILE: list[Any] = [None, "", "neither", -1, 0, 2**63, 0.5, [], {}, True, "\x00"]


@pytest.fixture
def course(as_alice, prebirth) -> MessageSet:
    for number, text in enumerate(["Welcome", "Eat well", "Nearly there"], start=1):
        body = {"messageset": prebirth.pk, "sequence_number": number, "lang": "eng_ZA", "text_content": text}
        assert as_alice.post("/api/v1/message/", body).status_code == 201
    return prebirth


def path(course: MessageSet, what: str) -> str:
    return f"/api/v1/messageset/{course.pk}/{what}"


def said(course: MessageSet) -> list[tuple[int, str | None]]:
    return list(course.messages.values_list("sequence_number", "text_content"))


# --- fields of a set ------------------------------------------------------------------


def test_a_set_says_how_it_falls_back_and_whether_it_repeats(as_alice, schedule) -> None:
    body = {
        "short_name": "new",
        "default_schedule": schedule.pk,
        "fall_back": True,
        "fallback_languages": ["zul_ZA", "xho_ZA"],
        "default_language": "eng_ZA",
        "one_active": True,
        "repeats": True,
    }
    made = as_alice.post("/api/v1/messageset/", body).json()

    assert {name: made[name] for name in body} == body
    assert made["state"] == "active"
    assert MessageSet.objects.get().fallback_chain == ["zul_ZA", "xho_ZA"]
    emptied = as_alice.patch(f"/api/v1/messageset/{made['id']}/", {"fallback_languages": []}).json()
    assert emptied["fallback_languages"] == []


@pytest.mark.parametrize("value", ["eng_ZA", ["English"], [1], [[]], {}, None, ["eng_ZA"] * 21])
def test_languages_that_are_none_are_refused(as_alice, prebirth, value) -> None:
    answer = as_alice.patch(f"/api/v1/messageset/{prebirth.pk}/", {"fallback_languages": value})

    assert (answer.status_code, list(answer.json())) == (400, ["fallback_languages"])


def test_the_state_is_not_for_callers_to_set(as_alice, schedule) -> None:
    body = {"short_name": "new", "default_schedule": schedule.pk, "state": "draft", "edition": 7}

    assert as_alice.post("/api/v1/messageset/", body).json()["state"] == "active"


# --- stages ---------------------------------------------------------------------------


def test_a_stage_is_inserted(as_alice, course) -> None:
    body = {"sequence_number": 2, "texts": {"eng_ZA": "Drink", "zul_ZA": "Phuza"}}
    answer = as_alice.post(path(course, "stages"), body)

    assert (answer.status_code, answer.json()) == (201, {"edition": 4})
    assert said(course) == [(1, "Welcome"), (2, "Drink"), (2, "Phuza"), (3, "Eat well"), (4, "Nearly there")]


def test_a_stage_is_moved_and_removed(as_alice, course) -> None:
    assert as_alice.post(path(course, "stages/1/move/"), {"to": 3}).json() == {"edition": 4}
    assert as_alice.delete(path(course, "stages/2")).status_code == 204

    assert said(course) == [(1, "Eat well"), (2, "Welcome")]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_stage_that_cannot_be(as_alice, course, value) -> None:
    for body in ({"sequence_number": value}, {"sequence_number": 1, "texts": value or 5}, value or [1]):
        answer = as_alice.post(path(course, "stages/"), body)
        assert answer.status_code == 400, body
        assert isinstance(answer.json(), dict)
    assert as_alice.post(path(course, "stages/1/move/"), {"to": value}).status_code == 400
    assert len(said(course)) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sequence_number": 5}, "sequence_number"),
        ({"sequence_number": 1, "texts": {"English": "x"}}, "texts"),
        ({"sequence_number": 1, "texts": {"eng_ZA": ""}}, "texts"),
        ({"sequence_number": 1, "texts": {"eng_ZA": "x" * 3000}}, "1 eng_ZA"),
        ({"sequence_number": 1, "texts": {"eng_ZA": "a – b"}}, "1 eng_ZA"),
    ],
)
def test_the_answer_names_what_is_wrong(as_alice, course, body, field) -> None:
    answer = as_alice.post(path(course, "stages/"), body)

    assert (answer.status_code, list(answer.json())) == (400, [field])


@pytest.mark.parametrize("what", ["stages/abc", "stages/99999999999", "stages/1/move/x"])
def test_there_is_no_such_stage(as_alice, course, what) -> None:
    assert as_alice.delete(path(course, what)).status_code == 404


def test_an_unknown_set_is_not_found(as_alice, db) -> None:
    assert as_alice.post("/api/v1/messageset/77/stages/", {"sequence_number": 1}).status_code == 404
    assert as_alice.delete("/api/v1/messageset/77/stages/1/").status_code == 404
    assert as_alice.get("/api/v1/messageset/77/completeness/").status_code == 404
    assert as_alice.post("/api/v1/messageset/77/preview/", {}).status_code == 404


# --- completeness and revisions -------------------------------------------------------


def test_what_a_set_lacks(as_alice, course) -> None:
    assert as_alice.get(path(course, "completeness")).json() == {"complete": True, "findings": []}
    save_draft(message_set_id=course.pk, place=Place(1, "zul_ZA"), text_content="Sawubona")
    answer = as_alice.get(path(course, "completeness/"), {"drafts": "true"}).json()

    assert not answer["complete"]
    assert answer["findings"][0] == {
        "level": "error",
        "code": "no_message",
        "sequence_number": 2,
        "lang": "zul_ZA",
        "detail": "Message 2 of prebirth.hw_full.1 is missing in zul_ZA.",
    }


def test_what_a_message_has_said(as_alice, course) -> None:
    message = Message.objects.get(sequence_number=1)
    as_alice.patch(f"/api/v1/message/{message.pk}/", {"text_content": "Hello"})
    answer = as_alice.get(f"/api/v1/message/{message.pk}/revisions/", {"limit": 1}).json()

    assert (answer["count"], len(answer["results"])) == (2, 1)
    assert (answer["results"][0]["text_content"], answer["results"][0]["edition"]) == ("Hello", 4)


# --- preview --------------------------------------------------------------------------


def preview(client, course: MessageSet, **wish: Any) -> dict[str, Any]:
    answer = client.post(path(course, "preview/"), wish)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_what_somebody_gets_and_when(as_alice, course) -> None:
    """The schedule: Mondays and Wednesdays at eight, UTC."""
    answer = preview(as_alice, course, start="2026-06-10", lang="eng_ZA")

    assert (answer["count"], answer["reaches_end"], answer["parts"]) == (3, True, 3)
    assert answer["messages"][0] == {
        "due_at": "2026-06-10T08:00:00Z",
        "goes_out": "2026-06-10T08:00:00Z",
        "messageset": course.pk,
        "messageset_short_name": course.short_name,
        "sequence_number": 1,
        "lang": "eng_ZA",
        "state": "queued",
        "reason": "",
        "detail": "",
        "text": "Welcome",
        "audio": [],
        "parts": 1,
    }
    assert [one["due_at"][:10] for one in answer["messages"]] == ["2026-06-10", "2026-06-15", "2026-06-17"]


def test_to_the_end_of_the_chain_and_through_welcomes(as_alice, course, schedule) -> None:
    baby = as_alice.post(
        "/api/v1/messageset/", {"short_name": "baby", "default_schedule": schedule.pk}
    ).json()
    body = {"messageset": baby["id"], "sequence_number": 4, "lang": "eng_ZA", "text_content": "Play"}
    as_alice.post("/api/v1/message/", body)
    as_alice.patch(f"/api/v1/messageset/{course.pk}/", {"next_set": baby["id"]})
    as_alice.post(
        "/api/v1/welcome/", {"messageset": course.pk, "lang": "eng_ZA", "text_content": "You have joined"}
    )
    answer = preview(as_alice, course, start="2026-06-10T10:00:00+02:00")

    assert [(one["sequence_number"], one["text"]) for one in answer["messages"]] == [
        (0, "You have joined"), (1, "Welcome"), (2, "Eat well"), (3, "Nearly there"), (4, "Play"),
    ]  # fmt: skip
    assert answer["messages"][0]["due_at"] == "2026-06-10T08:00:00Z"


def test_a_zone_a_schedule_a_position_and_stages_left_out(as_alice, course) -> None:
    daily = Schedule.objects.create(minute="0", hour="8", in_contact_timezone=True)
    answer = preview(
        as_alice,
        course,
        start="2026-06-10",
        timezone="America/New_York",
        schedule=daily.pk,
        next_sequence_number=1,
        without=[2, 77],
    )

    assert [(one["due_at"], one["text"]) for one in answer["messages"]] == [
        ("2026-06-10T12:00:00Z", "Welcome"),
        ("2026-06-11T12:00:00Z", "Nearly there"),
    ]


def test_drafts_can_be_tried(as_alice, course) -> None:
    save_draft(message_set_id=course.pk, place=Place(4, "eng_ZA"), text_content="Congratulations")
    MessageSet.objects.update(state="draft")

    assert preview(as_alice, course)["count"] == 3
    tried = preview(as_alice, course, drafts=True)["messages"]
    assert (len(tried), tried[-1]["text"], tried[-1]["state"]) == (4, "Congratulations", "queued")
    assert Message.objects.count() == 3


def test_it_says_where_somebody_would_be_stuck(as_alice, course) -> None:
    Message.objects.filter(sequence_number=2).delete()
    Message.objects.create(messageset=course, sequence_number=2, lang="zul_ZA", text_content="Yidla")
    answer = preview(as_alice, course, lang="eng_ZA")

    assert not answer["reaches_end"]
    last = answer["messages"][-1]
    assert (last["sequence_number"], last["state"], last["reason"]) == (2, "failed", "no_message")


def test_a_set_that_follows_a_date(as_alice, course) -> None:
    as_alice.patch(f"/api/v1/messageset/{course.pk}/", {"starts_after": -14})
    answer = preview(as_alice, course, start="2026-06-12", anchor_date="2026-06-22")

    assert [(one["due_at"][:10], one["text"]) for one in answer["messages"]] == [
        ("2026-06-15", "Nearly there"),
    ]
    assert preview(as_alice, course, start="2026-06-20", anchor_date="2026-06-22")["count"] == 0
    early = preview(as_alice, course, start="2026-05-01", anchor_date="2026-06-22")["messages"]
    assert [one["due_at"][:10] for one in early] == ["2026-06-08", "2026-06-10", "2026-06-15"]


def test_a_message_that_is_missing_does_not_stop_who_follows_a_date(as_alice, course) -> None:
    as_alice.patch(f"/api/v1/messageset/{course.pk}/", {"starts_after": 0})
    answer = preview(as_alice, course, start="2026-06-01", anchor_date="2026-06-08", lang="fra_FR")

    assert [one["reason"] for one in answer["messages"]] == ["no_message"] * 3
    assert answer["reaches_end"]


@pytest.mark.parametrize(
    "field", ["start", "lang", "timezone", "schedule", "anchor_date", "without", "drafts"]
)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_wish_that_means_nothing(as_alice, course, field, value) -> None:
    answer = as_alice.post(path(course, "preview/"), {field: value})

    harmless = {
        "schedule": (None, ""),
        "timezone": ("",),
        "anchor_date": (None,),
        "without": ([],),
        "drafts": (True, 0),
    }
    if any(
        value is kept or (value == kept and type(value) is type(kept)) for kept in harmless.get(field, ())
    ):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, list(answer.json())) == (400, [field])


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "2026-06-10T08:00:00+99:00"])
def test_a_time_out_of_the_world(as_alice, course, day) -> None:
    for field in ("start", "anchor_date"):
        assert as_alice.post(path(course, "preview/"), {field: day}).status_code == 400


def test_a_date_needs_a_set_that_says_when_it_begins(as_alice, course) -> None:
    answer = as_alice.post(path(course, "preview/"), {"anchor_date": "2026-06-10"})

    assert (answer.status_code, list(answer.json())) == (400, ["anchor_date"])


def test_a_schedule_that_means_nothing_is_named(as_alice, course, schedule) -> None:
    Schedule.objects.update(hour="banana")

    assert list(as_alice.post(path(course, "preview/"), {}).json()) == ["schedule"]


def test_a_token_for_reading_may_preview_and_not_change(alice, course) -> None:
    reader = client_with_token(alice, "stagebased:read")

    assert reader.post(path(course, "preview/"), {}).status_code == 200
    assert reader.post(path(course, "stages/"), {"sequence_number": 1}).status_code == 403


@pytest.mark.parametrize("what", ["stages/", "stages/1/", "stages/1/move/", "completeness/", "preview/"])
def test_nobody_gets_in_without_credentials(anonymous, course, what) -> None:
    assert anonymous.post(path(course, what), {}).status_code == 401

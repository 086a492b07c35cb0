"""Programme staff keep schedules, message sets and messages through the API."""

from __future__ import annotations

from stagebased.models import Message, MessageSet, Schedule


def test_an_empty_object_makes_a_schedule_for_every_minute(as_alice, db) -> None:
    answer = as_alice.post("/api/v1/schedule/", {})

    assert answer.status_code == 201
    assert answer.json() == {
        "id": Schedule.objects.get().pk,
        "minute": "*",
        "hour": "*",
        "day_of_week": "*",
        "day_of_month": "*",
        "month_of_year": "*",
        "timezone": "UTC",
        "in_contact_timezone": False,
    }


def test_numbers_and_blanks_in_cron_fields_become_plain_text(as_alice, db) -> None:
    made = as_alice.post("/api/v1/schedule/", {"minute": 5, "hour": "8, 17"}).json()

    assert (made["minute"], made["hour"]) == ("5", "8,17")


def test_a_created_record_is_found_at_its_location(as_alice, schedule) -> None:
    for path, body in {
        "schedule": {"hour": "8"},
        "messageset": {"short_name": "a", "default_schedule": schedule.pk},
    }.items():
        answer = as_alice.post(f"/api/v1/{path}/", body)

        assert answer["Location"] == f"http://testserver/api/v1/{path}/{answer.json()['id']}/"
        assert as_alice.get(answer["Location"]).json() == answer.json()


def test_put_and_patch_change_a_schedule(as_alice, schedule) -> None:
    url = f"/api/v1/schedule/{schedule.pk}/"

    assert as_alice.put(url, {"minute": "30"}).json()["minute"] == "30"
    patched = as_alice.patch(url, {"timezone": "Africa/Johannesburg"})

    assert (patched.status_code, patched.json()["timezone"]) == (200, "Africa/Johannesburg")
    assert patched.json()["minute"] == "30"


def test_a_schedule_that_nobody_uses_can_be_deleted(as_alice, schedule) -> None:
    answer = as_alice.delete(f"/api/v1/schedule/{schedule.pk}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Schedule.objects.exists()


def test_what_is_in_use_is_not_deleted(as_alice, schedule, prebirth, make_subscription) -> None:
    make_subscription()

    for path in (f"schedule/{schedule.pk}", f"messageset/{prebirth.pk}"):
        answer = as_alice.delete(f"/api/v1/{path}/")
        assert answer.status_code == 409
        assert "used" in answer.json()["detail"] or "subscriptions" in answer.json()["detail"]


def test_a_message_set_with_all_it_can_say(as_alice, schedule, prebirth) -> None:
    body = {
        "short_name": "postbirth.hw_full.1",
        "label": "After birth",
        "content_type": "text",
        "notes": "For the first year.",
        "next_set": prebirth.pk,
        "default_schedule": schedule.pk,
        "channel": "sms",
        "gateway": "",
        "fall_back": True,
        "default_language": "eng_ZA",
        "not_before": "08:00:00",
        "not_after": "20:00:00",
        "grace": "02:00:00",
        "catch_up": "spaced",
        "spacing": "00:20:00",
        "spread": "01:30:00",
        "starts_after": -245,
        "stop_after_failures": 3,
    }

    made = as_alice.post("/api/v1/messageset/", body)

    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    assert list(made.json())[:8] == [
        "id", "short_name", "label", "content_type", "notes", "next_set", "default_schedule", "created_at",
    ]  # fmt: skip


def test_saving_a_set_again_moves_its_time_of_change(as_alice, prebirth) -> None:
    before = as_alice.get(f"/api/v1/messageset/{prebirth.pk}/").json()

    after = as_alice.patch(f"/api/v1/messageset/{prebirth.pk}/", {"label": "New"}).json()

    assert after["label"] == "New"
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


def test_sets_may_not_follow_each_other_in_a_circle(as_alice, prebirth, schedule) -> None:
    second = MessageSet.objects.create(short_name="b", default_schedule=schedule, next_set=prebirth)
    third = MessageSet.objects.create(short_name="c", default_schedule=schedule, next_set=second)

    for following in (third, prebirth):
        answer = as_alice.patch(f"/api/v1/messageset/{prebirth.pk}/", {"next_set": following.pk})
        assert answer.status_code == 400
        assert list(answer.json()) == ["next_set"]
    prebirth.refresh_from_db()
    assert prebirth.next_set_id is None


def test_deleting_a_set_takes_its_messages_along(as_alice, prebirth, first_message) -> None:
    assert as_alice.delete(f"/api/v1/messageset/{prebirth.pk}/").status_code == 204
    assert not Message.objects.exists()


def test_a_message_and_its_life(as_alice, prebirth) -> None:
    body = {"messageset": prebirth.pk, "sequence_number": 2, "lang": "zul_ZA", "text_content": "Sawubona"}
    made = as_alice.post("/api/v1/message/", body)
    assert made.status_code == 201
    assert made.json()["metadata"] == {}
    assert made.json()["binary_content"] is None

    url = made["Location"]
    changed = as_alice.patch(url, {"text_content": "Sawubona mama", "metadata": {"template": {"name": "x"}}})
    assert changed.json()["text_content"] == "Sawubona mama"
    assert changed.json()["metadata"] == {"template": {"name": "x"}}
    assert as_alice.delete(url).status_code == 204
    assert as_alice.get(url).status_code == 404


def test_a_sets_messages_come_in_sequence(as_alice, prebirth) -> None:
    for number, lang in ((2, "eng_ZA"), (1, "zul_ZA"), (1, "eng_ZA")):
        Message.objects.create(messageset=prebirth, sequence_number=number, lang=lang, text_content="x")

    page = as_alice.get(f"/api/v1/messageset/{prebirth.pk}/messages/").json()

    assert page["count"] == 3
    assert [(m["sequence_number"], m["lang"]) for m in page["results"]] == [
        (1, "eng_ZA"), (1, "zul_ZA"), (2, "eng_ZA"),
    ]  # fmt: skip


def test_the_languages_of_every_set(as_alice, prebirth, schedule) -> None:
    empty = MessageSet.objects.create(short_name="empty", default_schedule=schedule)
    for number, lang in ((1, "zul_ZA"), (1, "eng_ZA"), (2, "eng_ZA")):
        Message.objects.create(messageset=prebirth, sequence_number=number, lang=lang, text_content="x")

    for path in ("messageset_languages", "messageset_languages/"):
        assert as_alice.get(f"/api/v1/{path}").json() == {
            str(prebirth.pk): ["eng_ZA", "zul_ZA"],
            str(empty.pk): [],
        }


def test_a_messages_content_without_a_file(as_alice, first_message) -> None:
    content = as_alice.get(f"/api/v1/message/{first_message.pk}/content/").json()

    assert content["text_content"] == "Drink enough water."
    assert content["binary_content"] is None
    assert content["metadata"] == {}


def test_form_bodies_work_as_well_as_json(as_alice, schedule) -> None:
    for format in ("multipart", "json"):
        answer = as_alice.post(
            "/api/v1/messageset/", {"short_name": format, "default_schedule": schedule.pk}, format=format
        )
        assert answer.status_code == 201
    encoded = as_alice.post(
        "/api/v1/schedule/", "minute=7&hour=9", content_type="application/x-www-form-urlencoded"
    )
    assert (encoded.status_code, encoded.json()["minute"]) == (201, "7")

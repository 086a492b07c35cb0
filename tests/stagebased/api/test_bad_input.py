"""Whatever is sent: a 4xx in the dialect's own form that names the field, and nothing stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contacts.models import Contact
from stagebased.models import BinaryContent, Message, MessageSet, Schedule, Subscription, Welcome

HUGE = 10**30
MEGABYTE = "a" * 1_000_000

SCHEDULES = {
    "banana": ({"minute": "banana"}, "minute"),
    "minute 60": ({"minute": "60"}, "minute"),
    "hour 24": ({"hour": "24"}, "hour"),
    "day 32": ({"day_of_month": "32"}, "day_of_month"),
    "month 13": ({"month_of_year": "13"}, "month_of_year"),
    "weekday 8": ({"day_of_week": "8"}, "day_of_week"),
    "31 February": ({"day_of_month": "31", "month_of_year": "2", "day_of_week": "*"}, "day_of_month"),
    "step of zero": ({"minute": "*/0"}, "minute"),
    "blank": ({"minute": ""}, "minute"),
    "null": ({"minute": None}, "minute"),
    "list": ({"minute": [1, 2]}, "minute"),
    "boolean": ({"minute": True}, "minute"),
    "too long": ({"minute": ",".join(["1"] * 40)}, "minute"),
    "NUL": ({"minute": "1\x00"}, "minute"),
    "lone surrogate": ({"minute": "\ud800"}, "minute"),
    "megabyte": ({"minute": MEGABYTE}, "minute"),
    "no such zone": ({"timezone": "Mars/Olympus"}, "timezone"),
    "zone as path": ({"timezone": "../../etc/passwd"}, "timezone"),
    "not a flag": ({"in_contact_timezone": "perhaps"}, "in_contact_timezone"),
    "a list": ([], "non_field_errors"),
    "a string": ("x", "non_field_errors"),
}

MESSAGE_SETS = {
    "no name": ({"short_name": None}, "short_name"),
    "name taken": ({"short_name": "prebirth.hw_full.1"}, "short_name"),
    "name too long": ({"short_name": "x" * 101}, "short_name"),
    "NUL in the name": ({"short_name": "a\x00b"}, "short_name"),
    "unknown schedule": ({"default_schedule": 999}, "default_schedule"),
    "no schedule": ({"default_schedule": None}, "default_schedule"),
    "schedule beyond 64 bits": ({"default_schedule": HUGE}, "default_schedule"),
    "schedule as text": ({"default_schedule": "daily"}, "default_schedule"),
    "schedule as fraction": ({"default_schedule": 1.5}, "default_schedule"),
    "schedule as object": ({"default_schedule": {"id": 1}}, "default_schedule"),
    "schedule as flag": ({"default_schedule": True}, "default_schedule"),
    "unknown next set": ({"next_set": 999}, "next_set"),
    "negative next set": ({"next_set": -1}, "next_set"),
    "content type": ({"content_type": "video"}, "content_type"),
    "content type as list": ({"content_type": ["text"]}, "content_type"),
    "unknown channel": ({"channel": "WHATSAPP_MACHINE"}, "channel"),
    "unknown gateway": ({"gateway": "elsewhere"}, "gateway"),
    "language": ({"default_language": "english"}, "default_language"),
    "time of day": ({"not_before": "25:00"}, "not_before"),
    "never allowed": ({"not_before": "08:00", "not_after": "08:00"}, "not_after"),
    "negative grace": ({"grace": "-1"}, "grace"),
    "endless grace": ({"grace": "999999999999 00:00:00"}, "grace"),
    "a rule that does not exist": ({"catch_up": "all"}, "catch_up"),
    "no rule": ({"catch_up": None}, "catch_up"),
    "no time between": ({"spacing": "00:00:00"}, "spacing"),
    "a year between": ({"spacing": "365 00:00:00"}, "spacing"),
    "negative spread": ({"spread": "-00:00:01"}, "spread"),
    "spread over days": ({"spread": "1 00:00:01"}, "spread"),
    "spread as object": ({"spread": {}}, "spread"),
    "a beginning beyond all dates": ({"starts_after": 36_601}, "starts_after"),
    "a beginning beyond 64 bits": ({"starts_after": HUGE}, "starts_after"),
    "stopped after none": ({"stop_after_failures": 0}, "stop_after_failures"),
    "stopped after too many": ({"stop_after_failures": 1001}, "stop_after_failures"),
    "megabyte of notes": ({"notes": MEGABYTE}, "notes"),
    "a list": ([], "non_field_errors"),
}

MESSAGES = {
    "unknown set": ({"messageset": 999}, "messageset"),
    "set beyond 64 bits": ({"messageset": HUGE}, "messageset"),
    "infinite set": ({"messageset": float("1e400")}, "messageset"),
    "no set": ({"messageset": None}, "messageset"),
    "number zero": ({"sequence_number": 0}, "sequence_number"),
    "negative number": ({"sequence_number": -1}, "sequence_number"),
    "number beyond 64 bits": ({"sequence_number": HUGE}, "sequence_number"),
    "number beyond 32 bits": ({"sequence_number": 2**31}, "sequence_number"),
    "number as text": ({"sequence_number": "one"}, "sequence_number"),
    "number as flag": ({"sequence_number": True}, "sequence_number"),
    "language too long": ({"lang": "english"}, "lang"),
    "language malformed": ({"lang": "EN-za"}, "lang"),
    "language with NUL": ({"lang": "en\x00"}, "lang"),
    "no language": ({"lang": ""}, "lang"),
    "metadata as text": ({"metadata": "x"}, "metadata"),
    "metadata as list": ({"metadata": [1]}, "metadata"),
    "metadata null": ({"metadata": None}, "metadata"),
    "NUL in metadata": ({"metadata": {"a": "\x00"}}, "metadata"),
    "NUL in a metadata key": ({"metadata": {"a": {"b\x00": 1}}}, "metadata"),
    "lone surrogate in metadata": ({"metadata": {"a": ["\udfff"]}}, "metadata"),
    "large metadata": ({"metadata": {"a": MEGABYTE}}, "metadata"),
    "megabyte of text": ({"text_content": MEGABYTE}, "text_content"),
    "more parts than an SMS has": ({"text_content": "ж" * 5000}, "text_content"),
    "NUL in the text": ({"text_content": "a\x00b"}, "text_content"),
    "lone surrogate in the text": ({"text_content": "\ud83d"}, "text_content"),
    "text as object": ({"text_content": {}}, "text_content"),
    "closing quote": ({"text_content": "It’s time"}, "text_content"),
    "double quotes": ({"text_content": "“now”"}, "text_content"),
    "en dash": ({"text_content": "9–5"}, "text_content"),
    "neither text nor file": ({"text_content": None}, "non_field_errors"),
    "blank text": ({"text_content": "   "}, "non_field_errors"),
    "unknown file": ({"binary_content": 999}, "binary_content"),
    "place taken": ({"sequence_number": 1}, "non_field_errors"),
    "a list": ([], "non_field_errors"),
}

SUBSCRIPTIONS = {
    "identity no UUID": ({"identity": "27820001001"}, "identity"),
    "identity as number": ({"identity": 1}, "identity"),
    "identity huge": ({"identity": HUGE}, "identity"),
    "no identity": ({"identity": None}, "identity"),
    "identity with NUL": ({"identity": "\x00"}, "identity"),
    "unknown set": ({"messageset": 999}, "messageset"),
    "set beyond 64 bits": ({"messageset": HUGE}, "messageset"),
    "no set": ({"messageset": None}, "messageset"),
    "unknown schedule": ({"schedule": 999}, "schedule"),
    "schedule as text": ({"schedule": "daily"}, "schedule"),
    "language too long": ({"lang": "english"}, "lang"),
    "language malformed": ({"lang": "!!"}, "lang"),
    "no language": ({"lang": None}, "lang"),
    "position zero": ({"next_sequence_number": 0}, "next_sequence_number"),
    "position huge": ({"next_sequence_number": HUGE}, "next_sequence_number"),
    "start negative": ({"initial_sequence_number": -5}, "initial_sequence_number"),
    "version huge": ({"version": HUGE}, "version"),
    "status beyond 16 bits": ({"process_status": 40_000}, "process_status"),
    "active unclear": ({"active": "perhaps"}, "active"),
    "completed as object": ({"completed": {}}, "completed"),
    "metadata as list": ({"metadata": []}, "metadata"),
    "NUL in metadata": ({"metadata": {"\x00": 1}}, "metadata"),
    "a number to prepend": ({"metadata": {"prepend_next_delivery": 5}}, "metadata"),
    "a list to prepend": ({"metadata": {"prepend_next_delivery": ["a"]}}, "metadata"),
    "infinite number in metadata": ({"metadata": {"a": float("1e400")}}, "metadata"),
    "a day that does not exist": ({"anchor_date": "2026-02-29"}, "anchor_date"),
    "a date as number": ({"anchor_date": 20260228}, "anchor_date"),
    "a date with NUL": ({"anchor_date": "\x00"}, "anchor_date"),
    "a date before all time": ({"anchor_date": "0001-01-01"}, "anchor_date"),
    "a date where the set has no beginning": ({"anchor_date": "2026-03-01"}, "anchor_date"),
}

WELCOMES = {
    "unknown set": ({"messageset": 999}, "messageset"),
    "no set": ({"messageset": None}, "messageset"),
    "language malformed": ({"lang": "EN-za"}, "lang"),
    "curly quote": ({"text_content": "It’s you"}, "text_content"),
    "more parts than an SMS has": ({"text_content": "ж" * 5000}, "text_content"),
    "NUL in the text": ({"text_content": "a\x00b"}, "text_content"),
    "nothing said": ({"text_content": ""}, "non_field_errors"),
    "unknown file": ({"binary_content": 999}, "binary_content"),
    "language taken": ({"lang": "eng_ZA"}, "non_field_errors"),
    "a list": ([], "non_field_errors"),
}


@pytest.fixture
def message_body(prebirth, first_message) -> dict[str, Any]:
    return {"messageset": prebirth.pk, "sequence_number": 2, "lang": "eng_ZA", "text_content": "Hello"}


@pytest.fixture
def set_body(prebirth, schedule) -> dict[str, Any]:
    return {"short_name": "postbirth", "default_schedule": schedule.pk}


def stored() -> list[Any]:
    models = (Schedule, MessageSet, Message, Welcome, BinaryContent, Subscription, Contact)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def as_json(body: Any) -> str:
    """Also what the standard forbids or a client library would refuse: 1e400, lone surrogates."""
    return json.dumps(body).replace("Infinity", "1e400")


def refused(client, method: str, path: str, body: Any) -> dict[str, Any]:
    """The body of the 400; that nothing was stored is checked here."""
    before = stored()
    answer = getattr(client, method)(path, as_json(body), content_type="application/json")
    assert answer.status_code == 400, answer.content[:300]
    assert stored() == before
    return answer.json()


@pytest.mark.parametrize(("change", "field"), SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_bad_schedule(as_alice, schedule, method, change, field) -> None:
    path = "/api/v1/schedule/" if method == "post" else f"/api/v1/schedule/{schedule.pk}/"

    assert list(refused(as_alice, method, path, change)) == [field]


@pytest.mark.parametrize(("change", "field"), MESSAGE_SETS.values(), ids=MESSAGE_SETS)
@pytest.mark.parametrize("method", ["post", "put"])
def test_a_bad_message_set(as_alice, set_body, schedule, method, change, field) -> None:
    path = "/api/v1/messageset/"
    if method == "put":
        other = MessageSet.objects.create(short_name="other", default_schedule=schedule)
        path += f"{other.pk}/"
    body = {**set_body, **change} if isinstance(change, dict) else change

    assert list(refused(as_alice, method, path, body)) == [field]


@pytest.mark.fault("F22")
@pytest.mark.parametrize(("change", "field"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("method", ["post", "put"])
def test_a_bad_message(as_alice, message_body, prebirth, method, change, field) -> None:
    path = "/api/v1/message/"
    if method == "put":
        other = Message.objects.create(
            messageset=prebirth, sequence_number=9, lang="eng_ZA", text_content="x"
        )
        path += f"{other.pk}/"
    body = {**message_body, **change} if isinstance(change, dict) else change

    assert list(refused(as_alice, method, path, body)) == [field]


@pytest.mark.parametrize(("change", "field"), WELCOMES.values(), ids=WELCOMES)
@pytest.mark.parametrize("method", ["post", "put"])
def test_a_bad_welcome(as_alice, prebirth, method, change, field) -> None:
    Welcome.objects.create(messageset=prebirth, lang="eng_ZA", text_content="Hello")
    path = "/api/v1/welcome/"
    if method == "put":
        other = Welcome.objects.create(messageset=prebirth, lang="xho_ZA", text_content="Molo")
        path += f"{other.pk}/"
    body = {"messageset": prebirth.pk, "lang": "zul_ZA", "text_content": "Sawubona"}
    body = {**body, **change} if isinstance(change, dict) else change

    assert list(refused(as_alice, method, path, body)) == [field]


@pytest.mark.parametrize(("change", "field"), SUBSCRIPTIONS.values(), ids=SUBSCRIPTIONS)
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_bad_subscription(as_alice, wish, make_subscription, method, change, field) -> None:
    path = "/api/v1/subscriptions/"
    body = {**wish, **change}
    if method != "post":
        path += f"{make_subscription().pk}/"
    if method == "patch":
        body = change

    assert list(refused(as_alice, method, path, body)) == [field]


@pytest.mark.fault("F21")
@pytest.mark.parametrize(("change", "field"), SUBSCRIPTIONS.values(), ids=SUBSCRIPTIONS)
def test_a_bad_request_of_a_hub_says_that_it_is_not_accepted(as_alice, request_body, change, field) -> None:
    body = {"data": {**request_body["data"], **change}}

    answer = refused(as_alice, "post", "/api/v1/subscriptions/request", body)

    assert answer.pop("accepted") is False
    # Characters that nothing can store are refused with the whole document, whose outermost field is "data".
    assert list(answer) == ["data" if "\\u0000" in as_json(change) else field]


BROKEN = {
    "no JSON": b"{",
    "a constant that JSON does not have": b'{"minute": NaN}',
    "not UTF-8": b'{"minute": "\xff"}',
    "endless nesting": b"[" * 200_000,
    "deep nesting": b'{"minute": ' + b"[" * 500 + b"]" * 500 + b"}",
    "a number of 5000 digits": b'{"minute": ' + b"9" * 5000 + b"}",
}


@pytest.mark.fault("F21")
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(
    "path", ["schedule/", "messageset/", "message/", "subscriptions/", "subscriptions/request"]
)
def test_a_body_that_cannot_be_read(as_alice, schedule, path, body) -> None:
    before = stored()

    answer = as_alice.post(f"/api/v1/{path}", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("JSON parse error")
    assert stored() == before


def test_a_body_beyond_the_limit(as_alice, db, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        answer = as_alice.post("/api/v1/schedule/", "a" * 1001, content_type=content_type)

        assert (answer.status_code, answer.json()) == (413, {"detail": "The request body is too large."})
    assert not Schedule.objects.exists()


def test_a_body_of_an_unknown_kind(as_alice, db) -> None:
    answer = as_alice.post("/api/v1/schedule/", "<a/>", content_type="application/xml")

    assert answer.status_code == 415
    assert "application/xml" in answer.json()["detail"]


def test_json_hidden_in_a_form_field_is_judged_alike(as_alice, prebirth) -> None:
    body = {"messageset": prebirth.pk, "sequence_number": 1, "lang": "eng_ZA", "text_content": "Hello"}
    for metadata in (
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        "[" * 100_000,
        "[1]",
        "{",
        '{"a": 1e400}',
        "NaN",
    ):
        answer = as_alice.post("/api/v1/message/", {**body, "metadata": metadata}, format="multipart")

        assert answer.status_code == 400, metadata[:20]
        assert list(answer.json()) == ["metadata"]
    assert not Message.objects.exists()


KEYS = [
    "999",
    "0",
    "-1",
    "abc",
    "1.5",
    "1_0",
    "٣",
    "9" * 30,
    "9" * 5000,
    "%00",
    "8646b7bc-b511-4965-a90b-e1145e398703",
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:12])
@pytest.mark.parametrize(
    "path", ["schedule", "messageset", "message", "welcome", "binarycontent", "subscriptions"]
)
def test_an_id_that_leads_nowhere(as_alice, db, path, key) -> None:
    for method in ("get", "put", "patch", "delete"):
        answer = getattr(as_alice, method)(f"/api/v1/{path}/{key}/")

        if answer.status_code != 400:  # a body is checked before the subscription is looked for
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})

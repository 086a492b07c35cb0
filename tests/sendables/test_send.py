"""POST /messages/send/ and /notices/send/."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from sendables.models import Message, MessageReceipt, Notice

URL = "/messages/send/"


def test_alice_writes_to_bob_and_he_finds_it_unread(alice, bob, as_alice, as_bob) -> None:
    answer = as_alice.post(URL, {"content": "Hello there", "recipient_ids": [bob.pk]})
    assert (answer.status_code, answer.json()) == (201, {"content": "Hello there", "recipient_ids": [bob.pk]})
    [item] = as_bob.get("/messages/").json()
    assert item == {
        "id": item["id"],
        "is_read": False,
        "content": "Hello there",
        "sender": {"id": alice.pk, "username": "alice"},
        "sent_on": item["sent_on"],
    }


def test_the_answer_lists_only_those_who_got_it_each_once(alice, bob, eve, as_alice) -> None:
    ids = [eve.pk, bob.pk, bob.pk, alice.pk, 999_999, 0, -5, 10**30]
    answer = as_alice.post(URL, {"content": "Hello", "recipient_ids": ids})
    assert answer.json()["recipient_ids"] == [bob.pk, eve.pk]


def test_inactive_accounts_are_recipients_too(bob, as_alice) -> None:
    bob.is_active = False
    bob.save()
    assert as_alice.post(URL, {"content": "Hello", "recipient_ids": [bob.pk]}).status_code == 201


@pytest.mark.parametrize("ids", [[999_999], [10**30], [-1]], ids=["unknown", "beyond 64 bits", "negative"])
def test_nobody_left_is_refused_and_stores_nothing(as_alice, ids) -> None:
    before = Message.objects.count()
    answer = as_alice.post(URL, {"content": "Hello", "recipient_ids": ids})
    assert (answer.status_code, answer.json()) == (400, {"recipient_ids": ["No valid recipients."]})
    assert Message.objects.count() == before


def test_oneself_alone_is_nobody(alice, as_alice) -> None:
    assert as_alice.post(URL, {"content": "Hello", "recipient_ids": [alice.pk]}).status_code == 400


BAD_BODIES = {
    "both missing": ({}, {"content", "recipient_ids"}),
    "content missing": ({"recipient_ids": [1]}, {"content"}),
    "ids missing": ({"content": "x"}, {"recipient_ids"}),
    "empty list": ({"content": "x", "recipient_ids": []}, {"recipient_ids"}),
    "null content": ({"content": None, "recipient_ids": [1]}, {"content"}),
    "null ids": ({"content": "x", "recipient_ids": None}, {"recipient_ids"}),
    "not a list": ({"content": "x", "recipient_ids": "12"}, {"recipient_ids"}),
    "an object for a list": ({"content": "x", "recipient_ids": {"a": 1}}, {"recipient_ids"}),
    "blank content": ({"content": "", "recipient_ids": [1]}, {"content"}),
    "white space": ({"content": " \t\n ", "recipient_ids": [1]}, {"content"}),
    "content true": ({"content": True, "recipient_ids": [1]}, {"content"}),
    "content object": ({"content": {"a": 1}, "recipient_ids": [1]}, {"content"}),
    "content list": ({"content": ["a"], "recipient_ids": [1]}, {"content"}),
    "NUL": ({"content": "a\x00b", "recipient_ids": [1]}, {"content"}),
}


@pytest.mark.parametrize(("body", "fields"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_body_is_refused_naming_every_wrong_field(as_alice, body, fields) -> None:
    answer = as_alice.post(URL, body)
    assert answer.status_code == 400
    assert set(answer.json()) == fields
    assert all(isinstance(texts, list) for texts in answer.json().values())


def test_a_lone_surrogate_is_refused(as_alice, bob) -> None:
    body = json.dumps({"content": "a\ud800b", "recipient_ids": [bob.pk]})
    answer = as_alice.post(URL, body, content_type="application/json")
    assert (answer.status_code, set(answer.json())) == (400, {"content"})


@pytest.mark.parametrize("bad", [True, 2.5, None, "x", [], {}, 1e400], ids=repr)
def test_a_bad_element_is_named_by_its_place(as_alice, bob, bad) -> None:
    body = json.dumps({"content": "x", "recipient_ids": [bob.pk, bad]}).replace("Infinity", "1e400")
    answer = as_alice.post(URL, body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()["recipient_ids"]) == {"1"}


def test_numbers_in_other_spellings_are_understood(as_alice, bob, eve) -> None:
    answer = as_alice.post(URL, {"content": 42, "recipient_ids": [str(bob.pk), float(eve.pk)]})
    assert answer.json() == {"content": "42", "recipient_ids": [bob.pk, eve.pk]}


def test_content_is_stripped_at_both_ends(as_alice, bob) -> None:
    answer = as_alice.post(URL, {"content": "  two words \n", "recipient_ids": [bob.pk]})
    assert answer.json()["content"] == "two words"


def test_foreign_keys_in_the_body_are_ignored(alice, bob, eve, as_alice, as_bob) -> None:
    extra = {"sender": eve.pk, "id": 77, "is_read": True, "sent_on": "2001-01-01T00:00:00Z", "thread": 5}
    as_alice.post(URL, {"content": "Hello", "recipient_ids": [bob.pk], **extra})
    [item] = as_bob.get("/messages/").json()
    assert item["sender"]["id"] == alice.pk
    assert not item["is_read"]
    assert item["id"] != 77
    assert not item["sent_on"].startswith("2001")


@pytest.mark.parametrize("form", ["multipart", "form"])
def test_forms_are_as_good_as_json(as_alice, as_bob, bob, eve, form) -> None:
    fields = [("content", "by form"), ("recipient_ids", bob.pk), ("recipient_ids", eve.pk)]
    if form == "form":
        from urllib.parse import urlencode

        answer = as_alice.post(URL, urlencode(fields), content_type="application/x-www-form-urlencoded")
    else:
        body = {"content": "by form", "recipient_ids": [bob.pk, eve.pk]}
        answer = as_alice.post(URL, body, format="multipart")
    assert answer.json() == {"content": "by form", "recipient_ids": [bob.pk, eve.pk]}
    assert as_bob.get("/messages/").json()[0]["content"] == "by form"


def test_an_empty_list_in_a_form_is_a_missing_field(as_alice) -> None:
    answer = as_alice.post(URL, {"content": "x"}, format="multipart")
    assert answer.json() == {"recipient_ids": ["This field is required."]}


OTHER_BODIES = {
    "a list": ("[1]", "application/json", 400, "non_field_errors"),
    "a string": ('"x"', "application/json", 400, "non_field_errors"),
    "broken": ('{"content":', "application/json", 400, "detail"),
    "text": ("hello", "text/plain", 415, "detail"),
}


@pytest.mark.parametrize(("body", "type_", "status", "key"), OTHER_BODIES.values(), ids=OTHER_BODIES.keys())
def test_a_body_of_another_kind_is_refused(as_alice, body, type_, status, key) -> None:
    answer = as_alice.post(URL, body, content_type=type_)
    assert (answer.status_code, set(answer.json())) == (status, {key})


def test_a_hundred_thousand_and_one_recipients_are_too_many(as_alice) -> None:
    answer = as_alice.post(URL, {"content": "x", "recipient_ids": list(range(1, 100_002))})
    assert answer.status_code == 400
    assert "100000" in answer.json()["recipient_ids"][0]


def test_one_recipient_costs_the_statements_of_twenty(
    alice, bob, as_alice, django_user_model, django_assert_num_queries
) -> None:
    people = [django_user_model.objects.create_user(f"reader{number}") for number in range(20)]
    as_alice.post(URL, {"content": "warm up", "recipient_ids": [bob.pk]})
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        as_alice.post(URL, {"content": "x", "recipient_ids": [bob.pk]})
    with django_assert_num_queries(len(one)):
        as_alice.post(URL, {"content": "x", "recipient_ids": [each.pk for each in people]})


def test_a_failure_half_way_leaves_nothing(as_alice, bob, monkeypatch) -> None:
    from sendables.operations import sending

    monkeypatch.setattr(sending, "spend", _fail_at_the_end)
    before = Message.objects.count(), MessageReceipt.objects.count()
    with pytest.raises(RuntimeError):
        as_alice.post(URL, {"content": "x", "recipient_ids": [bob.pk]})
    assert (Message.objects.count(), MessageReceipt.objects.count()) == before


def _fail_at_the_end(kind, user, limit, amount) -> None:
    if limit == "RECIPIENT_RATE":
        raise RuntimeError


def test_an_administrator_sends_a_notice(staff, bob, as_staff, as_bob) -> None:
    answer = as_staff.post(reverse("notice-send"), {"content": "Maintenance", "recipient_ids": [bob.pk]})
    assert (answer.status_code, answer.json()) == (201, {"content": "Maintenance", "recipient_ids": [bob.pk]})
    [item] = as_bob.get("/notices/").json()
    assert set(item) == {"id", "is_read", "content", "sent_on"}
    assert Notice.objects.get(pk=item["id"]).sent_by == staff


@pytest.mark.parametrize("body", [{"content": "x", "recipient_ids": [1]}, {}], ids=["good", "bad"])
def test_nobody_else_sends_notices(as_alice, body) -> None:
    assert as_alice.post("/notices/send/", body).status_code == 403
